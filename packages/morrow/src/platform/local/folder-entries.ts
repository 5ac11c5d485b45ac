/** What lies in a folder, for a snapshot of it. */
import type { BigIntStats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { MorrowError } from '../../errors.ts';
import { codeOf } from './files.ts';

/** A file, folder or symbolic link. */
export interface Entry {
  /** Relative to the folder, with `/` between its parts. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link';
  /** Whether its owner may execute it; false for what is no file. */
  readonly executable: boolean;
  /** 0 for what is no file. */
  readonly bytes: number;
  readonly modifiedAtMs: number;
  /** Changes whenever the entry does. */
  readonly stamp: string;
  /** Where a link leads, as it says; empty for the others. */
  readonly target: string;
}

/**
 * Everything below `folder`, sorted by path in bytes. Sockets, pipes and devices are no artifact and are passed over.
 * @param leavesOut what is passed over as well; a folder left out is not looked into
 * @throws MorrowError `SERVICE_FOLDER_ABSENT`; errors of the operating system as they come
 */
export async function entriesOf(
  folder: string,
  leavesOut: (path: string, isFolder: boolean) => boolean,
): Promise<readonly Entry[]> {
  const found: Entry[] = [];
  const walk = async (below: string): Promise<void> => {
    for (const item of await readdir(join(folder, below), { withFileTypes: true })) {
      const path = below === '' ? item.name : `${below}/${item.name}`;
      const isFolder = item.isDirectory();
      if (leavesOut(path, isFolder)) continue;
      const entry = await entryOf(folder, path);
      if (entry !== null) found.push(entry);
      if (entry?.kind === 'folder') await walk(path);
    }
  };
  try {
    await walk('');
  } catch (error) {
    if (
      (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') &&
      (error as NodeJS.ErrnoException).path === folder
    )
      throw absent(folder);
    throw error;
  }
  return found
    .map((entry) => ({ entry, key: Buffer.from(entry.path) }))
    .sort((a, b) => a.key.compare(b.key))
    .map(({ entry }) => entry);
}

const absent = (folder: string): MorrowError =>
  new MorrowError('SERVICE_FOLDER_ABSENT', `The folder ${folder} does not exist.`, {
    hint: 'Look at `folder` of that service in the configuration.',
  });

async function entryOf(folder: string, path: string): Promise<Entry | null> {
  const at = join(folder, path);
  const stat = await lstat(at, { bigint: true }).catch((error: unknown) => {
    // Gone since it was listed: as if it had never been there.
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  });
  if (stat === null) return null;
  const isFile = stat.isFile();
  if (!isFile && !stat.isDirectory() && !stat.isSymbolicLink()) return null;
  return {
    path,
    kind: isFile ? 'file' : stat.isDirectory() ? 'folder' : 'link',
    executable: isFile && (stat.mode & 0o100n) !== 0n,
    bytes: isFile ? Number(stat.size) : 0,
    modifiedAtMs: Number(stat.mtimeMs),
    // A folder's times change with every entry, also with one that is left out: its entries speak for it.
    stamp: stat.isDirectory() ? 'folder' : stampOf(stat),
    target: stat.isSymbolicLink() ? await readlink(at) : '',
  };
}

/** What changes whenever a file does: its size, times, mode and place on the disk. */
export const stampOf = (stat: BigIntStats): string =>
  [stat.size, stat.mtimeNs, stat.ctimeNs, stat.ino, stat.mode].join(' ');
