/**
 * The log of one target: its process writes to it directly and appends, so nobody's death breaks a pipe. It is kept
 * short by copying it aside and cutting it off at zero; lines written in the instant between the two are lost.
 */
import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  truncateSync,
} from 'node:fs';

/** A log is cut when it is longer, and this many older parts are kept: `log.1` is the newest. */
export const LOG_BYTES = 10 * 1024 * 1024;
export const LOGS_KEPT = 3;

/** Longest piece of a log's end that is read for its last lines, and longest line shown, bytes. */
const TAIL_BYTES = 256 * 1024;
const LINE_CHARACTERS = 2000;

/**
 * Cuts the log if it has grown too long.
 * @returns whether it was cut
 */
export function rotateLog(path: string, limitBytes = LOG_BYTES, kept = LOGS_KEPT): boolean {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) <= limitBytes) return false;
  for (let index = kept - 1; index >= 1; index -= 1) {
    if (existsSync(`${path}.${index}`)) renameSync(`${path}.${index}`, `${path}.${index + 1}`);
  }
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
  return true;
}

/** The last lines of a log, oldest first, its older part included where it has just been cut. */
export function lastLines(path: string, count: number): readonly string[] {
  const lines = linesAtEnd(path);
  if (lines.length < count && existsSync(`${path}.1`))
    return [...linesAtEnd(`${path}.1`), ...lines].slice(-count);
  return lines.slice(-count);
}

function linesAtEnd(path: string): string[] {
  const { text, whole } = endOf(path);
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (!whole) lines.shift();
  return lines.map(showLine);
}

/** A line as it is shown: without the carriage return of some systems, and not endless. */
export const showLine = (line: string): string => {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  return text.length > LINE_CHARACTERS ? `${text.slice(0, LINE_CHARACTERS)}…` : text;
};

function endOf(path: string): { text: string; whole: boolean } {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return { text: '', whole: true };
  }
  try {
    const { size } = fstatSync(file);
    const from = Math.max(0, size - TAIL_BYTES);
    const buffer = Buffer.alloc(size - from);
    const read = readSync(file, buffer, 0, buffer.length, from);
    return { text: buffer.toString('utf8', 0, read), whole: from === 0 };
  } finally {
    closeSync(file);
  }
}
