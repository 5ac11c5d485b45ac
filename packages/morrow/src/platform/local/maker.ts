/**
 * Who makes a snapshot: a half-done one whose maker lives is left alone, one whose maker was killed is removed,
 * with the build that may still run in it.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { namesIn, readJson, removeTree, writeJson } from './files.ts';
import type { Layout } from './layout.ts';
import { type ProcessTable, systemProcessTable } from './process-table.ts';

/** A folder without a maker is given this long to get one, ms. */
const UNSIGNED_MS = 60_000;

/** How often is looked whether somebody else has finished the same snapshot, ms. */
const WAIT_MS = 100;

interface Signature {
  readonly pid: number;
  readonly started: string;
  /** Process group of the build under way, by its leader. */
  readonly build: { readonly pid: number; readonly started: string } | null;
}

export interface Maker {
  /** Says in `folder` that this process is at work in it. */
  sign(folder: string): void;
  /** The same, with the process group of the build that it has begun. */
  signBuild(folder: string, group: number): Promise<void>;
}

const signaturePath = (folder: string): string => join(folder, 'maker.json');

/** This process as a maker of snapshots. */
export async function thisMaker(table: ProcessTable = systemProcessTable()): Promise<Maker> {
  const started = (await table.find(process.pid))?.started ?? '';
  const sign = (folder: string, build: Signature['build']): void =>
    writeJson(signaturePath(folder), { pid: process.pid, started, build } satisfies Signature);
  return {
    sign: (folder) => sign(folder, null),
    async signBuild(folder, group) {
      const leader = await table.find(group);
      if (leader !== null) sign(folder, { pid: group, started: leader.started });
    },
  };
}

/** Waits until the snapshot is complete, or its place is free because it failed or its maker died. */
export async function outlastOtherMaker(
  layout: Layout,
  key: string,
  signal: AbortSignal | null,
): Promise<void> {
  const place = layout.snapshot(key);
  const underWay = (): boolean => existsSync(place) && !existsSync(join(place, 'snapshot.json'));
  while (underWay()) {
    signal?.throwIfAborted();
    await removeIfAbandoned(place, systemProcessTable());
    await sleep(WAIT_MS);
  }
}

/** Removes every half-done snapshot whose maker is gone. */
export async function removeLeftovers(
  layout: Layout,
  table: ProcessTable = systemProcessTable(),
): Promise<void> {
  const halfDone = namesIn(layout.snapshots)
    .map((key) => layout.snapshot(key))
    .filter((folder) => !existsSync(join(folder, 'snapshot.json')));
  const building = namesIn(layout.building).map((name) => join(layout.building, name));
  for (const folder of [...halfDone, ...building]) await removeIfAbandoned(folder, table);
}

async function removeIfAbandoned(folder: string, table: ProcessTable): Promise<void> {
  const signature = readJson<Signature>(signaturePath(folder));
  if (signature === null) {
    const ageMs = Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (ageMs > UNSIGNED_MS) await removeTree(folder);
    return;
  }
  const lives = async (one: { pid: number; started: string }): Promise<boolean> => {
    const info = await table.find(one.pid);
    return info !== null && table.same(info.started, one.started);
  };
  if (await lives(signature)) return;
  const { build } = signature;
  if (build !== null && (await lives(build))) process.kill(-build.pid, 'SIGKILL');
  await removeTree(folder);
}
