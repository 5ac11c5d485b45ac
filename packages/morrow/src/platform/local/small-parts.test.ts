import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { requires } from '../../testing/requires.ts';
import { epochsIn } from './epochs.ts';
import { readJson, refusedBySystem, removeTree, writeJson } from './files.ts';
import { choosePort, isFree, portRange } from './ports.ts';
import { fromPs, procTable, psTable } from './process-table.ts';
import { exitWords, memoryWords, neverHealthyWords } from './words.ts';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'morrow-parts-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

describe('the fence', () => {
  test('lets the present epoch and newer ones act, and no older one', () => {
    const epochs = epochsIn(join(base, 'epochs'));
    expect(epochs.highest()).toBe(0);
    epochs.claim(3);
    epochs.claim(3);
    epochs.claim(7);
    expect(() => epochs.claim(3)).toThrow(expect.objectContaining({ code: 'LEASE_LOST' }));
    expect(epochsIn(join(base, 'epochs')).highest()).toBe(7);
    expect(readdirSync(join(base, 'epochs'))).toEqual(['7']);
  });

  test('ignores what else lies in its folder', () => {
    const epochs = epochsIn(base);
    writeFileSync(join(base, 'notes.txt'), '');
    epochs.claim(10);
    epochs.claim(9 + 1);
    expect(epochs.highest()).toBe(10);
  });
});

describe('small files', () => {
  test('are read as they were written, and rubbish as nothing', () => {
    const path = join(base, 'deep', 'a.json');
    writeJson(path, { a: 1 }, true);
    expect(readJson(path)).toEqual({ a: 1 });
    writeFileSync(path, '{"a":');
    expect(readJson(path)).toBeNull();
    expect(readJson(join(base, 'absent'))).toBeNull();
  });

  test('on a full disk say so, and leave the old content', requires('linux'), () => {
    const path = join(base, 'a.json');
    writeJson(path, { a: 1 });
    symlinkSync('/dev/full', `${path}.${process.pid}.part`);
    expect(() => writeJson(path, { a: 2 })).toThrow(expect.objectContaining({ code: 'DISK_FULL' }));
    expect(readJson(path)).toEqual({ a: 1 });
    expect(readdirSync(base)).toEqual(['a.json']);
  });

  test('what the system refuses is said in words', () => {
    const denied = Object.assign(new Error('x'), { code: 'EACCES', path: '/root/x' });
    expect(refusedBySystem(denied, 'writing')).toMatchObject({
      code: 'PERMISSION_DENIED',
      message: 'The operating system refuses access to /root/x: writing failed.',
    });
    expect(refusedBySystem(Object.assign(new Error('x'), { code: 'EDQUOT' }), 'writing')?.code).toBe(
      'DISK_FULL',
    );
    expect(refusedBySystem(new Error('x'), 'writing')).toBeNull();
  });

  test('a folder is removed with all that is in it, and one that is absent is as good as removed', async () => {
    writeJson(join(base, 'x', 'y', 'z.json'), 1);
    await removeTree(join(base, 'x'));
    await removeTree(join(base, 'x'));
    expect(existsSync(join(base, 'x'))).toBe(false);
  });
});

describe('ports', () => {
  test('lie below those that the system hands out', () => {
    const { first, last } = portRange();
    expect(first).toBeGreaterThan(1024);
    expect(last).toBeLessThan(32_768);
    expect(last - first).toBe(9999);
  });

  test('are free on loopback and on every address, and not given away twice', async () => {
    const port = await choosePort(portRange(), new Set());
    expect(await isFree(port)).toBe(true);
    for (const host of ['127.0.0.1', '0.0.0.0']) {
      const server = createServer().listen(port, host);
      await once(server, 'listening');
      expect(await isFree(port), host).toBe(false);
      server.close();
      await once(server, 'close');
    }
    const taken = new Set([port]);
    expect(await choosePort({ first: port, last: port + 1 }, taken)).toBe(port + 1);
    await expect(choosePort({ first: port, last: port }, taken)).rejects.toMatchObject({
      code: 'PORT_TAKEN',
    });
  });
});

describe('ends in words', () => {
  test('name code, signal, or that nobody saw it', () => {
    const words = (code: number | null, signal: string | null) => exitWords({ code, signal, atMs: 1 });
    expect(words(1, null)).toBe('exit code 1');
    expect(words(127, null)).toBe('exit code 127 (the start command was not found)');
    expect(words(null, 'SIGSEGV')).toBe('signal SIGSEGV');
    expect(words(null, null)).toBe('it is gone, and how it ended is unknown');
  });

  test('name the limit', () => {
    expect(memoryWords(256 * 1024 * 1024)).toBe('memory limit of 256 MiB exceeded (killed)');
    expect(memoryWords(1536 * 1024 * 1024)).toBe('memory limit of 1.5 GiB exceeded (killed)');
    expect(neverHealthyWords(60_000, 'answered 503')).toBe('was not healthy within 60 s (answered 503)');
    expect(neverHealthyWords(500, null)).toBe('was not healthy within 0.5 s');
  });
});

describe('the process table', () => {
  test('reads what ps prints, and leaves zombies out', () => {
    expect(fromPs('  501     1   501  2048 Ss   Tue Nov 24 22:43:07 2026')).toEqual({
      pid: 501,
      parent: 1,
      group: 501,
      rssBytes: 2048 * 1024,
      started: String(Date.UTC(2026, 10, 24, 22, 43, 7)),
      startedAtMs: Date.UTC(2026, 10, 24, 22, 43, 7),
    });
    expect(fromPs('  501     1   501  0 Z+   Tue Nov 24 22:43:07 2026')).toBeNull();
    expect(fromPs('')).toBeNull();
  });

  test('tells the same of a process by /proc and by ps', requires('linux'), async () => {
    const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    try {
      const [byProc, byPs] = [await procTable().find(pid), await psTable().find(pid)];
      expect(byPs).toMatchObject({ parent: process.pid, group: pid });
      expect(byProc).toMatchObject({ parent: process.pid, group: pid });
      expect(Math.abs((byProc?.startedAtMs ?? 0) - (byPs?.startedAtMs ?? 0))).toBeLessThan(3000);
      expect(byProc?.rssBytes).toBeGreaterThan(100_000);
      for (const table of [procTable(), psTable()]) {
        expect(await table.commandLine(pid)).toBe('sleep 1000');
        expect((await table.list()).find((info) => info.pid === pid)).toMatchObject({ group: pid });
        expect((await table.list()).find((info) => info.pid === process.pid)).toBeDefined();
      }
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    expect(await procTable().find(pid)).toBeNull();
    expect(await psTable().find(pid)).toBeNull();
  });
});
