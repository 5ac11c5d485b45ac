/**
 * Commands that run once: migrations, hooks. Each is written down under its key before it begins, so whatever dies
 * meanwhile, none runs a second time.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TaskView } from '../../engine/types.ts';
import { MorrowError } from '../../errors.ts';
import type { RevisionSpec } from '../platform.ts';
import type { LocalContext } from './context.ts';
import { environmentFor } from './environment.ts';
import { namesIn, readJson, writeJson } from './files.ts';
import { lastLines } from './log-file.ts';
import type { RunExit, RunRef } from './runtime.ts';
import { shellCommand } from './shim.ts';
import { filesFor } from './snapshot-store.ts';
import { exitWords } from './words.ts';

const LINES_KEPT = 20;

/** Between asking a task that takes too long to end and making it, ms. */
const GRACE_MS = 5000;

/** Ended tasks are remembered this long, and at least this many of a service: an engine asks again within seconds. */
const REMEMBERED_MS = 7 * 24 * 60 * 60_000;
const REMEMBERED = 50;

interface TaskRecord {
  readonly key: string;
  readonly nonce: string;
  readonly revision: RevisionSpec;
  readonly command: string;
  readonly timeoutMs: number;
  readonly createdAtMs: number;
  /** When it was asked to end because it took too long; null: it was not. */
  readonly overdueAtMs: number | null;
  readonly result: Exclude<TaskView, { state: 'running' }> | null;
  readonly endedAtMs: number | null;
}

const recordPath = (folder: string): string => join(folder, 'task.json');

function recordsOf(
  context: LocalContext,
  service: string,
): readonly { folder: string; record: TaskRecord }[] {
  const base = context.layout.tasks(service);
  return namesIn(base).flatMap((name) => {
    const folder = join(base, name);
    const record = readJson<TaskRecord>(recordPath(folder));
    return record === null ? [] : [{ folder, record }];
  });
}

/** Each attempt to begin has a folder of its own, since a begin that was cancelled can't be taken back. */
const refOf = (folder: string, { nonce }: TaskRecord): RunRef => ({ dir: join(folder, nonce), nonce });

/**
 * Begins a task, unless one was begun under its key.
 * @throws MorrowError why it can't be begun; what is thrown before the command has begun may be asked for again
 */
export async function runTask(
  context: LocalContext,
  key: string,
  revision: RevisionSpec,
  command: string,
  timeoutMs: number,
): Promise<void> {
  const folder = context.layout.task(revision.service, key);
  if (readJson(recordPath(folder)) !== null) return;
  const record: TaskRecord = {
    key,
    nonce: '',
    revision,
    command,
    timeoutMs,
    createdAtMs: context.now(),
    overdueAtMs: null,
    result: null,
    endedAtMs: null,
  };
  await begin(context, folder, record);
}

async function begin(context: LocalContext, folder: string, before: TaskRecord): Promise<void> {
  const { revision, key } = before;
  const cwd = filesFor(context.layout, revision);
  const { environment, secret } = context;
  const env = environmentFor({ environment, revision, secret, own: { MORROW_TASK: key } });
  const record = { ...before, nonce: randomBytes(12).toString('hex') };
  const ref = refOf(folder, record);
  context.actingEpoch();
  // Flushed to the disk: also after a power cut a migration must not run twice.
  writeJson(recordPath(folder), record, true);
  mkdirSync(ref.dir, { recursive: true, mode: 0o700 });
  const command = shellCommand(record.command);
  await context.runtime.start({ ...ref, command, cwd, env, logFile: join(folder, 'log') });
}

/**
 * Looks at every task under way: writes down which have ended, ends those that take too long, begins those whose begin
 * was cut off.
 * @returns whether any is under way
 */
export async function settleTasks(context: LocalContext, service: string): Promise<boolean> {
  let underWay = false;
  for (const { folder, record } of recordsOf(context, service)) {
    if (record.result !== null) continue;
    const ref = refOf(folder, record);
    const vital = await context.runtime.look(ref);
    if (vital.state === 'ended') {
      end(context, service, folder, record, vital.exit);
      continue;
    }
    underWay = true;
    if (vital.state === 'not-started') await beginAgain(context, service, folder, record);
    else if (vital.state === 'leftovers') await context.runtime.signal(ref, 'SIGKILL');
    else if (vital.state === 'running') await hurry(context, folder, record);
  }
  forget(context, service);
  return underWay;
}

/** A controller died between writing the task down and beginning it: it has not run, for certain. */
async function beginAgain(
  context: LocalContext,
  service: string,
  folder: string,
  record: TaskRecord,
): Promise<void> {
  if (!context.runtime.cancel(refOf(folder, record))) return;
  try {
    await begin(context, folder, record);
  } catch (error) {
    if (!(error instanceof MorrowError) || error.code === 'LEASE_LOST') throw error;
    finish(context, service, folder, record, { state: 'failed', text: error.message, lastLines: [] });
  }
}

async function hurry(context: LocalContext, folder: string, record: TaskRecord): Promise<void> {
  const now = context.now();
  if (record.overdueAtMs === null) {
    if (now - record.createdAtMs < record.timeoutMs) return;
    context.actingEpoch();
    writeJson(recordPath(folder), { ...record, overdueAtMs: now });
    await context.runtime.signal(refOf(folder, record), 'SIGTERM');
  } else if (now - record.overdueAtMs >= GRACE_MS) {
    context.actingEpoch();
    await context.runtime.signal(refOf(folder, record), 'SIGKILL');
  }
}

function end(
  context: LocalContext,
  service: string,
  folder: string,
  record: TaskRecord,
  exit: RunExit,
): void {
  if (exit.code === 0 && record.overdueAtMs === null) {
    finish(context, service, folder, record, { state: 'succeeded' });
    return;
  }
  const text =
    record.overdueAtMs === null
      ? exitWords(exit)
      : `did not end within ${Math.round(record.timeoutMs / 100) / 10} s (stopped)`;
  const lines = lastLines(join(folder, 'log'), LINES_KEPT);
  finish(context, service, folder, record, { state: 'failed', text, lastLines: lines });
}

function finish(
  context: LocalContext,
  service: string,
  folder: string,
  record: TaskRecord,
  result: NonNullable<TaskRecord['result']>,
): void {
  writeJson(recordPath(folder), { ...record, result, endedAtMs: context.now() }, true);
  context.runtime.forget(refOf(folder, record));
  const end = result.state === 'failed' ? `failed: ${result.text}` : 'succeeded';
  context.log(`${service}: task ${record.key} ${end}`);
  context.changed(service);
}

function forget(context: LocalContext, service: string): void {
  const ended = recordsOf(context, service)
    .filter(({ record }) => record.endedAtMs !== null)
    .sort((a, b) => (b.record.endedAtMs ?? 0) - (a.record.endedAtMs ?? 0));
  for (const { folder, record } of ended.slice(REMEMBERED)) {
    if (context.now() - (record.endedAtMs ?? 0) > REMEMBERED_MS)
      rmSync(folder, { recursive: true, force: true });
  }
}

/** What is known of each task of a service, by key. */
export function taskViews(context: LocalContext, service: string): Readonly<Record<string, TaskView>> {
  return Object.fromEntries(
    recordsOf(context, service).map(({ record }) => [
      record.key,
      record.result ?? { state: 'running' as const },
    ]),
  );
}

/** Revisions that tasks under way run in: their files are needed. */
export const revisionsOfTasks = (context: LocalContext, service: string): readonly string[] =>
  recordsOf(context, service)
    .filter(({ record }) => record.result === null)
    .map(({ record }) => record.revision.id);
