import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { DEFAULTS, type LoadOptions, loadOptions } from './options.ts';
import type { EndRecord } from './records.ts';

/** A generator in a process of its own. */
export interface RunningLoad {
  readonly pid: number;
  /** Resolves when the generator has ended by itself (`seconds` are over) or was stopped. Its log is then whole. */
  readonly ended: Promise<EndRecord>;
  /** Ends the load, waits for what is under way, and for the log. */
  stop(): Promise<EndRecord>;
}

/**
 * Starts a generator as a child process, so that it neither disturbs nor is disturbed by the caller.
 * It ends when the caller's process does.
 * @throws Error with the generator's own words when it fails
 */
export async function startLoad(given: Partial<LoadOptions> & { url: string }): Promise<RunningLoad> {
  const child = fork(fileURLToPath(new URL('main.ts', import.meta.url)), commandLine(loadOptions(given)), {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
  });
  const ended = endOf(child);
  // Whoever awaits it sees a failure; nobody awaiting it yet is no reason to end the caller's process.
  ended.catch(() => {});
  await Promise.race([once(child, 'message'), ended]);
  return {
    pid: child.pid ?? 0,
    ended,
    stop: () => {
      if (child.connected) child.send('stop');
      return ended;
    },
  };
}

const commandLine = (options: LoadOptions): string[] => [
  options.url,
  ...(Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[])
    .filter((name) => options[name] !== null)
    .map((name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}=${options[name]}`),
];

async function endOf(child: ChildProcess): Promise<EndRecord> {
  const out: string[] = [];
  const problems: string[] = [];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => out.push(text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => problems.push(text));
  const [code, signal] = await once(child, 'close');
  if (code !== 0)
    throw new Error(`The load generator ended with ${signal ?? code}: ${problems.join('').trim()}`);
  return JSON.parse(out.join('')) as EndRecord;
}
