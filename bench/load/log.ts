import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { LoadRecord } from './records.ts';

/** A buffered writer of records. */
export interface Log {
  write(record: LoadRecord): void;
  /** Writes out what is buffered and closes the file. */
  end(): Promise<void>;
}

const FLUSH_MS = 200;

/** Opens `file` (emptied if it is there). Null: records go nowhere. */
export async function openLog(file: string | null): Promise<Log> {
  if (file === null) return { write: () => {}, end: async () => {} };
  const stream = createWriteStream(file);
  await once(stream, 'open');
  let lines: string[] = [];
  const flush = (): void => {
    if (lines.length === 0) return;
    stream.write(lines.join(''));
    lines = [];
  };
  const timer = setInterval(flush, FLUSH_MS);
  return {
    write: (record) => {
      lines.push(`${JSON.stringify(record, roundTimes)}\n`);
    },
    end: async () => {
      clearInterval(timer);
      flush();
      stream.end();
      await once(stream, 'finish');
    },
  };
}

/** A microsecond is fine enough, and keeps the lines short. */
const roundTimes = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value) ? Math.round(value * 1000) / 1000 : value;
