/**
 * Makes revisions: a snapshot of the service's folder, built, kept read-only. Several revisions may share one
 * snapshot: those that differ only in settings that no file depends on, and restarts.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ResolvedService } from '../../config/resolved.ts';
import { MorrowError } from '../../errors.ts';
import type { RevisionSpec } from '../platform.ts';
import { runBuild } from './build.ts';
import { refusedBySystem, removeTree, writeJson } from './files.ts';
import { type Layout, layoutOf } from './layout.ts';
import { type Maker, outlastOtherMaker, removeLeftovers, thisMaker } from './maker.ts';
import { type Snapshot, takeSnapshot } from './snapshot.ts';
import {
  claimPlace,
  discard,
  filesOf,
  type SnapshotRecord,
  snapshotKey,
  useSnapshot,
} from './snapshot-store.ts';

const run = promisify(execFile);

export interface MakeRevisionOptions {
  /** The environment's state folder. */
  readonly stateDir: string;
  /** The revision's id (12 hex digits), given its artifact (`sha256:…`). */
  readonly identify: (artifact: string) => string;
  readonly nowMs: number;
  /** The build's output, line by line. */
  readonly onLine?: (line: string) => void;
  /** Ends the build. */
  readonly signal?: AbortSignal;
}

/**
 * Takes a snapshot of the service's folder, builds it, and names the revision. The same folder with the same
 * settings is neither kept nor built twice. May be called by several processes at once.
 *
 * The artifact names the sources: what the build makes of them is as repeatable as the build is.
 * @throws MorrowError `START_COMMAND_MISSING`, `SERVICE_FOLDER_ABSENT`, `SNAPSHOT_FAILED`, `BUILD_FAILED`, `DISK_FULL`,
 *   `PERMISSION_DENIED`; nothing half-done is kept
 */
export async function makeRevision(
  service: ResolvedService,
  options: MakeRevisionOptions,
): Promise<RevisionSpec> {
  if (service.start === null) {
    throw new MorrowError('START_COMMAND_MISSING', `Nothing says how to start ${service.name}.`, {
      hint: `Give it a \`start\` command in the configuration, for example \`start: 'node server.js'\`.`,
    });
  }
  const layout = layoutOf(options.stateDir);
  await removeLeftovers(layout);
  const work = join(layout.building, randomBytes(8).toString('hex'));
  try {
    const maker = await thisMaker();
    mkdirSync(work, { recursive: true, mode: 0o700 });
    maker.sign(work);
    const source = {
      folder: service.folder,
      ignore: service.ignore,
      build: service.build,
      except: [layout.root],
    };
    const snapshot = await takeSnapshot(source, join(work, 'files'));
    const id = options.identify(snapshot.artifact);
    await place({ layout, maker, work, service, snapshot, options }, id);
    return {
      id,
      service: service.name,
      artifact: snapshot.artifact,
      settings: service,
      createdAtMs: options.nowMs,
    };
  } catch (error) {
    throw refusedBySystem(error, `making a snapshot of ${service.folder}`) ?? error;
  } finally {
    await removeTree(work);
  }
}

interface Making {
  readonly layout: Layout;
  readonly maker: Maker;
  readonly work: string;
  readonly service: ResolvedService;
  readonly snapshot: Snapshot;
  readonly options: MakeRevisionOptions;
}

/** Uses the snapshot that is there already, or makes the copied one it. */
async function place(making: Making, id: string): Promise<void> {
  const { layout, work, service, snapshot, options } = making;
  const key = snapshotKey(snapshot.artifact, service);
  while (!useSnapshot(layout, key, id)) {
    if (claimPlace(layout, work, key)) await finish(making, key);
    else await outlastOtherMaker(layout, key, options.signal ?? null);
  }
}

/**
 * Builds a snapshot and declares it complete. The build runs where the files will stay, since what it makes may know
 * its own path (a Python virtual environment does).
 */
async function finish(making: Making, key: string): Promise<void> {
  const { layout, maker, service, snapshot, options } = making;
  const folder = layout.snapshot(key);
  try {
    if (service.build !== null) {
      await runBuild({
        service: service.name,
        command: service.build,
        folder: filesOf(layout, key),
        env: service.env,
        logFile: layout.buildLog(service.name),
        onLine: options.onLine ?? (() => undefined),
        onStart: (group) => void maker.signBuild(folder, group).catch(() => undefined),
        signal: options.signal ?? null,
      });
    }
    await makeReadOnly(filesOf(layout, key));
    const { artifact, files, bytes } = snapshot;
    const record = { service: service.name, artifact, files, bytes, createdAtMs: options.nowMs };
    writeJson(join(folder, 'snapshot.json'), record satisfies SnapshotRecord, true);
    rmSync(join(folder, 'maker.json'), { force: true });
  } catch (error) {
    await discard(layout, key, maker);
    throw error;
  }
}

/** Files with several names are left as they are: package managers share them with stores of their own. */
async function makeReadOnly(folder: string): Promise<void> {
  const what = ['(', '-type', 'd', '-o', '-type', 'f', '-links', '1', ')'];
  await run('find', [folder, ...what, '-exec', 'chmod', 'a-w', '{}', '+']);
}
