/** The snapshots on disk: which there are, which revisions use them, when they go. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ResolvedService } from '../../config/resolved.ts';
import { MorrowError } from '../../errors.ts';
import { namesIn, readJson, refusedBySystem, removeTree } from './files.ts';
import type { Layout } from './layout.ts';
import type { Maker } from './maker.ts';

/** A snapshot used this recently is kept whatever else: the deploy that made it may not have asked for it yet, ms. */
const RECENT_MS = 10 * 60_000;

/** Written when a snapshot is complete. */
export interface SnapshotRecord {
  readonly service: string;
  readonly artifact: string;
  readonly files: number;
  readonly bytes: number;
  readonly createdAtMs: number;
}

/** Names the files of a revision: what they were made from and how. */
export function snapshotKey(
  artifact: string,
  service: Pick<ResolvedService, 'name' | 'build' | 'env'>,
): string {
  // Without a build the environment changes no file.
  const made = service.build === null ? null : [service.build, Object.entries(service.env).sort()];
  const parts = JSON.stringify([service.name, artifact, made]);
  return createHash('sha256').update(parts).digest('hex').slice(0, 16);
}

const recordPath = (layout: Layout, key: string): string => join(layout.snapshot(key), 'snapshot.json');

/** Whether there is such a snapshot and it is not half-done. */
export const isComplete = (layout: Layout, key: string): boolean => existsSync(recordPath(layout, key));

/** Folder of a snapshot's files. */
export const filesOf = (layout: Layout, key: string): string => join(layout.snapshot(key), 'files');

/**
 * Notes that a revision needs a snapshot, now.
 * @returns false where it isn't there, or only half-done
 * @throws MorrowError `DISK_FULL`, `PERMISSION_DENIED`
 */
export function useSnapshot(layout: Layout, key: string, revision: string): boolean {
  if (!isComplete(layout, key)) return false;
  const folder = join(layout.snapshot(key), 'revisions');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, revision), '');
    const now = new Date();
    utimesSync(folder, now, now);
  } catch (error) {
    // Somebody may just have moved it away to remove it.
    if (!isComplete(layout, key)) return false;
    throw refusedBySystem(error, 'noting which revisions use a snapshot') ?? error;
  }
  return isComplete(layout, key);
}

/**
 * Puts a snapshot that is still to be built in its place, so that one maker builds and others wait.
 * @returns false where somebody else's is there already
 */
export function claimPlace(layout: Layout, work: string, key: string): boolean {
  mkdirSync(layout.snapshots, { recursive: true, mode: 0o700 });
  if (existsSync(layout.snapshot(key))) return false;
  try {
    renameSync(work, layout.snapshot(key));
    return true;
  } catch (error) {
    if (existsSync(layout.snapshot(key))) return false;
    throw error;
  }
}

/**
 * Removes the snapshots of a service that no revision in `needed` uses, except those used in the last ten minutes.
 * @returns the keys removed
 */
export async function pruneSnapshots(
  layout: Layout,
  service: string,
  needed: ReadonlySet<string>,
  nowMs: number,
  maker: Maker,
): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const key of namesIn(layout.snapshots)) {
    const record = readJson<SnapshotRecord>(recordPath(layout, key));
    if (record?.service !== service || isNeeded(layout.snapshot(key), needed, nowMs)) continue;
    if (await discard(layout, key, maker, (aside) => !isNeeded(aside, needed, nowMs))) removed.push(key);
  }
  return removed;
}

/**
 * Removes one snapshot; first out of its place at one stroke, so that nobody finds half of it.
 * @param sure asked again once it is out of reach; false puts it back
 */
export async function discard(
  layout: Layout,
  key: string,
  maker: Maker,
  sure: (aside: string) => boolean = () => true,
): Promise<boolean> {
  const place = layout.snapshot(key);
  const aside = join(layout.building, `removed-${key}-${randomBytes(4).toString('hex')}`);
  mkdirSync(layout.building, { recursive: true, mode: 0o700 });
  try {
    maker.sign(place);
  } catch {
    // A full disk must not keep us from making room; unsigned leftovers are removed as well, only later.
  }
  renameSync(place, aside);
  if (!sure(aside)) {
    renameSync(aside, place);
    return false;
  }
  await removeTree(aside);
  return true;
}

function isNeeded(snapshot: string, needed: ReadonlySet<string>, nowMs: number): boolean {
  const folder = join(snapshot, 'revisions');
  if (namesIn(folder).some((revision) => needed.has(revision))) return true;
  const usedAtMs = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return nowMs - usedAtMs < RECENT_MS;
}

/**
 * The files that a revision runs from.
 * @throws MorrowError `SNAPSHOT_FAILED` where they are gone
 */
export function filesFor(
  layout: Layout,
  revision: { readonly id: string; readonly artifact: string; readonly settings: ResolvedService },
): string {
  const key = snapshotKey(revision.artifact, revision.settings);
  if (useSnapshot(layout, key, revision.id)) return filesOf(layout, key);
  throw new MorrowError(
    'SNAPSHOT_FAILED',
    `The files of revision ${revision.id} of ${revision.settings.name} are no longer there.`,
    { hint: 'Deploy it again from its sources.' },
  );
}
