import { HEX } from './chars.ts';
import type { FailureCode } from './failure.ts';
import type { Fields } from './fields.ts';
import { HeadScanner } from './head-scanner.ts';
import { Known } from './known-fields.ts';
import { type HeadLimits, Step } from './types.ts';

const At = {
  Done: 0,
  Length: 1,
  UntilClose: 2,
  Size: 3,
  SizeLf: 4,
  Data: 5,
  DataCr: 6,
  DataLf: 7,
  AfterLast: 8,
  EndLf: 9,
  Trailers: 10,
} as const;

const LF = 0x0a;
const CR = 0x0d;
const SEMICOLON = 0x3b;

/** Digits of a chunk size, leading zeros included. */
const SIZE_DIGITS = 16;

const EMPTY: Fields = {
  count: 0,
  name: () => '',
  value: () => '',
  known: () => Known.Other,
  get: () => null,
};

/** Trailer fields that would speak about framing, routing or the connection; a message with one is refused. */
const FORBIDDEN_TRAILERS: ReadonlySet<number> = new Set([
  Known.Disguised,
  Known.Host,
  Known.ContentLength,
  Known.TransferEncoding,
  Known.Connection,
  Known.KeepAlive,
  Known.ProxyConnection,
  Known.Te,
  Known.Trailer,
  Known.Upgrade,
  Known.Expect,
  Known.ProxyAuthenticate,
  Known.ProxyAuthorization,
]);

/** Where the body of one message begins and ends, chunk by chunk; see {@link MessageReader} for how it is asked. */
export class BodyReader {
  start = 0;
  end = 0;
  offset = 0;
  /** Payload so far. */
  bytes = 0;
  framed = false;
  failure: FailureCode | null = null;
  readonly #limits: HeadLimits;
  #at: number = At.Done;
  /** Payload still to come of the body or of the chunk. */
  #left = 0;
  #digits = 0;
  #trailers: HeadScanner | null = null;

  constructor(limits: HeadLimits) {
    this.#limits = limits;
  }

  get trailers(): Fields {
    return this.#trailers ?? EMPTY;
  }

  get done(): boolean {
    return this.#at === At.Done;
  }

  get untilClose(): boolean {
    return this.#at === At.UntilClose;
  }

  reset(): void {
    this.bytes = 0;
    this.framed = false;
    this.failure = null;
    this.#at = At.Done;
    this.#trailers = null;
  }

  beginLength(length: number): void {
    this.#left = length;
    this.#at = length === 0 ? At.Done : At.Length;
  }

  beginChunked(): void {
    this.#at = At.Size;
    this.#left = 0;
    this.#digits = 0;
  }

  beginUntilClose(): void {
    this.#at = At.UntilClose;
  }

  /** The peer ends the connection and so the body; only where {@link untilClose}. */
  close(): void {
    this.#at = At.Done;
  }

  read(chunk: Buffer, from: number): Step {
    switch (this.#at) {
      case At.Done:
        this.offset = from;
        return Step.End;
      case At.Length: {
        const step = this.#payload(chunk, from);
        if (this.#left === 0) this.#at = At.Done;
        return step;
      }
      case At.UntilClose:
        this.#left = chunk.length - from;
        return this.#payload(chunk, from);
      default:
        return this.framed ? this.#framedRun(chunk, from) : this.#chunked(chunk, from);
    }
  }

  /** As much of the payload as the chunk holds. */
  #payload(chunk: Buffer, from: number): Step {
    const there = chunk.length - from;
    const length = Math.min(there, this.#left);
    this.start = from;
    this.end = from + length;
    this.offset = this.end;
    this.#left -= length;
    this.bytes += length;
    return length === 0 ? Step.More : Step.Body;
  }

  /** Like {@link #chunked}, but puts size lines and payload together into one Body step. */
  #framedRun(chunk: Buffer, from: number): Step {
    let at = from;
    while (this.#at < At.AfterLast) {
      const step = this.#chunked(chunk, at);
      if (step === Step.Failed) return step;
      at = this.offset;
      if (step === Step.More) break;
    }
    if (at === from) return this.#chunked(chunk, from);
    this.start = from;
    this.end = at;
    return Step.Body;
  }

  /** One step through the chunked coding. Comes back after the line of the last chunk when `framed`. */
  #chunked(chunk: Buffer, from: number): Step {
    let i = from;
    while (i < chunk.length) {
      const byte = chunk[i] as number;
      switch (this.#at) {
        case At.Size: {
          const digit = HEX[byte] as number;
          if (digit < 16) {
            this.#left = this.#left * 16 + digit;
            this.#digits++;
            if (this.#digits > SIZE_DIGITS || this.#left > Number.MAX_SAFE_INTEGER)
              return this.#fail('CHUNK_SIZE');
          } else if (byte === CR && this.#digits > 0) this.#at = At.SizeLf;
          else return this.#fail(byte === SEMICOLON && this.#digits > 0 ? 'CHUNK_EXTENSION' : 'CHUNK_SIZE');
          break;
        }
        case At.SizeLf:
          if (byte !== LF) return this.#fail('LINE_END');
          this.#at = this.#left === 0 ? At.AfterLast : At.Data;
          if (this.#at === At.AfterLast && this.framed) {
            this.offset = i + 1;
            return Step.Body;
          }
          break;
        case At.Data: {
          const step = this.#payload(chunk, i);
          if (this.#left === 0) this.#at = At.DataCr;
          return step;
        }
        case At.DataCr:
          if (byte !== CR) return this.#fail('CHUNK_END');
          this.#at = At.DataLf;
          break;
        case At.DataLf:
          if (byte !== LF) return this.#fail('CHUNK_END');
          this.beginChunked();
          break;
        case At.AfterLast:
          if (byte !== CR) {
            this.#trailers = new HeadScanner('none', this.#limits);
            this.#at = At.Trailers;
            return this.#trailerStep(chunk, i);
          }
          this.#at = At.EndLf;
          break;
        case At.EndLf:
          if (byte !== LF) return this.#fail('LINE_END');
          this.#at = At.Done;
          this.offset = i + 1;
          return Step.End;
        default:
          return this.#trailerStep(chunk, i);
      }
      i++;
    }
    this.offset = i;
    return Step.More;
  }

  #trailerStep(chunk: Buffer, from: number): Step {
    const trailers = this.#trailers as HeadScanner;
    const step = trailers.scan(chunk, from);
    this.offset = trailers.offset;
    if (step === Step.More) return step;
    if (step === Step.Failed) return this.#fail(trailers.failure ?? 'TRAILER');
    for (let i = 0; i < trailers.count; i++)
      if (FORBIDDEN_TRAILERS.has(trailers.known(i))) return this.#fail('TRAILER');
    this.#at = At.Done;
    return Step.End;
  }

  #fail(code: FailureCode): Step {
    this.failure = code;
    return Step.Failed;
  }
}
