import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { folder, removeFolders, serviceWith, slotOn } from '../../testing/edge-fixtures.ts';
import { EMPTY_MEMORY, putService, putWeights } from './memory.ts';
import { decodeMemory, encodeMemory, loadMemory, StateFile } from './state-file.ts';

afterEach(removeFolders);

const shop = serviceWith({ port: 8080, blue: slotOn('a', 1), green: slotOn('b', 2) });
const first = putService(EMPTY_MEMORY, { epoch: 1, service: shop });
const second = putWeights(first, 'shop', { epoch: 2, weights: { blue: 50, green: 50 } });

async function withTwoSaved(): Promise<string> {
  const dir = folder();
  const file = new StateFile(dir);
  await file.save(first, true);
  await file.save(second, true);
  await file.close();
  return dir;
}

test('what was saved last is loaded, and only this user may read it', async () => {
  const dir = await withTwoSaved();
  expect(loadMemory(dir)).toEqual({ memory: second, problems: [] });
  expect(statSync(join(dir, 'edge.json')).mode & 0o777).toBe(0o600);
});

test('an empty folder gives an empty memory and no complaint', () => {
  expect(loadMemory(folder())).toEqual({ memory: EMPTY_MEMORY, problems: [] });
});

test('every way of cutting the file off falls back to the one before it, and says so', async () => {
  const size = encodeMemory(second).length;
  for (const length of [0, 1, 10, Math.floor(size / 2), size - 3]) {
    const dir = await withTwoSaved();
    truncateSync(join(dir, 'edge.json'), length);
    const { memory, problems } = loadMemory(dir);
    expect(memory).toEqual(first);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/edge\.json cannot be used \(it is .+\); taking the one before it\.$/);
    expect(existsSync(join(dir, 'edge.json.damaged'))).toBe(true);
  }
});

test('a single changed byte is noticed', async () => {
  const dir = await withTwoSaved();
  const path = join(dir, 'edge.json');
  writeFileSync(path, readFileSync(path, 'utf8').replace('"blue":50', '"blue":51'));
  const { memory, problems } = loadMemory(dir);
  expect(memory).toEqual(first);
  expect(problems[0]).toContain('its checksum does not match');
});

test('with both files damaged the edge starts with nothing and says so in one sentence each', async () => {
  const dir = await withTwoSaved();
  writeFileSync(join(dir, 'edge.json'), 'rubbish');
  writeFileSync(join(dir, 'edge.previous.json'), Buffer.from([0, 255, 3]));
  const { memory, problems } = loadMemory(dir);
  expect(memory).toEqual(EMPTY_MEMORY);
  expect(problems).toHaveLength(2);
  expect(problems[1]).toMatch(/starting with nothing\.$/);
});

test('a file of a newer format is refused, not overwritten', async () => {
  const dir = folder();
  const text = encodeMemory(first).replace('"format":1', '"format":2');
  writeFileSync(join(dir, 'edge.json'), text);
  expect(() => loadMemory(dir)).toThrow('written by a newer Morrow');
  expect(readFileSync(join(dir, 'edge.json'), 'utf8')).toBe(text);
});

test('of many saves at once the newest is on disk, and the one before a good one', async () => {
  const dir = folder();
  const file = new StateFile(dir);
  let memory = first;
  const saves = [];
  for (let n = 0; n < 50; n += 1) {
    memory = { ...memory, generation: n };
    saves.push(file.save(memory, n % 3 === 0));
  }
  await Promise.all(saves);
  await file.close();
  expect(loadMemory(dir).memory.generation).toBe(49);
  expect(() => decodeMemory(readFileSync(join(dir, 'edge.previous.json'), 'utf8'))).not.toThrow();
});

test('a folder that cannot be written makes the save fail, and a later one works', async () => {
  const dir = join(folder(), 'not-there-yet');
  const file = new StateFile(dir);
  await expect(file.save(first, true)).rejects.toThrow('ENOENT');
});
