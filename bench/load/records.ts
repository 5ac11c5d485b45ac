/** What the load generator writes down: one JSON object per line, in the order in which things ended. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { LoadOptions } from './options.ts';

/** Kinds of request: a small GET, a POST whose body must come back, a GET of a large body. */
export type RequestKind = 'get' | 'post' | 'large';

/**
 * Why something failed.
 * `refused` no connection · `reset` closed before the head of an answer · `truncated` closed within an answer ·
 * `timeout` · `status` 4xx or 5xx (or no 101) · `wrong-body` · `malformed` not HTTP or not WebSocket ·
 * `closed` a WebSocket that ended without a drain signal · `not-sent` too many under way already ·
 * `connect` any other trouble with opening a connection.
 */
export type LoadError =
  | 'refused'
  | 'connect'
  | 'reset'
  | 'truncated'
  | 'timeout'
  | 'status'
  | 'wrong-body'
  | 'malformed'
  | 'closed'
  | 'not-sent';

interface Timed {
  /** Wall clock at the start, ms since 1970 with a fraction. */
  readonly at: number;
  /** From the start to the end (of an answer: its last byte), ms. */
  readonly ms: number;
  /** `x-morrow-revision` of the answer (of a WebSocket: of its handshake); null where there was none. */
  readonly revision: string | null;
  /** Null: it went well. */
  readonly error: LoadError | null;
  /** With an error: its words, or the beginning of the answer. */
  readonly detail?: string;
}

/** One HTTP request. */
export interface RequestRecord extends Timed {
  readonly kind: RequestKind;
  /** Whether it went over a connection of its own or over one that was kept. */
  readonly conn: 'new' | 'kept';
  /** Null: no head of an answer arrived. */
  readonly status: number | null;
}

/** A WebSocket's handshake. */
export interface SocketOpenRecord extends Timed {
  readonly kind: 'ws-open';
  /** Which of the W users, from 0. */
  readonly user: number;
  readonly status: number | null;
}

/** One message and its echo. */
export interface SocketMessageRecord extends Timed {
  readonly kind: 'ws-message';
  readonly user: number;
}

/** A WebSocket's end; `ms` is how long it was open. */
export interface SocketCloseRecord extends Timed {
  readonly kind: 'ws-close';
  readonly user: number;
  /** 1001 and 1012 are drain signals, 1006 is a connection that simply ended, 1000 is the generator's own goodbye. */
  readonly code: number;
  /** Messages sent whose echo had not arrived. */
  readonly unanswered: number;
}

/** First line of a log. */
export interface BeginRecord {
  readonly kind: 'begin';
  readonly at: number;
  readonly options: LoadOptions;
}

/** Last line of a log, and what {@link runLoad} returns: what the generator itself did and cost. */
export interface EndRecord {
  readonly kind: 'end';
  readonly at: number;
  readonly wallMs: number;
  /** CPU time of the generator's process, user and system, ms. */
  readonly cpuMs: number;
  readonly sent: number;
  /** How late the latest request was sent, ms: says whether the generator kept its pace. */
  readonly worstLagMs: number;
}

export type SocketRecord = SocketOpenRecord | SocketMessageRecord | SocketCloseRecord;
export type LoadRecord = RequestRecord | SocketRecord | BeginRecord | EndRecord;

/** Close codes that tell a client to come back at once: 1001 going away, 1012 service restart. */
export const isDrainSignal = (code: number): boolean => code === 1001 || code === 1012;

/** Whether a record is an HTTP request. */
export const isRequest = (record: LoadRecord): record is RequestRecord =>
  record.kind === 'get' || record.kind === 'post' || record.kind === 'large';

/** Whether a record is a WebSocket's. */
export const isSocket = (record: LoadRecord): record is SocketRecord => record.kind.startsWith('ws-');

/**
 * Reads a log. A last line that was cut off (the generator was killed) is left out.
 * @throws SyntaxError where any other line is no JSON
 */
export async function readLog(file: string): Promise<LoadRecord[]> {
  const records: LoadRecord[] = [];
  let unreadable: unknown = null;
  for await (const line of createInterface({
    input: createReadStream(file),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    if (unreadable !== null) throw unreadable;
    if (line === '') continue;
    try {
      records.push(JSON.parse(line) as LoadRecord);
    } catch (error) {
      unreadable = error;
    }
  }
  return records;
}
