/**
 * What the operating system tells of processes. Linux tells by files below /proc, every other system by `ps`;
 * this module is the only place that knows. Zombies are dead: they are left out everywhere.
 */
import { execFile, execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** When it started, as the system tells; with the pid it names this very process. Compare with {@link ProcessTable.same}. */
  readonly started: string;
  /** The same by the wall clock; may be off by a second or two. */
  readonly startedAtMs: number;
  /** Resident memory. Memory shared between processes counts in each. */
  readonly rssBytes: number;
}

export interface ProcessTable {
  list(): Promise<readonly ProcessInfo[]>;
  /** Null: no such process, or only its remains. */
  find(pid: number): Promise<ProcessInfo | null>;
  /** Whether two `started` of one pid mean the same process. */
  same(a: string, b: string): boolean;
  /** Program and arguments; empty where the process is gone or somebody else's. */
  commandLine(pid: number): Promise<string>;
  /** Processes that were started with `entry` (`NAME=value`) in their environment; none where the system doesn't tell. */
  withEnvironment(entry: string): Promise<readonly number[]>;
}

/** The way that fits this system. */
export const systemProcessTable = (): ProcessTable =>
  process.platform === 'linux' ? procTable() : psTable();

/** Ticks per second in /proc/<pid>/stat: USER_HZ, which is 100 on every architecture that Node runs on. */
const TICKS_PER_S = 100;

/** By /proc. */
export function procTable(): ProcessTable {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  const bootedAtMs = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1] ?? 0) * 1000;
  const pageBytes = pageSize();

  const read = (pid: number): ProcessInfo | null => {
    const stat = readProc(`/proc/${pid}/stat`);
    // The name stands in parentheses and may hold anything, parentheses and spaces too.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const field = (index: number): number => Number(fields[index]);
    if (fields.length < 22 || fields[0] === 'Z' || fields[0] === 'X') return null;
    return {
      pid,
      parent: field(1),
      group: field(2),
      started: `${boot}/${fields[19]}`,
      startedAtMs: bootedAtMs + (field(19) * 1000) / TICKS_PER_S,
      rssBytes: field(21) * pageBytes,
    };
  };

  return {
    list: async () =>
      allPids()
        .map(read)
        .filter((info) => info !== null),
    find: async (pid) => read(pid),
    same: (a, b) => a === b,
    commandLine: async (pid) => readProc(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim(),
    withEnvironment: async (entry) =>
      allPids().filter((pid) => `\0${readProc(`/proc/${pid}/environ`)}`.includes(`\0${entry}\0`)),
  };
}

const allPids = (): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0);

function readProc(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function pageSize(): number {
  try {
    return Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' })) || 4096;
  } catch {
    return 4096;
  }
}

const PS_COLUMNS = 'pid=,ppid=,pgid=,rss=,stat=,lstart=';

/** By `ps`, as POSIX systems without /proc have it. Starts are known to the second only. */
export function psTable(): ProcessTable {
  const ask = async (...args: string[]): Promise<string> => {
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
    // `ps` ends with 1 where it found nothing.
    return run('ps', args, { env, maxBuffer: 64 * 1024 * 1024 }).then(
      ({ stdout }) => stdout,
      () => '',
    );
  };
  const rows = (text: string): ProcessInfo[] => text.split('\n').flatMap((line) => fromPs(line) ?? []);
  return {
    list: async () => rows(await ask('-A', '-o', PS_COLUMNS)),
    find: async (pid) => rows(await ask('-o', PS_COLUMNS, '-p', String(pid)))[0] ?? null,
    // Some systems compute the start from the uptime, and then it wavers by a second.
    same: (a, b) => Math.abs(Number(a) - Number(b)) <= 1000,
    commandLine: async (pid) => (await ask('-ww', '-o', 'args=', '-p', String(pid))).trim(),
    withEnvironment: async () => [],
  };
}

/** One line of `ps` with {@link PS_COLUMNS}; null where it is none, or a zombie's. */
export function fromPs(line: string): ProcessInfo | null {
  const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+\S+\s+(.+?)\s*$/.exec(line);
  if (match === null) return null;
  const [, pid, parent, group, kib, state = '', date] = match;
  if (state.startsWith('Z')) return null;
  const startedAtMs = Date.parse(`${date} UTC`);
  return {
    pid: Number(pid),
    parent: Number(parent),
    group: Number(group),
    started: String(startedAtMs),
    startedAtMs,
    rssBytes: Number(kib) * 1024,
  };
}
