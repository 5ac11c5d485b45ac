/** Processes of a benchmark, what they and their children cost, and that none outlives it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

/** A running process. */
export interface Running {
  readonly pid: number;
  /** Its first line on stdout. */
  firstLine(): Promise<string>;
  /** Ends it (SIGTERM, after 5 s SIGKILL) and waits for that. */
  stop(): Promise<void>;
}

const STOP_MS = 5000;
const running = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

/** Starts a process; what it says on stderr is kept, for when it fails. */
export function start(command: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const said: string[] = [];
  const problems: string[] = [];
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (seen < 10_000) said.push(text);
    seen += text.length;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => problems.length < 50 && problems.push(text));
  child.on('error', (error) => problems.push(error.message));
  const closed = closeOf(child);
  return {
    pid: child.pid ?? 0,
    firstLine: async () => {
      let isClosed = false;
      while (!said.join('').includes('\n')) {
        if (isClosed) throw new Error(`${command.join(' ')} ended: ${problems.join('').trim()}`);
        await Promise.race([
          once(child.stdout, 'data'),
          closed.then(() => {
            isClosed = true;
          }),
        ]);
      }
      return said.join('').split('\n', 1)[0] ?? '';
    },
    stop: () => stop(child, closed),
  };
}

/** Resolves when a child has ended, also where it could not even be started. */
function closeOf(child: ChildProcess): Promise<void> {
  running.add(child);
  const { promise, resolve } = Promise.withResolvers<void>();
  child.on('close', () => {
    running.delete(child);
    resolve();
  });
  return promise;
}

async function stop(child: ChildProcess, closed: Promise<void>): Promise<void> {
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  child.kill('SIGTERM');
  await closed;
  clearTimeout(timer);
}

/** Runs a command to its end and gives what it wrote to stdout. */
export async function output(command: readonly string[]): Promise<string> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = closeOf(child);
  let out = '';
  let problems = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    problems += text;
  });
  child.on('error', (error) => {
    problems += error.message;
  });
  await closed;
  if (child.exitCode !== 0)
    throw new Error(`${command.join(' ')} ended with ${child.exitCode}: ${problems.trim() || out.trim()}`);
  return out;
}

const TICKS_PER_S = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const PAGE_BYTES = Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' }));

/** Fields of `/proc/<pid>/stat` behind the name, which may hold anything. */
const statFields = (pid: number): string[] => {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
};

/** A process and all its descendants. */
export function family(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      parents.set(Number(entry), Number(statFields(Number(entry))[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const members = [pid];
  for (const member of members) {
    for (const [child, parent] of parents) if (parent === member) members.push(child);
  }
  return members;
}

/** CPU time so far, ms: of the programs themselves, and of the kernel on their behalf. */
export interface CpuTime {
  readonly userMs: number;
  readonly systemMs: number;
}

/** CPU time of all threads of processes so far. */
export function cpuOf(pids: readonly number[]): CpuTime {
  const fields = pids.map(statFields);
  const ms = (index: number): number =>
    fields.reduce((sum, one) => sum + (Number(one[index]) * 1000) / TICKS_PER_S, 0);
  return { userMs: ms(11), systemMs: ms(12) };
}

/** Resident memory of processes, MB. */
export const rssMb = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => sum + (Number(statFields(pid)[21]) * PAGE_BYTES) / 1e6, 0);
