import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ResolvedService } from '../config/resolved.ts';
import { hasEnded } from '../engine/advance.ts';
import type { Phase, Rollout, RolloutSettings } from '../engine/types.ts';
import { MorrowError } from '../errors.ts';
import type { RevisionSpec } from '../platform/platform.ts';
import { Controller } from '../runner/controller.ts';
import type { ServiceSnapshot } from '../runner/service-state.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { rolloutSettings } from './rollout-builder.ts';
import { ScriptedPlatform } from './scripted-platform.ts';
import { serviceSettings } from './service-settings.ts';
import { SimulatedClock } from './simulated-clock.ts';

/** A revision of the service `backend`. */
export function revision(
  id: string,
  rollout: Partial<RolloutSettings> = {},
  service: Partial<ResolvedService> = {},
): RevisionSpec {
  const settings = serviceSettings({ rollout: rolloutSettings(rollout), ...service });
  return { id, service: settings.name, artifact: `sha256:${id}`, settings, createdAtMs: 1_800_000_000_000 };
}

/** Controllers over a real journal, a scripted platform and a clock that stands still. */
export class ControllerFixture {
  readonly clock = new SimulatedClock();
  readonly platform = new ScriptedPlatform(this.clock);
  readonly folder = mkdtempSync(join(tmpdir(), 'morrow-runner-'));
  readonly lines: string[] = [];
  readonly dead = new Set<string>();
  /** While true the journal cannot be written. */
  diskFull = false;
  readonly #stores: Store[] = [];
  readonly #controllers: Controller[] = [];
  #owners = 0;

  /** Starts a controller, as a new process would. */
  async start(): Promise<Controller> {
    this.#owners += 1;
    const store = openSqliteStore(join(this.folder, 'journal.db'));
    const commit = store.commit.bind(store);
    store.commit = async (...change) => {
      if (this.diskFull) throw new MorrowError('DISK_FULL', 'The disk is full.');
      return commit(...change);
    };
    this.#stores.push(store);
    const controller = await Controller.start({
      environment: 'test',
      owner: `owner-${this.#owners}`,
      isDead: (owner) => this.dead.has(owner),
      store,
      platform: this.platform,
      clock: this.clock,
      log: (line) => this.lines.push(line),
      secret: () => null,
      onHeartbeat: async () => undefined,
    });
    this.#controllers.push(controller);
    return controller;
  }

  /** The last store opened: what a look at the journal shows. */
  get store(): Store {
    const store = this.#stores.at(-1);
    if (store === undefined) throw new Error('no controller was started');
    return store;
  }

  /** What kill -9 leaves: a lease that nobody renews, held by a process that is no more. */
  async kill(): Promise<void> {
    await this.#stores.at(-1)?.close();
    this.dead.add(`owner-${this.#owners}`);
  }

  /** Lets time pass until the rollout under way is in `phase`, or has ended so. */
  async until(controller: Controller, phase: Phase, limitMs = 600_000): Promise<ServiceSnapshot> {
    const now = (): Rollout | null => {
      const { rollout, last } = controller.loop('backend').snapshot();
      return rollout ?? last;
    };
    await this.clock.until(
      () => now()?.phase === phase || (now() !== null && hasEnded(now() as Rollout)),
      limitMs,
    );
    return controller.loop('backend').snapshot();
  }

  async remove(): Promise<void> {
    for (const controller of this.#controllers) {
      const stopped = controller.stop().catch(() => undefined);
      await this.clock.advance(10_000);
      await stopped;
    }
    for (const store of this.#stores) await store.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
