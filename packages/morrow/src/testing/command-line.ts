/** The command line run as people run it: a process of its own, in a project of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type EnvironmentPaths, environmentPaths } from '../paths.ts';

const BIN = fileURLToPath(new URL('../../bin/morrow.js', import.meta.url));

/** A folder with a configuration and files; removed by {@link Project.remove}. */
export interface TestProject {
  readonly folder: string;
  readonly paths: EnvironmentPaths;
  write(path: string, text: string): void;
  remove(): void;
}

export function testProject(files: Readonly<Record<string, string>>): TestProject {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'morrow-cli-')));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  for (const [path, text] of Object.entries(files)) write(path, text);
  return {
    folder,
    paths: environmentPaths(folder, 'development'),
    write,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly child: ChildProcess;
  /** Resolves when stderr (or stdout) has said `text`; rejects if the command ends before. */
  said(text: string | RegExp): Promise<void>;
  readonly ended: Promise<Ended>;
}

/** Starts `morrow` with `words`; no colours and no terminal unless `env` says so. */
export function morrow(
  folder: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
): RunningCommand {
  const child = spawn(process.execPath, [BIN, ...words], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, TZ: 'UTC', LANG: 'C.UTF-8', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (more: string) => {
      text[name] += more;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...text }));
  });
  const said = (wanted: string | RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const all = text.stderr + text.stdout;
        if (typeof wanted === 'string' ? all.includes(wanted) : wanted.test(all)) resolve();
      };
      listeners.add(look);
      look();
      void ended.then((end) =>
        reject(new Error(`ended with ${end.code} before it said ${wanted}:\n${end.stderr}`)),
      );
    });
  return { child, said, ended };
}
