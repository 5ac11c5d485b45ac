import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** The repository's root folder. */
export const ROOT = resolve(import.meta.dirname, '../..');

/** One linter: a program, and the files it is for. */
export interface Linter {
  readonly name: string;
  /** The program's name; one of npm's is looked for in node_modules first. */
  readonly program: string;
  /** Arguments, given the root folder; null: there is nothing for it to look at. */
  readonly args: (root: string) => readonly string[] | null;
  /** Whether `npm ci` brings it. One that it does not bring is skipped where it is absent. */
  readonly bundled: boolean;
}

export interface Outcome {
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  /** Why it was skipped; empty otherwise. */
  readonly reason: string;
  readonly output: string;
  /** How long it took, ms. */
  readonly ms: number;
}

/** Where a linter's program is: npm's folder, this checkout's own tools, then the PATH. */
function findProgram(name: string): string | null {
  const folders = [
    join(ROOT, 'node_modules/.bin'),
    join(ROOT, '.tools/lint/bin'),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}

/**
 * Runs a linter over a folder.
 * @param demanded comma list of linters that must not be skipped for want of them
 */
export async function runLinter(linter: Linter, demanded = '', root = ROOT): Promise<Outcome> {
  const { name } = linter;
  const skipped = (reason: string): Outcome => ({ name, state: 'skipped', reason, output: '', ms: 0 });
  const args = linter.args(root);
  if (args === null) return skipped('there is no file for it yet');
  const program = findProgram(linter.program);
  if (program === null) {
    const reason = `there is no ${linter.program} on this machine`;
    const must = linter.bundled || demanded.split(',').some((entry) => entry.trim() === linter.program);
    if (!must) return skipped(reason);
    return { ...skipped(''), state: 'failed', output: `${name} must run here, but ${reason}` };
  }
  const begin = performance.now();
  const { code, output } = await run(program, args, root);
  return { name, state: code === 0 ? 'passed' : 'failed', reason: '', output, ms: performance.now() - begin };
}

function run(
  program: string,
  args: readonly string[],
  cwd: string,
): Promise<{ code: number; output: string }> {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', fail);
    child.once('close', (code) => done({ code: code ?? 1, output }));
  });
}
