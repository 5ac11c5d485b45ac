/**
 * The surface of the HTTP/1.1 framing parser: {@link RequestReader} (`request-reader.ts`) and
 * {@link ResponseReader} (`response-reader.ts`) both are a {@link MessageReader}.
 *
 * They pull: the owner of a connection hands over what it read and asks for the next step, so that it decides
 * by itself when to stop (pipelined requests wait, a full socket is not read on). No callbacks, no promises.
 *
 * ```ts
 * let at = 0;
 * for (;;) {
 *   const step = reader.read(chunk, at);
 *   at = reader.offset;
 *   if (step === Step.More) break;               // all of the chunk is used up, the message is not whole
 *   if (step === Step.Failed) return refuse(reader.failure);
 *   if (step === Step.Head) begin(reader.head);  // before the body is read: `reader.framed`, see there
 *   if (step === Step.Body) pass(chunk.subarray(reader.bodyStart, reader.bodyEnd));
 *   if (step === Step.End) { finish(reader.trailers); reader.next(); }
 * }
 * ```
 *
 * What it accepts is a subset of what llhttp (Node's own parser, strict) accepts, with the same boundaries,
 * however the bytes were split into reads. Each reader says what it refuses beyond the RFC.
 */
import type { Failure } from './failure.ts';
import type { Fields } from './fields.ts';

/** What {@link MessageReader.read} came to. */
export const Step = {
  /** Nothing more in this chunk; it is used up wholly. */
  More: 0,
  /** The head is whole and well formed: see `head`. */
  Head: 1,
  /** Bytes of the body: `chunk[bodyStart, bodyEnd)`; never empty. */
  Body: 2,
  /** The message is whole. `offset` is where the next one (or, after an upgrade, the other protocol) begins. */
  End: 3,
  /** The bytes are not acceptable: see `failure`. The connection cannot be used any more. */
  Failed: 4,
} as const;
export type Step = (typeof Step)[keyof typeof Step];

/** How large a head may be. */
export interface HeadLimits {
  /** Start line and field lines with their line ends, bytes; also the limit of a trailer section. */
  readonly headBytes: number;
  /** Request target, bytes. */
  readonly targetBytes: number;
  /** Field lines. */
  readonly fields: number;
}

/** What request and response heads have in common. Valid until `next()` of the reader. */
export interface MessageHead {
  /** Minor version: HTTP/1.0 or HTTP/1.1. */
  readonly minor: 0 | 1;
  readonly fields: Fields;
  /** Value of Content-Length; -1 where there is none. */
  readonly contentLength: number;
  /** Transfer-Encoding is `chunked`. */
  readonly chunked: boolean;
  /** Whether the sender keeps the connection open after this message, by version and Connection field. */
  readonly keepAlive: boolean;
  /** Whether Connection names `upgrade` and there is an Upgrade field. For a response: its status is 101. */
  readonly upgrade: boolean;
  /** Lower-case names of fields that Connection declares to be for this connection only. */
  readonly nominated: readonly string[];
}

export interface RequestHead extends MessageHead {
  /** One of those in `methods.ts`; upper case. */
  readonly method: string;
  /** As sent: `/path?query`, or `*` for OPTIONS. */
  readonly target: string;
  /** Value of Host as sent; null only in HTTP/1.0. */
  readonly host: string | null;
  /** `Expect: 100-continue` (HTTP/1.1 only). */
  readonly expectsContinue: boolean;
  /** Whether a body follows (Content-Length above 0, or chunked). */
  readonly hasBody: boolean;
}

export interface ResponseHead extends MessageHead {
  /** 100–599. */
  readonly status: number;
  readonly reason: string;
  /** 1xx other than 101: another head follows, after `next()`. */
  readonly informational: boolean;
  /** The body ends where the connection ends. */
  readonly untilClose: boolean;
}

export interface MessageReader<Head extends MessageHead> {
  /** The message's head, from `Step.Head` until `next()`. */
  readonly head: Head;
  /** Trailer fields of a chunked message, at `Step.End`; empty for all others. */
  readonly trailers: Fields;
  /** Where in the chunk the next `read` goes on. */
  readonly offset: number;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  /** Bytes of body so far, without chunk framing. */
  readonly bodyBytes: number;
  /** Why the last step was `Step.Failed`. */
  readonly failure: Failure | null;
  /** Whether a message has begun and is not whole. */
  readonly within: boolean;
  /**
   * Set between `Step.Head` and the body. False (the default): each Body step is payload alone.
   * True, for chunked messages: Body steps cover the chunk framing as well (checked as strictly), up to and
   * including the line of the last chunk (`0\r\n`): whoever passes them on adds trailers and the empty line.
   * `next()` sets it back.
   */
  framed: boolean;
  /**
   * Goes on at `from` in `chunk`. After Head, and after the last Body, it may be called with `from === chunk.length`:
   * the answer is End where the message needs no further byte.
   */
  read(chunk: Buffer, from: number): Step;
  /**
   * The peer sent its FIN. End: a body that lasts until the close is whole. More: between two messages, nothing is lost.
   * Failed: cut off in the middle.
   */
  finish(): Step;
  /** Makes ready for the next message; only after End. */
  next(): void;
}
