/** Runs a service's build command in its snapshot. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { MorrowError } from '../../errors.ts';
import { refusedBySystem } from './files.ts';
import { SHELL } from './shim.ts';
import { exitWords } from './words.ts';

/** How many of the last lines an error shows. */
const LINES_SHOWN = 20;

/** How long output is waited for that a process left behind by the build could still write, ms. */
const OUTPUT_MS = 1000;

export interface BuildRequest {
  readonly service: string;
  readonly command: string;
  readonly folder: string;
  /** Added to the environment of whoever builds: registries, proxies and caches are set there. */
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly onLine: (line: string) => void;
  /** Called with the build's process group, so that it can be ended should its maker die. */
  readonly onStart: (group: number) => void;
  readonly signal: AbortSignal | null;
}

/**
 * Builds; resolves when the command has succeeded. Whatever it leaves running is ended.
 * @throws MorrowError `BUILD_FAILED` with the last lines and where the whole output lies; `DISK_FULL`
 */
export async function runBuild(request: BuildRequest): Promise<void> {
  const log = openLog(request.logFile);
  try {
    const { end, last } = await build(request, log);
    if (end !== null) throw buildFailed(request, end, last);
  } catch (error) {
    throw refusedBySystem(error, `building ${request.service}`) ?? error;
  } finally {
    closeSync(log);
  }
}

function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return openSync(path, 'w', 0o600);
}

/** Runs it; `end` says in words how it failed, null when it did not. */
async function build(request: BuildRequest, log: number): Promise<{ end: string | null; last: string[] }> {
  // One pipe for both outputs keeps their order.
  const child = spawn(SHELL, ['-c', `exec 2>&1\n${request.command}`], {
    cwd: request.folder,
    env: { ...process.env, ...request.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const stop = (): void => endGroup(child);
  request.signal?.addEventListener('abort', stop);
  if (request.signal?.aborted) stop();
  const last: string[] = [];
  try {
    const read = readLines(child, (line) => {
      writeSync(log, `${line}\n`);
      last.push(line);
      if (last.length > LINES_SHOWN) last.shift();
      request.onLine(line);
    });
    read.catch(stop);
    if (child.pid !== undefined) request.onStart(child.pid);
    const [code, signal] = await exited;
    stop();
    await Promise.race([read, sleep(OUTPUT_MS, undefined, { ref: false })]);
    return { end: endOf(code, signal, request.signal), last };
  } finally {
    stop();
    request.signal?.removeEventListener('abort', stop);
  }
}

async function readLines(child: ChildProcess, onLine: (line: string) => void): Promise<void> {
  if (child.stdout === null) return;
  for await (const line of createInterface({ input: child.stdout })) onLine(line);
}

function endOf(
  code: number | null,
  signal: NodeJS.Signals | null,
  stopped: AbortSignal | null,
): string | null {
  if (stopped?.aborted) return 'it was interrupted';
  if (code === 0) return null;
  if (signal !== null) return `signal ${signal}`;
  const byShell = Object.entries(constants.signals).find(([, number]) => number === (code ?? 0) - 128);
  return exitWords({ code, signal: byShell?.[0] ?? null, atMs: null });
}

function buildFailed(request: BuildRequest, end: string, last: readonly string[]): MorrowError {
  const shown =
    last.length === 0
      ? 'It printed nothing.'
      : `Its last lines:\n${last.map((line) => `  ${line}`).join('\n')}`;
  return new MorrowError(
    'BUILD_FAILED',
    `The build of ${request.service} (\`${request.command}\`) failed: ${end}.`,
    {
      hint: `${shown}\nThe whole output lies in ${request.logFile}.`,
    },
  );
}

function endGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nobody of it is left.
  }
}
