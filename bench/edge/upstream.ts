/**
 * What all proxies are measured in front of: an HTTP/1.1 server on raw sockets that answers any GET as cheaply as
 * Node can, 100 kB where the path begins with `/large`. `node upstream.ts` prints the port it listens on.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net';

const SMALL = answer(Buffer.from('{"status":"ok","message":"hello"}\n'));
const LARGE = answer(Buffer.alloc(100_000, 'Morrow ships containers. '));

/** `/` of the path, after `GET `. */
const PATH_AT = 4;
const LETTER_L = 0x6c;
const LF = 0x0a;
const CR = 0x0d;

function answer(body: Buffer): Buffer {
  const head = [
    'HTTP/1.1 200 OK',
    'Date: Tue, 24 Nov 2026 12:00:00 GMT',
    'Content-Type: application/json; charset=utf-8',
    'Cache-Control: no-store',
    'ETag: "5f2a-1b3c4d"',
    'Vary: Accept-Encoding',
    `Content-Length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
}

/** Nothing is pipelined and GETs have no body: a request is whole when the bytes end with an empty line. */
const endsHead = (bytes: Buffer): boolean => {
  const end = bytes.length;
  return bytes[end - 1] === LF && bytes[end - 2] === CR && bytes[end - 3] === LF && bytes[end - 4] === CR;
};

function serve(socket: Socket): void {
  socket.setNoDelay(true);
  let begun: Buffer | null = null;
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    const bytes: Buffer = begun === null ? chunk : Buffer.concat([begun, chunk]);
    if (!endsHead(bytes)) {
      begun = bytes;
      return;
    }
    begun = null;
    socket.write(bytes[PATH_AT + 1] === LETTER_L ? LARGE : SMALL);
  });
}

const server = createServer(serve);
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  console.log((server.address() as AddressInfo).port);
});
process.on('disconnect', () => process.exit());
