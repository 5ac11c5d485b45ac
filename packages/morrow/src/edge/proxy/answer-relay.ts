import type { Fields } from '../http1/fields.ts';
import type { ParsedResponse, ResponseReader } from '../http1/response-reader.ts';
import { isEventStream, Relay, relayOf, writeAnswerHead } from './answer-head.ts';
import { SMALL_BYTES, send } from './send.ts';
import type { ClientSocket } from './types.ts';

/** Two line ends in a row: `\n\n`, `\r\r` or `\r\n\r\n`. */
const EVENT_END = /(?:\n\n|\r\r|\r\n\r\n)$/;

/** Passes one answer on to the client: its head, its body in the right framing, its end. */
export class AnswerRelay {
  /** Status of the answer whose head was sent; 0 before. */
  status = 0;
  bytesSent = 0;
  /** Whether the client was told that its connection goes on. */
  keeps = false;
  /** The client's socket takes more. */
  ready = true;
  eventStream = false;
  readonly #socket: ClientSocket;
  #mode: Relay = Relay.None;
  #lent = false;
  /** Not yet written. */
  #text = '';
  /** The last bytes of an event stream, to know where an event ends. */
  #lastBytes = '';

  constructor(socket: ClientSocket) {
    this.#socket = socket;
  }

  get untilClose(): boolean {
    return this.#mode === Relay.UntilClose;
  }

  /** An event stream between two events. */
  get betweenEvents(): boolean {
    return this.#lastBytes === '' || EVENT_END.test(this.#lastBytes);
  }

  /** Begins with the head. `keeps`: what the client is told about the connection. */
  begin(
    reader: ResponseReader,
    request: { readonly method: string; readonly minor: 0 | 1; readonly keeps: boolean },
    names: string,
  ): void {
    const head: ParsedResponse = reader.head;
    const { method, minor } = request;
    this.status = head.status;
    this.#mode = relayOf(head, method, minor);
    reader.framed = this.#mode === Relay.Framed;
    this.eventStream = this.#mode >= Relay.Enchunk && isEventStream(head);
    this.keeps = request.keeps && this.#mode !== Relay.UntilClose;
    const connection = this.keeps ? (minor === 0 ? 'keep-alive' : null) : 'close';
    this.#text += writeAnswerHead(head, this.#mode, names, connection);
  }

  /** Text that goes out with whatever comes next. */
  add(text: string): void {
    this.#text += text;
  }

  /** A piece of the body, as the reader gave it. */
  body(chunk: Buffer, start: number, end: number): void {
    const size = end - start;
    if (this.#mode === Relay.Enchunk) this.#text += `${size.toString(16)}\r\n`;
    if (this.eventStream)
      this.#lastBytes = (this.#lastBytes + chunk.toString('latin1', Math.max(start, end - 4), end)).slice(-4);
    if (size <= SMALL_BYTES) this.#text += chunk.toString('latin1', start, end);
    else this.#write(start === 0 && size === chunk.length ? chunk : chunk.subarray(start, end), size);
    if (this.#mode === Relay.Enchunk) this.#text += '\r\n';
  }

  /** The body is whole. */
  end(trailers: Fields | null): void {
    if (this.#mode === Relay.Enchunk) this.#text += '0\r\n\r\n';
    else if (this.#mode === Relay.Framed)
      this.#text += `${trailers === null ? '' : trailerLines(trailers)}\r\n`;
  }

  /** Whether bytes that {@link body} got are still waiting in the socket. */
  get keepsBytes(): boolean {
    return this.#lent && this.#socket.writableLength > 0;
  }

  /** Writes out what has gathered. */
  flush(): void {
    if (this.#text !== '') this.#write(null, 0);
  }

  #write(bytes: Buffer | null, size: number): void {
    const text = this.#text;
    this.#text = '';
    this.bytesSent += text.length + size;
    if (bytes !== null) this.#lent = true;
    this.ready = send(this.#socket, text, bytes);
  }
}

/** Trailer fields, written anew. */
export function trailerLines(trailers: Fields): string {
  let out = '';
  for (let i = 0; i < trailers.count; i++) out += `${trailers.name(i)}: ${trailers.value(i)}\r\n`;
  return out;
}
