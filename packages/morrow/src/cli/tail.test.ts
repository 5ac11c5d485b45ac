import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { added, lastLines, sizeOf } from './tail.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'morrow-tail-'));
  file = join(folder, 'agent.log');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('the last lines come in their order, however long the file is', () => {
  writeFileSync(file, Array.from({ length: 50_000 }, (_, index) => `line ${index} ä`).join('\n'));
  expect(lastLines(file, 3)).toEqual(['line 49997 ä', 'line 49998 ä', 'line 49999 ä']);
  expect(lastLines(file, 50_001)).toHaveLength(50_000);
  expect(lastLines(file, 0)).toEqual([]);
  expect(lastLines(join(folder, 'absent'), 3)).toEqual([]);
});

test('what is added comes in whole lines; a file that begins anew is read from its beginning', async () => {
  writeFileSync(file, 'old\n');
  const stop = new AbortController();
  const pieces = added(file, sizeOf(file), stop.signal);
  const next = async () => (await pieces.next()).value;
  appendFileSync(file, 'one\ntwo\nhal');
  expect(await next()).toBe('one\ntwo\n');
  appendFileSync(file, 'f\n');
  expect(await next()).toBe('half\n');
  truncateSync(file);
  const again = next();
  appendFileSync(file, 'new\n');
  expect(await again).toBe('new\n');
  const last = next();
  stop.abort();
  expect(await last).toBeUndefined();
});
