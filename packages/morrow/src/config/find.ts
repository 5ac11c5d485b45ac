import { readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { MorrowError } from '../errors.ts';

/** What a configuration file may be called; at most one of them in a folder. */
export const CONFIG_FILES = [
  'morrow.config.ts',
  'morrow.config.js',
  'morrow.config.mjs',
  'morrow.config.json',
  'morrow.config.yaml',
  'morrow.config.yml',
] as const;

/**
 * The configuration file of a folder, or of the nearest folder above it. The search ends at the top of a git
 * repository, and passes over folders above in which anybody may write: what lies there is code, and not ours.
 * @returns its absolute path
 * @throws MorrowError `CONFIG_NOT_FOUND`; `CONFIG_UNREADABLE` where a folder has two
 */
export function findConfig(cwd: string): string {
  let folder = resolve(cwd);
  for (;;) {
    const found = configIn(folder);
    if (found !== null && (folder === resolve(cwd) || !isEverybodys(folder))) return found;
    const above = dirname(folder);
    if (above === folder || namesIn(folder).includes('.git')) break;
    folder = above;
  }
  throw new MorrowError(
    'CONFIG_NOT_FOUND',
    `There is no morrow.config.ts in ${resolve(cwd)}, nor above it.`,
    {
      hint: 'Run `morrow init` to have one written. It may also be called .js, .mjs, .json, .yaml or .yml.',
    },
  );
}

/**
 * The configuration file in a folder itself; null: there is none.
 * @throws MorrowError `CONFIG_UNREADABLE` where there are two
 */
export function configIn(folder: string): string | null {
  const names = namesIn(folder);
  const found = CONFIG_FILES.filter((name) => names.includes(name));
  if (found.length > 1) {
    throw new MorrowError(
      'CONFIG_UNREADABLE',
      `There are ${found.join(' and ')} in ${folder}; which one counts?`,
      {
        hint: 'Remove all but one.',
      },
    );
  }
  return found[0] === undefined ? null : join(folder, found[0]);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isEverybodys(folder: string): boolean {
  return (statSync(folder).mode & 0o002) !== 0;
}
