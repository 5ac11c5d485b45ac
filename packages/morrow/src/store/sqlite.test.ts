import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MorrowError } from '../errors.ts';
import { openSqliteStore } from './sqlite.ts';
import type { LeaseRequest, ServiceRecord, Store } from './store.ts';

let folder: string;
let file: string;
const opened: Store[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'morrow-store-'));
  file = join(folder, 'journal.db');
});

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(): Store {
  const store = openSqliteStore(file);
  opened.push(store);
  return store;
}

const request = (owner: string, change: Partial<LeaseRequest> = {}): LeaseRequest => ({
  owner,
  nowMs: 1000,
  ttlMs: 10_000,
  minEpoch: 0,
  isDead: () => false,
  ...change,
});

const record = (service: string): ServiceRecord => ({
  service,
  stable: null,
  previous: [],
  contracted: false,
  queued: null,
});

const code = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: MorrowError) => error.code,
  );

describe('the lease', () => {
  it('is refused to a second owner while the first lives', async () => {
    const store = open();
    await store.acquireLease(request('first'));
    expect(await code(store.acquireLease(request('second')))).toBe('LEASE_HELD');
  });

  it('passes to a second owner once it has expired, with a higher epoch', async () => {
    const store = open();
    const first = await store.acquireLease(request('first'));
    const second = await store.acquireLease(request('second', { nowMs: 11_001 }));
    expect(second.epoch).toBe(first.epoch + 1);
    expect(await code(store.renewLease('first', first.epoch, 11_002, 10_000))).toBe('LEASE_LOST');
  });

  it('passes at once from an owner that is known to be dead', async () => {
    const store = open();
    await store.acquireLease(request('dead'));
    const lease = await store.acquireLease(request('second', { isDead: (owner) => owner === 'dead' }));
    expect(lease).toMatchObject({ owner: 'second', epoch: 2 });
  });

  it('keeps its epoch for the same owner, and never grants one below what the platform has seen', async () => {
    const store = open();
    await store.acquireLease(request('me'));
    expect((await store.acquireLease(request('me'))).epoch).toBe(1);
    expect((await store.acquireLease(request('me', { minEpoch: 7 }))).epoch).toBe(7);
  });

  it('given back is free at once, and the next epoch is still higher', async () => {
    const store = open();
    const lease = await store.acquireLease(request('first'));
    await store.releaseLease('first', lease.epoch);
    expect((await store.acquireLease(request('second'))).epoch).toBe(2);
  });
});

describe('a commit', () => {
  it('of an older epoch writes nothing', async () => {
    const store = open();
    const first = await store.acquireLease(request('first'));
    await store.acquireLease(request('second', { nowMs: 11_001 }));
    expect(await code(store.commit(first.epoch, 11_002, { service: record('web'), entries: [] }))).toBe(
      'LEASE_LOST',
    );
    expect(await store.services()).toEqual([]);
  });

  it('is seen by a store opened later', async () => {
    const store = open();
    const { epoch } = await store.acquireLease(request('me'));
    const body = { type: 'note', text: 'begun' } as const;
    await store.commit(epoch, 1234, {
      service: record('web'),
      entries: [{ service: 'web', rolloutId: 'r1', body }],
    });
    await store.close();
    const again = open();
    expect(await again.services()).toEqual([record('web')]);
    expect(await again.journal('r1', 0, 10)).toEqual([
      { seq: 1, atMs: 1234, epoch, service: 'web', rolloutId: 'r1', body },
    ]);
  });

  it('is whole or absent after kill -9 in the middle of writing', async () => {
    const seed = open();
    const { epoch } = await seed.acquireLease(request('writer', { ttlMs: 1e12 }));
    await seed.close();
    const written = await writeUntilKilled(epoch);
    const store = open();
    const entries = await store.journal('r1', 0, 100_000);
    const [service] = await store.services();
    // Each commit wrote the record and one entry that carry the same number; what was acknowledged must be there.
    expect(entries.length).toBeGreaterThanOrEqual(written);
    expect(service?.previous).toEqual([String(entries.length)]);
    expect(entries.map((entry) => entry.seq)).toEqual(entries.map((_, index) => index + 1));
  });
});

/** Runs a writer in a process of its own, kills it once it has acknowledged some commits; returns how many those were. */
async function writeUntilKilled(epoch: number): Promise<number> {
  const program = `
    import { openSqliteStore } from ${JSON.stringify(new URL('./sqlite.ts', import.meta.url).href)};
    const store = openSqliteStore(${JSON.stringify(file)});
    for (let n = 1; ; n++) {
      await store.commit(${epoch}, n, {
        service: { service: 'web', stable: null, previous: [String(n)], contracted: false, queued: null },
        entries: [{ service: 'web', rolloutId: 'r1', body: { type: 'note', text: String(n) } }],
      });
      process.stdout.write(n + '\\n');
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let acknowledged = 0;
  for await (const chunk of child.stdout) {
    const lines = String(chunk)
      .split('\n')
      .filter((line) => line !== '');
    acknowledged = Number(lines[lines.length - 1] ?? acknowledged);
    if (acknowledged >= 200) child.kill('SIGKILL');
  }
  return acknowledged;
}

describe('opening', () => {
  it('a file that is no journal says so in one sentence and leaves it as it is', () => {
    writeFileSync(
      file,
      'this is not a database, only text that is long enough to be read as a header of one',
    );
    expect(() => openSqliteStore(file)).toThrow(expect.objectContaining({ code: 'JOURNAL_UNREADABLE' }));
  });

  it('a journal of a newer Morrow is refused', async () => {
    await open().close();
    const db = new DatabaseSync(file);
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(() => openSqliteStore(file)).toThrow(expect.objectContaining({ code: 'JOURNAL_NEWER' }));
  });

  it('by two processes at once makes one schema', async () => {
    const program = `
      import { openSqliteStore } from ${JSON.stringify(new URL('./sqlite.ts', import.meta.url).href)};
      await openSqliteStore(${JSON.stringify(file)}).close();`;
    const ends = Array.from({ length: 4 }, () => {
      const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      return new Promise<number | null>((resolve) => child.once('exit', resolve));
    });
    expect(await Promise.all(ends)).toEqual([0, 0, 0, 0]);
  });
});
