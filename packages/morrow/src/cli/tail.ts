/** The end of a log file, and what is added to it. */
import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const CHUNK = 64 * 1024;
const POLL_MS = 200;

/** The last lines of a file, oldest first; none where it is absent. Reads no more of it than it must. */
export function lastLines(file: string, most: number): string[] {
  if (most <= 0 || !existsSync(file)) return [];
  const fd = openSync(file, 'r');
  try {
    let start = fstatSync(fd).size;
    let text = Buffer.alloc(0);
    while (start > 0 && countNewlines(text) <= most) {
      const length = Math.min(CHUNK, start);
      start -= length;
      text = Buffer.concat([read(fd, start, length), text]);
    }
    const lines = text.toString('utf8').split('\n');
    if (lines.at(-1) === '') lines.pop();
    return lines.slice(-most);
  } finally {
    closeSync(fd);
  }
}

/**
 * What is added to a file from `from` on, whole lines as text, until `signal` is aborted.
 * A file that got shorter was begun anew: it is read from its beginning.
 */
export async function* added(file: string, from: number, signal: AbortSignal): AsyncGenerator<string, void> {
  let at = from;
  while (!signal.aborted) {
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size < at) at = 0;
    if (size > at) {
      const piece = readPiece(file, at, Math.min(size - at, 16 * CHUNK));
      const end = piece.lastIndexOf(10) + 1;
      if (end > 0) {
        at += end;
        yield piece.subarray(0, end).toString('utf8');
        continue;
      }
    }
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Bytes that a file has; 0 where it is absent. */
export const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

function readPiece(file: string, at: number, length: number): Buffer {
  const fd = openSync(file, 'r');
  try {
    return read(fd, at, length);
  } finally {
    closeSync(fd);
  }
}

function read(fd: number, at: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(fd, buffer, 0, length, at));
}

const countNewlines = (text: Buffer): number => text.reduce((sum, byte) => sum + (byte === 10 ? 1 : 0), 0);
