/** A local platform in a folder of its own, with everything that it started ended by {@link LocalBench.close}. */
import { mkdtempSync, readFileSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ResolvedService } from '../config/resolved.ts';
import { SLOTS, type Slot } from '../engine/slot.ts';
import type { Observation } from '../engine/types.ts';
import type { EdgePort } from '../platform/local/context.ts';
import { removeTree } from '../platform/local/files.ts';
import { layoutOf } from '../platform/local/layout.ts';
import {
  createLocalPlatform,
  type LocalPlatform,
  type LocalPlatformOptions,
} from '../platform/local/platform.ts';
import { processRuntime } from '../platform/local/process-runtime.ts';
import { systemProcessTable } from '../platform/local/process-table.ts';
import { makeRevision } from '../platform/local/revisions.ts';
import { type TargetRecord, targetsOf } from '../platform/local/targets.ts';
import type { RevisionSpec } from '../platform/platform.ts';
import { serviceSettings } from './service-settings.ts';
import { type TestServiceMode, writeTestService } from './test-service.ts';

const NAME = 'backend';
let made = 0;

export class LocalBench {
  readonly base = realpathSync(mkdtempSync(join(tmpdir(), 'morrow-local-')));
  readonly stateDir = join(this.base, 'state');
  readonly folder = join(this.base, 'app');
  readonly service: ResolvedService;
  readonly edge: EdgePort;
  /** What the platforms said. */
  readonly said: string[] = [];
  readonly #options: Partial<LocalPlatformOptions>;
  readonly #platforms: LocalPlatform[] = [];

  constructor(
    edge: EdgePort,
    service: Partial<ResolvedService> = {},
    options: Partial<LocalPlatformOptions> = {},
  ) {
    this.edge = edge;
    this.#options = options;
    this.service = serviceSettings({
      name: NAME,
      folder: this.folder,
      start: `${process.execPath} server.js`,
      ...service,
    });
    writeTestService(this.folder);
  }

  /** A controller's view of the machine; several may stand side by side. */
  platform(options: Partial<LocalPlatformOptions> = {}): LocalPlatform {
    const { stateDir, edge } = this;
    const log = (line: string): void => void this.said.push(line);
    const platform = createLocalPlatform({
      stateDir,
      environment: 'test',
      edge,
      log,
      ...this.#options,
      ...options,
    });
    this.#platforms.push(platform);
    return platform;
  }

  /** A revision of its own content. */
  async revision(
    mode: TestServiceMode = 'serves',
    over: Partial<ResolvedService> = {},
  ): Promise<RevisionSpec> {
    made += 1;
    writeTestService(this.folder, `revision ${made}`);
    const env = { MODE: mode, ...over.env };
    return makeRevision(
      { ...this.service, ...over, env },
      { stateDir: this.stateDir, nowMs: Date.now(), identify: (artifact) => artifact.slice(7, 19) },
    );
  }

  /** Every target on record. */
  records(): readonly TargetRecord[] {
    return targetsOf(layoutOf(this.stateDir), NAME).list();
  }

  /** Those that are meant to serve. */
  serving(slot?: Slot): readonly TargetRecord[] {
    return this.records().filter(
      (record) =>
        record.ended === null && record.stopping === null && (slot === undefined || record.slot === slot),
    );
  }

  /** The first that is meant to serve. */
  first(): TargetRecord {
    const [record] = this.serving();
    if (record === undefined) throw new Error('nothing serves');
    return record;
  }

  /** The processes of a target. */
  identity(id: string): { readonly shim: { readonly pid: number }; readonly main: { readonly pid: number } } {
    const folder = layoutOf(this.stateDir).target(NAME, id);
    return JSON.parse(readFileSync(join(folder, 'identity.json'), 'utf8'));
  }

  /** Ensures, stages in blue with epoch 1, and waits until every target is healthy. */
  async serve(
    platform: LocalPlatform,
    count = 1,
    mode: TestServiceMode = 'serves',
    over: Partial<ResolvedService> = {},
  ): Promise<RevisionSpec> {
    const spec = await this.revision(mode, over);
    await platform.ensure(spec.settings, { epoch: 1 });
    await platform.stage(NAME, 'blue', spec, count, { epoch: 1 });
    await this.until(platform, 'healthy', (seen) => holds(seen, 'blue', spec, count));
    return spec;
  }

  /** Asks a target itself. */
  async ask(record: TargetRecord | undefined, path: string): Promise<string> {
    if (record === undefined) throw new Error('there is no such target');
    return (await fetch(`http://${record.host}:${record.port}${path}`)).text();
  }

  /** Waits until what the platform shows is as wanted; says what it shows if it never is. */
  async until(
    platform: LocalPlatform,
    what: string,
    wanted: (seen: Observation) => boolean,
    limitMs = 20_000,
  ): Promise<Observation> {
    const end = performance.now() + limitMs;
    for (;;) {
      const seen = await platform.observe(NAME).catch(() => null);
      if (seen !== null && wanted(seen)) return seen;
      if (performance.now() > end)
        throw new Error(
          `${what}: not within ${limitMs} ms; ${JSON.stringify(seen, null, 1)}\n${this.said.join('\n')}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends whatever was started, and removes the folder. */
  async close(): Promise<void> {
    await this.stop();
    await removeTree(this.base);
  }

  /** Ends whatever was started, by its records. */
  async stop(): Promise<void> {
    for (const platform of this.#platforms) await platform.close();
    const layout = layoutOf(this.stateDir);
    const table = this.#options.processTable ?? systemProcessTable();
    const runtime = processRuntime({ shimPath: layout.shim, table, onExit: () => undefined });
    const targets = targetsOf(layout, NAME);
    for (const record of targets.list()) {
      if (record.ended !== null) continue;
      const ref = targets.ref(record);
      runtime.cancel(ref);
      for (let attempt = 0; attempt < 100; attempt += 1) {
        await runtime.signal(ref, 'SIGKILL');
        const { state } = await runtime.look(ref);
        if (state === 'ended' || state === 'not-started') break;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
}

/** Whether a slot holds the revision with so many healthy targets. */
export const holds = (seen: Observation, slot: Slot, { id }: RevisionSpec, healthy: number): boolean =>
  seen.slots[slot].revision === id &&
  seen.slots[slot].healthy === healthy &&
  seen.slots[slot].running === healthy;

/** Whether both slots are empty. */
export const isEmpty = (seen: Observation): boolean =>
  SLOTS.every((slot) => seen.slots[slot].revision === null);
