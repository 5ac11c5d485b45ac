/** What the machine has to offer a benchmark: cores to pin to, programs, ports. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Load average of a minute above which others disturb what is measured. */
const BUSY_LOAD = 0.7;

/** Which core runs proxies, and which the load and the upstream; null: the system chooses. */
export interface Cores {
  readonly proxy: number | null;
  readonly load: number | null;
}

/** Two cores where there are two and `taskset` is there to choose them. */
export const chooseCores = (): Cores =>
  availableParallelism() >= 2 && whereIs('taskset') !== null
    ? { proxy: 1, load: 0 }
    : { proxy: null, load: null };

/** The command, confined to a core. */
export const pinned = (core: number | null, command: readonly string[]): string[] =>
  core === null ? [...command] : ['taskset', '-c', String(core), ...command];

/** Full path of a program, also of those in places that only root's PATH has; null if it isn't there. */
export function whereIs(program: string): string | null {
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    '/usr/sbin',
    '/usr/local/sbin',
    '/usr/local/go/bin',
  ];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? null;
}

/** The first line of what a program says about itself that has a number in it. */
export function versionOf(command: readonly string[]): string {
  const [program = '', ...args] = command;
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return /\d+\.\d+[\w.]*/.exec(`${stdout}\n${stderr}`)?.[0] ?? 'unknown';
}

/** What to know of figures taken on a machine that has other things to do; none where it hasn't. */
export function busyNotes(): string[] {
  const [load = 0] = loadavg();
  if (load < BUSY_LOAD) return [];
  return [
    `The machine was not idle when this began (load average ${load.toFixed(1)} on ${availableParallelism()} cores): ` +
      'times and requests/s are worse than they would be; CPU per request is hit less.',
  ];
}

/** A port of the loopback address that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A folder of its own for a program, which may run as another user. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `morrow-bench-${name}-`));
  chmodSync(folder, 0o755);
  return folder;
}

/** Removes what {@link temporaryFolder} made. */
export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true });
