import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { Rollout } from '../engine/types.ts';
import { TERMINAL_PHASES } from '../engine/types.ts';
import { MorrowError } from '../errors.ts';
import type { RevisionSpec } from '../platform/platform.ts';
import type {
  JournalBody,
  JournalEntry,
  Lease,
  LeaseRequest,
  ServiceRecord,
  Store,
  StoreChange,
} from './store.ts';

/** Version of the tables below; a journal with a higher one is refused. */
const SCHEMA_VERSION = 1;

const SCHEMA = `
  CREATE TABLE lease (id INTEGER PRIMARY KEY CHECK (id = 1), owner TEXT NOT NULL, epoch INTEGER NOT NULL, expires_at INTEGER NOT NULL);
  CREATE TABLE rollouts (id TEXT PRIMARY KEY, service TEXT NOT NULL, created_at INTEGER NOT NULL, ended INTEGER NOT NULL, state TEXT NOT NULL);
  CREATE INDEX rollouts_by_service ON rollouts (service, created_at DESC);
  CREATE INDEX rollouts_active ON rollouts (created_at) WHERE ended = 0;
  CREATE TABLE journal (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, epoch INTEGER NOT NULL, service TEXT NOT NULL, rollout_id TEXT, body TEXT NOT NULL);
  CREATE INDEX journal_by_rollout ON journal (rollout_id, seq);
  CREATE TABLE services (service TEXT PRIMARY KEY, record TEXT NOT NULL);
  CREATE TABLE revisions (id TEXT PRIMARY KEY, service TEXT NOT NULL, created_at INTEGER NOT NULL, spec TEXT NOT NULL);
  CREATE INDEX revisions_by_service ON revisions (service, created_at DESC);
`;

type Row = Record<string, unknown>;

/**
 * Opens (or makes) the journal of one machine.
 * Write-ahead log with `synchronous = NORMAL`: a killed process loses nothing; a power cut may lose the last
 * moments, and then the processes that they were about are gone as well and are found so by observation.
 * @param file path of the database; its folder must exist
 * @throws MorrowError `JOURNAL_UNREADABLE`, `JOURNAL_NEWER`, `DISK_FULL`
 */
export function openSqliteStore(file: string): Store {
  return new SqliteStore(openDatabase(file));
}

function openDatabase(file: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { timeout: 5000 });
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;');
    migrate(db, file);
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof MorrowError) throw error;
    if (isFull(error)) throw diskFull(error);
    throw new MorrowError('JOURNAL_UNREADABLE', `The journal ${file} cannot be read: ${messageOf(error)}.`, {
      hint: 'Move that file (and its -wal and -shm companions) aside; services that run are found again, their history is not.',
      cause: error,
    });
  }
}

function migrate(db: DatabaseSync, file: string): void {
  const version = Number((db.prepare('PRAGMA user_version').get() as Row)['user_version']);
  if (version > SCHEMA_VERSION) {
    throw new MorrowError(
      'JOURNAL_NEWER',
      `The journal ${file} was written by a newer Morrow (schema ${version}, this one knows ${SCHEMA_VERSION}).`,
      {
        hint: 'Use that newer Morrow, or start with an empty state folder.',
      },
    );
  }
  if (version === SCHEMA_VERSION) return;
  // A second process may be doing the same: look again once the write lock is ours.
  db.exec('BEGIN IMMEDIATE');
  try {
    if (Number((db.prepare('PRAGMA user_version').get() as Row)['user_version']) === 0) {
      db.exec(SCHEMA);
      db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    }
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

class SqliteStore implements Store {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  async acquireLease(request: LeaseRequest): Promise<Lease> {
    return this.#write(() => {
      const held = this.#lease();
      const mine = held?.owner === request.owner;
      if (held !== null && !mine && held.expiresAtMs > request.nowMs && !request.isDead(held.owner)) {
        throw new MorrowError('LEASE_HELD', `Another controller (${held.owner}) steers this environment.`, {
          hint: 'Wait until it has ended, or end it with `morrow down`.',
        });
      }
      const epoch = Math.max(held === null ? 1 : mine ? held.epoch : held.epoch + 1, request.minEpoch);
      const lease: Lease = { owner: request.owner, epoch, expiresAtMs: request.nowMs + request.ttlMs };
      this.#putLease(lease);
      return lease;
    });
  }

  async renewLease(owner: string, epoch: number, nowMs: number, ttlMs: number): Promise<Lease> {
    return this.#write(() => {
      const held = this.#lease();
      if (held?.owner !== owner || held.epoch !== epoch) throw leaseLost();
      const lease: Lease = { owner, epoch, expiresAtMs: nowMs + ttlMs };
      this.#putLease(lease);
      return lease;
    });
  }

  async releaseLease(owner: string, epoch: number): Promise<void> {
    this.#write(() => {
      // The row stays, expired: the next owner's epoch must still be higher.
      this.#run('UPDATE lease SET expires_at = 0 WHERE id = 1 AND owner = ? AND epoch = ?', owner, epoch);
    });
  }

  async commit(epoch: number, atMs: number, change: StoreChange): Promise<void> {
    this.#write(() => {
      if (this.#lease()?.epoch !== epoch) throw leaseLost();
      if (change.revision !== undefined) this.#putRevision(change.revision);
      if (change.rollout !== undefined) this.#putRollout(change.rollout);
      if (change.service !== undefined) {
        this.#run(
          'INSERT OR REPLACE INTO services (service, record) VALUES (?, ?)',
          change.service.service,
          JSON.stringify(change.service),
        );
      }
      for (const entry of change.entries) {
        this.#run(
          'INSERT INTO journal (at, epoch, service, rollout_id, body) VALUES (?, ?, ?, ?, ?)',
          atMs,
          epoch,
          entry.service,
          entry.rolloutId,
          JSON.stringify(entry.body),
        );
      }
    });
  }

  async rollout(id: string): Promise<Rollout | null> {
    return this.#one<Rollout>('SELECT state AS json FROM rollouts WHERE id = ?', id);
  }

  async activeRollouts(): Promise<readonly Rollout[]> {
    return this.#all<Rollout>('SELECT state AS json FROM rollouts WHERE ended = 0 ORDER BY created_at, id');
  }

  async history(service: string | null, limit: number): Promise<readonly Rollout[]> {
    return service === null
      ? this.#all<Rollout>(
          'SELECT state AS json FROM rollouts ORDER BY created_at DESC, id DESC LIMIT ?',
          limit,
        )
      : this.#all<Rollout>(
          'SELECT state AS json FROM rollouts WHERE service = ? ORDER BY created_at DESC, id DESC LIMIT ?',
          service,
          limit,
        );
  }

  async journal(rolloutId: string, afterSeq: number, limit: number): Promise<readonly JournalEntry[]> {
    const rows = this.#prepare(
      'SELECT * FROM journal WHERE rollout_id = ? AND seq > ? ORDER BY seq LIMIT ?',
    ).all(rolloutId, afterSeq, limit) as Row[];
    return rows.map((row) => ({
      seq: Number(row['seq']),
      atMs: Number(row['at']),
      epoch: Number(row['epoch']),
      service: String(row['service']),
      rolloutId: row['rollout_id'] === null ? null : String(row['rollout_id']),
      body: JSON.parse(String(row['body'])) as JournalBody,
    }));
  }

  async services(): Promise<readonly ServiceRecord[]> {
    return this.#all<ServiceRecord>('SELECT record AS json FROM services ORDER BY service');
  }

  async revision(id: string): Promise<RevisionSpec | null> {
    return this.#one<RevisionSpec>('SELECT spec AS json FROM revisions WHERE id = ?', id);
  }

  async revisions(service: string): Promise<readonly RevisionSpec[]> {
    return this.#all<RevisionSpec>(
      'SELECT spec AS json FROM revisions WHERE service = ? ORDER BY created_at DESC, id',
      service,
    );
  }

  async close(): Promise<void> {
    this.#statements.clear();
    if (this.#db.isOpen) this.#db.close();
  }

  #lease(): Lease | null {
    const row = this.#prepare('SELECT owner, epoch, expires_at FROM lease WHERE id = 1').get() as
      | Row
      | undefined;
    if (row === undefined) return null;
    return {
      owner: String(row['owner']),
      epoch: Number(row['epoch']),
      expiresAtMs: Number(row['expires_at']),
    };
  }

  #putLease(lease: Lease): void {
    this.#run(
      'INSERT OR REPLACE INTO lease (id, owner, epoch, expires_at) VALUES (1, ?, ?, ?)',
      lease.owner,
      lease.epoch,
      lease.expiresAtMs,
    );
  }

  #putRollout(rollout: Rollout): void {
    this.#run(
      'INSERT INTO rollouts (id, service, created_at, ended, state) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET ended = excluded.ended, state = excluded.state',
      rollout.id,
      rollout.service,
      rollout.createdAtMs,
      TERMINAL_PHASES.includes(rollout.phase) ? 1 : 0,
      JSON.stringify(rollout),
    );
  }

  #putRevision(spec: RevisionSpec): void {
    this.#run(
      'INSERT OR REPLACE INTO revisions (id, service, created_at, spec) VALUES (?, ?, ?, ?)',
      spec.id,
      spec.service,
      spec.createdAtMs,
      JSON.stringify(spec),
    );
  }

  /** Runs `body` in one write transaction; whatever it throws, nothing is written then. */
  #write<T>(body: () => T): T {
    try {
      this.#db.exec('BEGIN IMMEDIATE');
      try {
        const result = body();
        this.#db.exec('COMMIT');
        return result;
      } catch (error) {
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
        throw error;
      }
    } catch (error) {
      if (error instanceof MorrowError) throw error;
      if (isFull(error)) throw diskFull(error);
      throw new MorrowError('JOURNAL_WRITE_FAILED', `The journal cannot be written: ${messageOf(error)}.`, {
        hint: 'Look at the disk and at the permissions of the state folder; nothing was changed.',
        cause: error,
      });
    }
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#prepare(sql).run(...values);
  }

  #one<T>(sql: string, ...values: SQLInputValue[]): T | null {
    return this.#all<T>(sql, ...values)[0] ?? null;
  }

  #all<T>(sql: string, ...values: SQLInputValue[]): readonly T[] {
    return (this.#prepare(sql).all(...values) as Row[]).map((row) => JSON.parse(String(row['json'])) as T);
  }
}

const leaseLost = (): MorrowError =>
  new MorrowError('LEASE_LOST', 'Another controller has taken over this environment.', {
    hint: 'Nothing to do: the newer one goes on.',
  });

const diskFull = (cause: unknown): MorrowError =>
  new MorrowError('DISK_FULL', 'The disk is full: the journal cannot be written.', {
    hint: 'Make room; a rollback is carried out all the same, everything else waits.',
    cause,
  });

/** SQLite's own code for a full disk is 13; a failed write to its files may also show as ENOSPC. */
function isFull(error: unknown): boolean {
  const detail = error as { errcode?: number; code?: string };
  return (
    detail.errcode === 13 || detail.code === 'ENOSPC' || /database or disk is full/.test(messageOf(error))
  );
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
