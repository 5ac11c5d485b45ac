import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type SnapshotSource, takeSnapshot } from './snapshot.ts';

let base: string;
let folder: string;
let copies = 0;

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'morrow-snapshot-')));
  folder = join(base, 'app');
  mkdirSync(folder);
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const put = (path: string, content: string): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
};
const copy = (): string => join(base, `copy-${copies++}`);
const take = async (over: Partial<SnapshotSource> = {}, to = copy()) => {
  const source = { folder, ignore: [], build: null, except: [], ...over };
  return { ...(await takeSnapshot(source, to)), to };
};

describe('a snapshot', () => {
  test('holds the files, folders and executable bits of the folder', async () => {
    put('server.js', 'serve()');
    put('bin/run', '#!/bin/sh');
    chmodSync(join(folder, 'bin/run'), 0o755);
    mkdirSync(join(folder, 'empty'));
    const { to, files, bytes } = await take();
    expect(readFileSync(join(to, 'server.js'), 'utf8')).toBe('serve()');
    expect(statSync(join(to, 'bin/run')).mode & 0o100).toBe(0o100);
    expect(statSync(join(to, 'server.js')).mode & 0o100).toBe(0);
    expect(statSync(join(to, 'empty')).isDirectory()).toBe(true);
    expect({ files, bytes }).toEqual({ files: 2, bytes: 16 });
  });

  test('of the same content has the same artifact wherever and whenever it was written', async () => {
    put('a', '1');
    put('b/c', '2');
    const first = await take();
    const later = new Date(Date.now() - 100_000);
    utimesSync(join(folder, 'a'), later, later);
    expect((await take()).artifact).toBe(first.artifact);
    expect((await take({ folder: first.to })).artifact).toBe(first.artifact);
    expect(first.artifact).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test('has another artifact after any change of name, content, executable bit or link', async () => {
    put('a', '1');
    put('ab/c', '2');
    symlinkSync('a', join(folder, 'link'));
    const seen = new Set([(await take()).artifact]);
    const changes = [
      () => put('a', '2'),
      () => chmodSync(join(folder, 'a'), 0o755),
      () => put('d', ''),
      () => mkdirSync(join(folder, 'new')),
      () => {
        rmSync(join(folder, 'link'));
        symlinkSync('ab', join(folder, 'link'));
      },
      () => rmSync(join(folder, 'd')),
    ];
    for (const change of changes) {
      change();
      seen.add((await take()).artifact);
    }
    expect(seen.size).toBe(changes.length + 1);
  });

  test('copies a large file whole', async () => {
    put('large', 'x'.repeat(3_000_000));
    const { to } = await take();
    expect(readFileSync(join(to, 'large')).equals(readFileSync(join(folder, 'large')))).toBe(true);
  });

  test('keeps the time of each file, for servers and tools that go by it', async () => {
    put('page.html', 'hi');
    const then = new Date('2020-01-01T00:00:00Z');
    utimesSync(join(folder, 'page.html'), then, then);
    expect(statSync(join((await take()).to, 'page.html')).mtimeMs).toBe(then.getTime());
  });

  test('keeps links within the folder, and turns absolute ones into relative ones', async () => {
    put('data/real', '1');
    symlinkSync('real', join(folder, 'data/relative'));
    symlinkSync(join(folder, 'data/real'), join(folder, 'absolute'));
    symlinkSync('nowhere', join(folder, 'dangling'));
    const { to } = await take();
    expect(readlinkSync(join(to, 'data/relative'))).toBe('real');
    expect(readlinkSync(join(to, 'absolute'))).toBe('data/real');
    expect(realpathSync(join(to, 'absolute'))).toBe(join(to, 'data/real'));
    expect(readlinkSync(join(to, 'dangling'))).toBe('nowhere');
  });

  test('keeps an absolute link to a program of the system, and never follows it', async () => {
    symlinkSync('/usr/bin', join(folder, 'programs'));
    const { to, files } = await take();
    expect(lstatSync(join(to, 'programs')).isSymbolicLink()).toBe(true);
    expect(files).toBe(0);
  });

  test('is refused where a relative link leads out of the folder', async () => {
    writeFileSync(join(base, 'shared.json'), '{}');
    symlinkSync('../shared.json', join(folder, 'shared.json'));
    await expect(take()).rejects.toMatchObject({
      code: 'SNAPSHOT_FAILED',
      message: `The link ${folder}/shared.json leads out of its folder, to ../shared.json.`,
    });
    await expect(take({ ignore: ['shared.json'] })).resolves.toMatchObject({ files: 0 });
  });

  test('is refused with one sentence where the folder does not exist', async () => {
    await expect(take({ folder: join(base, 'absent') })).rejects.toMatchObject({
      code: 'SERVICE_FOLDER_ABSENT',
      message: `The folder ${base}/absent does not exist.`,
    });
  });

  test('leaves out sockets, and what it is told to', async () => {
    put('keep', '1');
    put('state/journal.db', '1');
    put('.dockerignore', 'notes\n');
    put('notes', '1');
    const server = createServer().listen(join(folder, 'app.sock'));
    try {
      const { to } = await take({ except: [join(folder, 'state')] });
      expect(existsSync(join(to, 'keep'))).toBe(true);
      for (const out of ['state', 'notes', 'app.sock']) expect(existsSync(join(to, out)), out).toBe(false);
    } finally {
      server.close();
    }
  });

  test('is refused where the folder never stops changing', async () => {
    for (let index = 0; index < 50; index += 1) put(`file-${index}`, 'x'.repeat(10_000));
    let counter = 0;
    const writing = setInterval(() => appendFileSync(join(folder, `file-${counter++ % 50}`), 'y'), 1);
    try {
      const to = copy();
      await expect(take({}, to)).rejects.toMatchObject({
        code: 'SNAPSHOT_FAILED',
        message: expect.stringMatching(
          /changed 3 times while it was being copied, the last time in .*file-\d+\.$/,
        ),
      });
      expect(existsSync(to)).toBe(false);
    } finally {
      clearInterval(writing);
    }
  });

  test('taken while one change comes in holds the state before or after it, never a mixture', async () => {
    for (let index = 0; index < 200; index += 1) put(`file-${String(index).padStart(3, '0')}`, 'before');
    const taking = take();
    setImmediate(() => {
      put('file-199', 'after');
      put('file-000', 'after');
    });
    const { to } = await taking;
    const contents = ['file-000', 'file-199'].map((name) => readFileSync(join(to, name), 'utf8'));
    expect(new Set(contents).size).toBe(1);
  });
});
