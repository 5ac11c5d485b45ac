/** Starting agent and edge in the background, and waiting until they answer. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { EdgeState } from '../edge/api.ts';
import { type ErrorCode, MorrowError } from '../errors.ts';
import { checkSocketFolder, type EnvironmentPaths, prepareStateFolder } from '../paths.ts';
import type { StatusReport } from '../server/api.ts';
import type { Programs } from './pieces.ts';
import { lastLines, sizeOf } from './tail.ts';
import { request, Unreachable } from './unix-http.ts';
import { wait } from './wait.ts';

/** How long a program may take until it answers, ms; generous, for a machine that is busy. */
const START_MS = 30_000;
/** How long to look on after our own child has ended: another command may have started one at the same time. */
const OTHER_START_MS = 3_000;
const POLL_MS = 30;
/** A log larger than this is set aside when its program starts. */
const LOG_BYTES = 8 * 1024 * 1024;

/** What `up` writes down, for whoever starts agent or edge again. */
export interface UpMarker {
  readonly edge: { readonly workers: number; readonly failsafeMs: number };
}

/** For an environment that was never brought up by `up`. */
export const DEFAULT_MARKER: UpMarker = { edge: { workers: 0, failsafeMs: 30_000 } };

export interface UpResult {
  readonly edge: 'started' | 'running';
  readonly agent: 'started' | 'running';
  readonly status: StatusReport;
}

/**
 * Makes an environment run: edge first, then agent. What runs already stays as it is.
 * @throws MorrowError `EDGE_START_FAILED` or `AGENT_START_FAILED`; the signal's reason once it is aborted
 */
export async function bringUp(
  paths: EnvironmentPaths,
  marker: UpMarker,
  programs: Programs,
  signal: AbortSignal,
): Promise<UpResult> {
  prepareStateFolder(paths);
  checkSocketFolder(paths);
  const wasUp = readMarker(paths) !== null;
  writeFileSync(paths.upMarker, `${JSON.stringify(marker)}\n`, { mode: 0o600 });
  try {
    return await startBoth(paths, marker, programs, signal);
  } catch (error) {
    // What never came up needs no `down`.
    if (!wasUp && error instanceof MorrowError && error.code === 'EDGE_START_FAILED') removeMarker(paths);
    throw error;
  }
}

async function startBoth(
  paths: EnvironmentPaths,
  marker: UpMarker,
  programs: Programs,
  signal: AbortSignal,
): Promise<UpResult> {
  const edge = await ensureRunning({
    name: 'edge',
    failed: 'EDGE_START_FAILED',
    command: edgeCommand(paths, marker, programs),
    log: paths.edgeLog,
    ask: () => edgeState(paths, signal),
    paths,
    signal,
  });
  const agent = await ensureRunning({
    name: 'agent',
    failed: 'AGENT_START_FAILED',
    command: agentCommand(paths, programs),
    log: paths.agentLog,
    ask: () => agentStatus(paths, signal),
    paths,
    signal,
  });
  return { edge: edge.how, agent: agent.how, status: agent.answer };
}

/** How the edge of an environment is started. */
export function edgeCommand(paths: EnvironmentPaths, { edge }: UpMarker, programs: Programs): string[] {
  // 0: as many as the edge thinks right.
  const workers = edge.workers > 0 ? ['--workers', String(edge.workers)] : [];
  const where = ['--dir', paths.edgeState, '--socket', paths.edgeSocket];
  return [...programs.edge, ...where, ...workers, '--failsafe-ms', String(edge.failsafeMs)];
}

/** How the agent of an environment is started. */
export const agentCommand = (paths: EnvironmentPaths, programs: Programs): string[] => [
  ...programs.self,
  '__agent',
  '--state',
  paths.state,
];

/** The marker of an environment that is meant to be up; null: it is down. */
export function readMarker(paths: EnvironmentPaths): UpMarker | null {
  try {
    return JSON.parse(readFileSync(paths.upMarker, 'utf8')) as UpMarker;
  } catch {
    return null;
  }
}

/** Says that the environment is meant to be down. */
export const removeMarker = (paths: EnvironmentPaths): void => rmSync(paths.upMarker, { force: true });

/** What the edge does now; null where none answers. */
export const edgeState = (paths: EnvironmentPaths, signal: AbortSignal): Promise<EdgeState | null> =>
  ask<EdgeState>(paths.edgeSocket, '/v1/state', signal);

/** What the agent says; null where none answers. */
export const agentStatus = (paths: EnvironmentPaths, signal: AbortSignal): Promise<StatusReport | null> =>
  ask<StatusReport>(paths.agentSocket, '/v1/status', signal);

async function ask<T>(socketPath: string, path: string, signal: AbortSignal): Promise<T | null> {
  try {
    const answer = await request({ socketPath, method: 'GET', path, timeoutMs: 5_000, signal });
    return answer.status === 200 ? (JSON.parse(answer.text) as T) : null;
  } catch (error) {
    if (error instanceof Unreachable && error.kind !== 'denied') return null;
    throw error;
  }
}

interface Program<T> {
  readonly name: string;
  readonly failed: ErrorCode;
  readonly command: readonly string[];
  readonly log: string;
  readonly ask: () => Promise<T | null>;
  readonly paths: EnvironmentPaths;
  readonly signal: AbortSignal;
}

async function ensureRunning<T>(program: Program<T>): Promise<{ how: 'started' | 'running'; answer: T }> {
  const already = await program.ask();
  if (already !== null) return { how: 'running', answer: already };
  const { name, log, paths, signal } = program;
  if (sizeOf(log) > LOG_BYTES) renameSync(log, `${log}.1`);
  const logStart = sizeOf(log);
  const child = startDetached(program.command, log, paths.root);
  let until = performance.now() + START_MS;
  let ended: string | null = null;
  child.once('exit', (code, killedBy) => {
    ended = killedBy ? `was killed by ${killedBy}` : `ended with exit code ${code}`;
    until = Math.min(until, performance.now() + OTHER_START_MS);
  });
  child.once('error', (error) => {
    ended = `could not be started: ${error.message}`;
    until = 0;
  });
  while (performance.now() < until) {
    const answer = await program.ask();
    if (answer !== null) return { how: 'started', answer };
    await wait(POLL_MS, signal);
  }
  const what = ended ?? `does not answer after ${START_MS / 1000} s`;
  throw startFailed(program, `The ${name} of ${paths.environment} ${what}.`, logStart);
}

function startFailed<T>({ failed, log }: Program<T>, sentence: string, logStart: number): MorrowError {
  const all = sizeOf(log) > logStart ? lastLines(log, 20) : [];
  const said = all.filter((line) => !/^\s+at /.test(line)).slice(-8);
  return new MorrowError(failed, [sentence, ...said.map((line) => `  | ${line}`)].join('\n'), {
    hint: `The whole log is ${log}.`,
  });
}

/**
 * Starts a program that goes on by itself, its output added to `log`: in a session of its own, so that neither
 * Ctrl-C nor the end of the terminal reaches it.
 */
export function startDetached(
  command: readonly string[],
  log: string,
  cwd: string,
): ReturnType<typeof spawn> {
  const fd = openSync(log, 'a', 0o600);
  try {
    const [program = '', ...args] = command;
    const child = spawn(program, args, { detached: true, stdio: ['ignore', fd, fd], cwd, env: process.env });
    child.unref();
    return child;
  } finally {
    closeSync(fd);
  }
}
