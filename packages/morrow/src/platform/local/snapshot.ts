/** Copies a folder as it is at one moment, and names what it holds by a hash. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MorrowError } from '../../errors.ts';
import { codeOf, readText, refusedBySystem, removeTree } from './files.ts';
import { type Entry, entriesOf, stampOf } from './folder-entries.ts';
import { ignoreRules } from './ignore-rules.ts';

/** How often a folder that changes while it is copied is tried again. */
const TRIES = 3;
const AT_ONCE = 16;
/** Files up to this size are read in one piece. */
const SMALL_BYTES = 1024 * 1024;

export interface SnapshotSource {
  /** Absolute. */
  readonly folder: string;
  /** As in `.gitignore`; see {@link ignoreRules} for what else is left out. */
  readonly ignore: readonly string[];
  readonly build: string | null;
  /** Absolute paths that are left out as well: Morrow's own state. */
  readonly except: readonly string[];
}

export interface Snapshot {
  /** `sha256:…` of sorted paths, executable bits, contents and link targets. */
  readonly artifact: string;
  readonly files: number;
  readonly bytes: number;
}

/**
 * Copies `source.folder` into `destination`, which must not exist, and hashes what it copied.
 * Links within the folder stay links; one that leads out of it by a relative path would dangle and is refused, an
 * absolute one (`/usr/bin/python3`) is kept as it is.
 * @throws MorrowError `SERVICE_FOLDER_ABSENT`, `SNAPSHOT_FAILED` (it keeps changing, a link leads out of it),
 *   `DISK_FULL`, `PERMISSION_DENIED`
 */
export async function takeSnapshot(source: SnapshotSource, destination: string): Promise<Snapshot> {
  const { folder, build, except } = source;
  const dockerignore = readText(join(folder, '.dockerignore'));
  const rules = ignoreRules({ patterns: source.ignore, dockerignore, build });
  const left = except.map((path) => relative(folder, path).split(sep).join('/'));
  const scan = (): Promise<readonly Entry[]> =>
    entriesOf(folder, (path, isFolder) => left.includes(path) || rules.leavesOut(path, isFolder));

  let changed = '';
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    try {
      const entries = await scan();
      const digests = await copyAll(folder, destination, entries);
      const difference = firstDifference(entries, await scan());
      if (difference === null) return nameOf(entries, digests);
      changed = difference;
    } catch (error) {
      if (!(error instanceof ChangedWhileRead)) throw failure(error, folder);
      changed = error.path;
    }
    await removeTree(destination);
  }
  throw new MorrowError(
    'SNAPSHOT_FAILED',
    `${folder} changed ${TRIES} times while it was being copied, the last time in ${changed}.`,
    { hint: 'Stop what writes there, or leave it out with `ignore` in the configuration.' },
  );
}

class ChangedWhileRead extends Error {
  readonly path: string;

  constructor(path: string) {
    super(`${path} changed while it was read`);
    this.path = path;
  }
}

function failure(error: unknown, folder: string): unknown {
  if (error instanceof MorrowError) return error;
  return refusedBySystem(error, `copying ${folder}`) ?? error;
}

/** Copies every entry; returns the files' digests by path. */
async function copyAll(
  folder: string,
  destination: string,
  entries: readonly Entry[],
): Promise<ReadonlyMap<string, string>> {
  await mkdir(destination, { recursive: true });
  // Sorted, so a folder comes before what is in it.
  for (const { kind, path } of entries) if (kind === 'folder') await mkdir(join(destination, path));
  const digests = new Map<string, string>();
  const rest = entries.filter(({ kind }) => kind !== 'folder').values();
  const failures: unknown[] = [];
  const work = async (): Promise<void> => {
    for (const entry of rest) {
      if (failures.length > 0) return;
      if (entry.kind === 'link') await symlink(linkTarget(folder, entry), join(destination, entry.path));
      else digests.set(entry.path, await copyFile(folder, destination, entry));
    }
  };
  const workers = Array.from({ length: AT_ONCE }, () => work().catch((error) => failures.push(error)));
  // All have stopped before anybody hears of a failure: what was copied can then be removed.
  await Promise.all(workers);
  if (failures.length > 0) throw failures[0];
  return digests;
}

async function copyFile(folder: string, destination: string, entry: Entry): Promise<string> {
  const from = join(folder, entry.path);
  const to = join(destination, entry.path);
  const mode = entry.executable ? 0o755 : 0o644;
  const digest =
    entry.bytes <= SMALL_BYTES ? await copySmall(from, to, mode) : await copyLarge(from, to, mode);
  const now = await lstat(from, { bigint: true }).catch(() => null);
  if (now === null || stampOf(now) !== entry.stamp) throw new ChangedWhileRead(entry.path);
  // Kept, because static file servers and `make` go by it; no part of the hash.
  await utimes(to, new Date(), new Date(entry.modifiedAtMs));
  return digest;
}

async function copySmall(from: string, to: string, mode: number): Promise<string> {
  const content = await readFile(from).catch((error: unknown) => vanished(error, from));
  await writeFile(to, content, { mode });
  return createHash('sha256').update(content).digest('hex');
}

async function copyLarge(from: string, to: string, mode: number): Promise<string> {
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(createReadStream(from), hashing, createWriteStream(to, { mode })).catch((error: unknown) =>
    vanished(error, from),
  );
  return hash.digest('hex');
}

function vanished(error: unknown, from: string): never {
  const missing = codeOf(error) === 'ENOENT' && (error as NodeJS.ErrnoException).path === from;
  throw missing ? new ChangedWhileRead(from) : error;
}

/** What the copy of a link leads to: always within the copy, or an absolute path that is no part of it. */
function linkTarget(folder: string, { path, target }: Entry): string {
  const place = dirname(join(folder, path));
  const goal = resolve(place, target);
  const inside = goal === folder || goal.startsWith(folder + sep);
  if (inside) return isAbsolute(target) ? relative(place, goal) || '.' : target;
  if (isAbsolute(target)) return target;
  throw new MorrowError(
    'SNAPSHOT_FAILED',
    `The link ${join(folder, path)} leads out of its folder, to ${target}.`,
    {
      hint: 'Put what it leads to into the folder, or leave the link out with `ignore` in the configuration.',
    },
  );
}

function firstDifference(before: readonly Entry[], after: readonly Entry[]): string | null {
  const stamps = new Map(before.map(({ path, stamp }) => [path, stamp]));
  for (const { path, stamp } of after) {
    if (stamps.get(path) !== stamp) return path;
    stamps.delete(path);
  }
  return stamps.keys().next().value ?? null;
}

/** Names what was copied. Entries are in order, and no path or target holds a NUL, so no two folders read alike. */
function nameOf(entries: readonly Entry[], digests: ReadonlyMap<string, string>): Snapshot {
  const hash = createHash('sha256');
  let bytes = 0;
  for (const { kind, path, executable, target, bytes: size } of entries) {
    const content = kind === 'file' ? `${executable ? 'x' : '-'} ${digests.get(path)}` : target;
    hash.update(`${kind}\0${path}\0${content}\0`);
    bytes += size;
  }
  return { artifact: `sha256:${hash.digest('hex')}`, files: digests.size, bytes };
}
