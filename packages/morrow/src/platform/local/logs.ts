/** Reads the logs of a service's targets, and follows them. */
import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Slot } from '../../engine/slot.ts';
import type { LogLine } from '../platform.ts';
import type { Layout } from './layout.ts';
import { lastLines, showLine } from './log-file.ts';
import { type TargetRecord, targetsOf } from './targets.ts';

/** How often is looked for new lines, ms. */
const LOOK_MS = 200;
const PIECE_BYTES = 64 * 1024;

/** A line that has not ended is shown after so many looks without more of it. */
const PATIENCE = 5;

export interface LogsRequest {
  readonly slot: Slot | null;
  readonly tail: number;
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

/**
 * The last lines of every target, one target after the other in order of their starts (a process's lines carry no
 * time, so those of two can't be mixed), then new ones as they come. Each target gets its share of `tail`; what one
 * doesn't need is left to the newer ones.
 */
export async function* readLogs(
  layout: Layout,
  service: string,
  request: LogsRequest,
): AsyncGenerator<LogLine> {
  const { slot, tail, follow, signal } = request;
  const targets = targetsOf(layout, service);
  const list = (): readonly TargetRecord[] =>
    targets.list().filter((record) => slot === null || record.slot === slot);
  const followers = new Map<string, Follower>();
  for (const record of list()) {
    followers.set(record.id, new Follower(record, targets.logFile(record), sizeOf(targets.logFile(record))));
  }
  yield* old(list(), (record) => targets.logFile(record), tail);
  while (follow && !signal.aborted) {
    for (const record of list()) {
      const known = followers.get(record.id) ?? new Follower(record, targets.logFile(record), 0);
      followers.set(record.id, known);
      yield* known.newLines();
    }
    await sleep(LOOK_MS, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

function* old(
  records: readonly TargetRecord[],
  logFile: (record: TargetRecord) => string,
  tail: number,
): Generator<LogLine> {
  const found = records.map((record) => ({ record, lines: lastLines(logFile(record), tail) }));
  const shares = shareOut(
    found.map(({ lines }) => lines.length),
    tail,
  );
  for (const [index, { record, lines }] of found.entries()) {
    const share = shares[index] ?? 0;
    if (share > 0) for (const line of lines.slice(-share)) yield lineOf(record, line);
  }
}

/** Divides `total` among those who want so much each: evenly, what one leaves to the others, the rest to the last. */
export function shareOut(wants: readonly number[], total: number): readonly number[] {
  const shares = wants.map(() => 0);
  let left = total;
  while (left > 0) {
    const hungry = [...wants.keys()].filter((index) => (shares[index] ?? 0) < (wants[index] ?? 0)).reverse();
    if (hungry.length === 0) break;
    const each = Math.max(1, Math.floor(left / hungry.length));
    for (const index of hungry) {
      const more = Math.min(each, left, (wants[index] ?? 0) - (shares[index] ?? 0));
      shares[index] = (shares[index] ?? 0) + more;
      left -= more;
    }
  }
  return shares;
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

const lineOf = ({ slot, revision, id }: TargetRecord, line: string): LogLine => ({
  slot,
  revision,
  target: id,
  line: showLine(line),
});

/** Reads what is added to one log. */
class Follower {
  readonly #record: TargetRecord;
  readonly #path: string;
  #offset: number;
  #decoder = new StringDecoder('utf8');
  #rest = '';
  #waited = 0;

  constructor(record: TargetRecord, path: string, offset: number) {
    this.#record = record;
    this.#path = path;
    this.#offset = offset;
  }

  *newLines(): Generator<LogLine> {
    const size = sizeOf(this.#path);
    if (size < this.#offset) {
      // It was cut: what had not been read of it lies in the part set aside.
      yield* this.#read(`${this.#path}.1`);
      this.#offset = 0;
    }
    const before = this.#offset;
    yield* this.#read(this.#path);
    this.#waited = this.#offset === before ? this.#waited + 1 : 0;
    if (this.#rest !== '' && this.#waited >= PATIENCE) {
      yield lineOf(this.#record, this.#rest);
      this.#rest = '';
    }
  }

  *#read(path: string): Generator<LogLine> {
    if (!existsSync(path)) return;
    const file = openSync(path, 'r');
    try {
      const { size } = fstatSync(file);
      const buffer = Buffer.alloc(PIECE_BYTES);
      while (this.#offset < size) {
        const read = readSync(file, buffer, 0, PIECE_BYTES, this.#offset);
        if (read === 0) break;
        this.#offset += read;
        yield* this.#lines(this.#decoder.write(buffer.subarray(0, read)));
      }
    } finally {
      closeSync(file);
    }
  }

  *#lines(text: string): Generator<LogLine> {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) yield lineOf(this.#record, line);
  }
}
