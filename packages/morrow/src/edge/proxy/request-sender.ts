import type { Fields } from '../http1/fields.ts';
import { trailerLines } from './answer-relay.ts';
import { SMALL_BYTES, send } from './send.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

/** More than this of a body is not held back while there is no connection to send it on. */
const HELD_BYTES = 65_536;

/** Passes one request on to a target. Holds back what comes before the connection is there. */
export class RequestSender {
  /** Payload of the body so far, and whether all of it came. */
  whole = false;
  bytesReceived: number;
  readonly #head: string;
  readonly #chunked: boolean;
  #text: string;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #begun = false;

  /** @param head as it is sent to the target */
  constructor(head: string, chunked: boolean, headBytes: number) {
    this.#head = head;
    this.#text = head;
    this.#chunked = chunked;
    this.bytesReceived = headBytes;
  }

  /** Whether anything was sent on some connection. */
  get begun(): boolean {
    return this.#begun;
  }

  /** As if nothing had been sent; only for a request without a body. */
  restart(): void {
    this.#text = this.#head;
    this.#begun = false;
  }

  /**
   * A piece of the body.
   * @returns whether more may come; else wait until the connection is there or has drained
   */
  body(chunk: Buffer, start: number, end: number, upstream: UpstreamConnection | null): boolean {
    const size = end - start;
    this.bytesReceived += size;
    const holding = !this.#begun || upstream === null;
    if (holding && size <= SMALL_BYTES && this.#held.length === 0) {
      this.#text += chunk.toString('latin1', start, end);
      this.#heldBytes += size;
    } else if (holding) {
      this.#held.push(chunk.subarray(start, end));
      this.#heldBytes += size;
    } else return send(upstream.socket, '', chunk.subarray(start, end));
    return this.#heldBytes < HELD_BYTES;
  }

  /** The body is whole. */
  end(trailers: Fields, upstream: UpstreamConnection | null): void {
    this.whole = true;
    if (!this.#chunked) return;
    const last = `${trailerLines(trailers)}\r\n`;
    if (this.#begun && upstream !== null) send(upstream.socket, last, null);
    else if (this.#held.length === 0) this.#text += last;
    else this.#held.push(Buffer.from(last, 'latin1'));
  }

  /** Sends what was held back. @returns whether more may come */
  flush(upstream: UpstreamConnection): boolean {
    if (this.#begun) return true;
    this.#begun = true;
    const held = this.#held;
    const bytes = held.length === 0 ? null : held.length === 1 ? (held[0] as Buffer) : Buffer.concat(held);
    const ready = send(upstream.socket, this.#text, bytes);
    this.#text = '';
    this.#held = [];
    this.#heldBytes = 0;
    return ready;
  }
}
