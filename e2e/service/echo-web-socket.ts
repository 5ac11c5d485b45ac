import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/**
 * Answers an upgrade and echoes each text message: the least of RFC 6455 (no fragments, payloads under 64 KiB),
 * without a package, since a revision of the test service is this folder alone.
 */
export function echoWebSocket(request: IncomingMessage, socket: Duplex): void {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  let pending = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (let frame = readFrame(pending); frame !== null; frame = readFrame(pending)) {
      pending = pending.subarray(frame.end);
      if (frame.opcode === TEXT) socket.write(writeFrame(TEXT, frame.payload));
      if (frame.opcode === PING) socket.write(writeFrame(PONG, frame.payload));
      if (frame.opcode === CLOSE) socket.end(writeFrame(CLOSE, frame.payload));
    }
  });
}

/** A client's frame at the beginning of `bytes`, unmasked; null while it is not whole. */
function readFrame(bytes: Buffer): { opcode: number; payload: Buffer; end: number } | null {
  if (bytes.length < 6) return null;
  const short = bytes.readUInt8(1) & 0x7f;
  const maskAt = short === 126 ? 4 : 2;
  if (bytes.length < maskAt + 4) return null;
  const length = short === 126 ? bytes.readUInt16BE(2) : short;
  const from = maskAt + 4;
  const end = from + length;
  if (bytes.length < end) return null;
  const payload = Buffer.from(bytes.subarray(from, end));
  for (let index = 0; index < length; index++)
    payload[index] = (payload[index] ?? 0) ^ bytes.readUInt8(maskAt + (index % 4));
  return { opcode: bytes.readUInt8(0) & 0x0f, payload, end };
}

function writeFrame(opcode: number, payload: Buffer): Buffer {
  const head = payload.length < 126 ? Buffer.alloc(2) : Buffer.alloc(4);
  head.writeUInt8(0x80 | opcode, 0);
  if (payload.length < 126) head.writeUInt8(payload.length, 1);
  else {
    head.writeUInt8(126, 1);
    head.writeUInt16BE(payload.length, 2);
  }
  return Buffer.concat([head, payload]);
}
