import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LogLine } from '../platform.ts';
import { layoutOf } from './layout.ts';
import { lastLines, rotateLog } from './log-file.ts';
import { readLogs, shareOut } from './logs.ts';
import { type TargetRecord, targetsOf } from './targets.ts';

let base: string;
let path: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'morrow-log-'));
  path = join(base, 'log');
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, index) => `line ${from + index}\n`).join('');

describe('the log of a target', () => {
  test('is cut when it is too long, while its writer goes on, and so many older parts are kept', () => {
    const writer = openSync(path, 'a');
    for (let part = 0; part < 6; part += 1) {
      writeSync(writer, lines(part * 100, part * 100 + 100));
      expect(rotateLog(path, 500, 3)).toBe(true);
      expect(rotateLog(path, 500, 3)).toBe(false);
    }
    writeSync(writer, lines(600, 603));
    closeSync(writer);
    expect(readFileSync(path, 'utf8')).toBe(lines(600, 603));
    expect(readFileSync(`${path}.1`, 'utf8')).toBe(lines(500, 600));
    expect(readFileSync(`${path}.3`, 'utf8')).toBe(lines(300, 400));
    expect(existsSync(`${path}.4`)).toBe(false);
    expect(lastLines(path, 5)).toEqual(['line 598', 'line 599', 'line 600', 'line 601', 'line 602']);
  });

  test('shows its last lines, however long it is', () => {
    appendFileSync(path, lines(0, 100_000));
    expect(lastLines(path, 3)).toEqual(['line 99997', 'line 99998', 'line 99999']);
    appendFileSync(path, 'not ended');
    expect(lastLines(path, 2)).toEqual(['line 99999', 'not ended']);
    expect(statSync(path).size).toBeGreaterThan(256 * 1024);
  });

  test('that is absent or empty has no last lines', () => {
    expect(lastLines(path, 20)).toEqual([]);
    appendFileSync(path, '');
    expect(lastLines(path, 20)).toEqual([]);
  });

  test('shows what is no text and endless lines without harm', () => {
    appendFileSync(path, Buffer.from([0xff, 0xfe, 0x0d, 0x0a]));
    appendFileSync(path, `${'x'.repeat(10_000)}\n`);
    const [odd, long] = lastLines(path, 2);
    expect(odd).toBe('\ufffd\ufffd');
    expect(long).toHaveLength(2001);
  });
});

describe('the logs of a service', () => {
  const layout = () => layoutOf(base);
  function target(serial: number, slot: 'blue' | 'green', text: string): string {
    const record = {
      id: `backend-${slot}-0-${serial}`,
      service: 'backend',
      slot,
      serial,
      revision: `r${serial}`,
    };
    targetsOf(layout(), 'backend').write(record as TargetRecord);
    const file = targetsOf(layout(), 'backend').logFile(record as TargetRecord);
    mkdirSync(layout().target('backend', record.id), { recursive: true });
    appendFileSync(file, text);
    return file;
  }
  async function read(over: Partial<Parameters<typeof readLogs>[2]> = {}): Promise<LogLine[]> {
    const found: LogLine[] = [];
    const request = { slot: null, tail: 10, follow: false, signal: new AbortController().signal, ...over };
    for await (const line of readLogs(layout(), 'backend', request)) found.push(line);
    return found;
  }

  test('show each target’s share of the last lines, in order of their starts', async () => {
    target(2, 'blue', lines(0, 100));
    target(10, 'green', 'only one\n');
    expect((await read({ tail: 4 })).map(({ target, line }) => `${target}: ${line}`)).toEqual([
      'backend-blue-0-2: line 97',
      'backend-blue-0-2: line 98',
      'backend-blue-0-2: line 99',
      'backend-green-0-10: only one',
    ]);
    expect(await read({ slot: 'green' })).toEqual([
      { slot: 'green', revision: 'r10', target: 'backend-green-0-10', line: 'only one' },
    ]);
    expect(await read({ tail: 0 })).toEqual([]);
  });

  test('of a service that nothing is known of are empty', async () => {
    expect(await read()).toEqual([]);
  });

  test('are followed through cuts, half lines and new targets, until told to stop', async () => {
    const first = target(1, 'blue', 'old\n');
    const stop = new AbortController();
    const found: string[] = [];
    const wanted = ['old', 'new', 'in two pieces', 'after the cut', 'of another target', 'not ended'];
    const following = (async () => {
      const request = { slot: null, tail: 5, follow: true, signal: stop.signal };
      for await (const { line } of readLogs(layout(), 'backend', request)) found.push(line);
    })();
    const sees = (line: string) => expect.poll(() => found, { timeout: 10_000 }).toContain(line);
    await sees('old');
    appendFileSync(first, 'new\nin two ');
    await sees('new');
    appendFileSync(first, 'pieces\n');
    await sees('in two pieces');
    rotateLog(first, 0, 3);
    appendFileSync(first, 'after the cut\n');
    await sees('after the cut');
    target(2, 'green', 'of another target\nnot ended');
    await sees('not ended');
    stop.abort();
    await following;
    expect(found).toEqual(wanted);
  });
});

test('lines are shared out evenly, and what one does not need goes to the newest', () => {
  expect(shareOut([100, 100], 10)).toEqual([5, 5]);
  expect(shareOut([1, 100], 10)).toEqual([1, 9]);
  expect(shareOut([100, 100, 100], 10)).toEqual([3, 3, 4]);
  expect(shareOut([2, 2], 10)).toEqual([2, 2]);
  expect(shareOut([5, 5, 5], 2)).toEqual([0, 1, 1]);
  expect(shareOut([], 10)).toEqual([]);
});
