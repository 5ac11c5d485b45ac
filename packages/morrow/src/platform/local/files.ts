/** Small files that must be read whole or not at all, and what the operating system says in Morrow's words. */
import { execFile } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { MorrowError } from '../../errors.ts';

const run = promisify(execFile);

/** Code of an error from the operating system (`ENOENT`); empty where it is none. */
export const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : '';

/**
 * Says what the operating system refused: a full disk and missing rights have codes of their own.
 * @param doing what was being done, as in `writing the snapshot`
 * @returns null where it is something else
 */
export function refusedBySystem(error: unknown, doing: string): MorrowError | null {
  switch (codeOf(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new MorrowError('DISK_FULL', `The disk is full: ${doing} failed.`, {
        hint: 'Free some space, then try again; nothing half-done was kept.',
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS': {
      const path = (error as NodeJS.ErrnoException).path;
      return new MorrowError(
        'PERMISSION_DENIED',
        `The operating system refuses access${path === undefined ? '' : ` to ${path}`}: ${doing} failed.`,
        { hint: 'Look at the owner and the mode of that path.', cause: error },
      );
    }
    default:
      return null;
  }
}

/**
 * Replaces a file as a whole: a reader, and whoever comes after a crash of this process, sees the old or the new.
 * @param durable also survive a crash of the machine (costs a flush of the disk)
 * @throws MorrowError `DISK_FULL`, `PERMISSION_DENIED`
 */
export function writeJson(path: string, value: unknown, durable = false): void {
  const aside = `${path}.${process.pid}.part`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const file = openSync(aside, 'w', 0o600);
    try {
      writeSync(file, `${JSON.stringify(value)}\n`);
      if (durable) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(aside, path);
    if (durable) syncFolder(dirname(path));
  } catch (error) {
    rmSync(aside, { force: true });
    throw refusedBySystem(error, `writing ${path}`) ?? error;
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** What {@link writeJson} wrote; null where there is nothing, or nothing that can be read. */
export function readJson<T>(path: string): T | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    return null;
  }
}

/** Text of a file; null where there is none. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** Names in a folder, sorted; none where there is no folder. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** Removes a folder whatever its modes: in a read-only folder nothing could be deleted. */
export async function removeTree(path: string): Promise<void> {
  if (!existsSync(path)) return;
  // The system's own tools: a snapshot may hold 50,000 files, and Node would walk them on this event loop.
  await run('chmod', ['-R', 'u+rwx', path]).catch(() => undefined);
  await run('rm', ['-rf', path]);
}
