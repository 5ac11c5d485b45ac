/**
 * What a parser made of the bytes of one direction of one connection, in a form in which ours and llhttp's can be
 * held against each other. Bytes are latin1 text: one character each.
 */

import type { HeadLimits } from '../types.ts';

/** One direction of a connection: the bytes, and what the reader must know from outside. */
export interface Conversation {
  readonly kind: 'request' | 'response';
  readonly bytes: Buffer;
  /** For responses: the method that each answers; GET where the list ends. */
  readonly methods: readonly string[];
  /** For responses: whether the requests asked for an upgrade. */
  readonly asksUpgrade: boolean;
  /** The sender closes after the bytes. */
  readonly closes: boolean;
  /** Narrow limits, so that small heads reach them; the parser's own where it is null. */
  readonly limits: HeadLimits | null;
}

export interface Message {
  /** Method, target and version, or version, status and reason. */
  readonly start: string;
  /** `name: value` without white space around the value. */
  readonly fields: readonly string[];
  /** First byte behind the head. */
  readonly headEnd: number;
  /** Whether another message may follow. */
  keepAlive: boolean;
  readonly upgrade: boolean;
  /** Payload as far as it came. */
  body: string;
  trailers: readonly string[];
  /** First byte behind the message; -1 while it is not whole. */
  end: number;
}

export interface Reading {
  readonly messages: Message[];
  /** Why the bytes were refused; null where they are fine as far as they go. */
  failure: string | null;
  /**
   * `idle`: between two messages. `within`: one has begun. `ended`: nothing more is read, because of a failure, an
   * upgrade or a message after which the connection closes.
   */
  rest: 'idle' | 'within' | 'ended';
}

/** A conversation from text in which each character is one byte. */
export function conversation(
  kind: Conversation['kind'],
  text: string,
  more: Partial<Conversation> = {},
): Conversation {
  return {
    kind,
    bytes: Buffer.from(text, 'latin1'),
    methods: [],
    asksUpgrade: true,
    closes: false,
    limits: null,
    ...more,
  };
}

/**
 * The same text for the same reading. How much of a body came before a fault depends on the reads: left out. So does,
 * where a limit is reached, whether the limit or another fault is noticed first.
 */
export function signature({ messages, failure, rest }: Reading, limits: HeadLimits | null): string {
  const parts = messages.map((m) => [
    m.start,
    m.headEnd,
    m.keepAlive,
    m.upgrade,
    m.end,
    m.fields.join('\n'),
    m.trailers.join('\n'),
    failure !== null && m.end < 0 ? '' : m.body,
  ]);
  return `${limits === null ? failure : failure !== null} ${rest}\n${parts.map((part) => part.join('\t')).join('\n\n')}`;
}
