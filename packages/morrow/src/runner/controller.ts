import type { Rollout } from '../engine/types.ts';
import { MorrowError } from '../errors.ts';
import type { Platform, RevisionSpec } from '../platform/platform.ts';
import type { Lease, ServiceRecord, Store } from '../store/store.ts';
import type { Clock } from './clock.ts';
import { ServiceLoop } from './service-loop.ts';

/** How long a lease lasts without being renewed, and how often it is renewed, ms. */
const LEASE_MS = 10_000;
const HEARTBEAT_MS = 2000;

export interface ControllerDeps {
  readonly environment: string;
  /** Unique per controller process; says enough to tell later whether that process lives. */
  readonly owner: string;
  readonly isDead: (owner: string) => boolean;
  readonly store: Store;
  readonly platform: Platform;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly secret: (service: string, name: string) => string | null;
  /** Called after each heartbeat that the platform has heard, with the epoch in force. */
  readonly onHeartbeat: (epoch: number) => Promise<void>;
}

/**
 * Holds the lease and steers all services of one environment, each by a loop of its own.
 * Ends by itself (see {@link Controller.ended}) when another controller has taken over.
 */
export class Controller {
  readonly #deps: ControllerDeps;
  readonly #loops = new Map<string, ServiceLoop>();
  readonly #running = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  readonly #ended = Promise.withResolvers<MorrowError | null>();
  #lease: Lease;
  #unwatch: () => void = () => undefined;
  #beat = new AbortController();

  private constructor(deps: ControllerDeps, lease: Lease) {
    this.#deps = deps;
    this.#lease = lease;
  }

  /**
   * Takes the lease and goes on with whatever the journal says is under way.
   * @throws MorrowError `LEASE_HELD` when another controller lives
   */
  static async start(deps: ControllerDeps): Promise<Controller> {
    const { store, clock, owner, isDead, platform } = deps;
    const seen = await platform.heartbeat({ epoch: 0 }).catch(() => 0);
    const lease = await store.acquireLease({
      owner,
      nowMs: clock.now(),
      ttlMs: LEASE_MS,
      minEpoch: seen + 1,
      isDead,
    });
    const controller = new Controller(deps, lease);
    await controller.#load();
    controller.#unwatch = platform.onChange((service) => controller.#loops.get(service)?.wake());
    controller.#keep(controller.#heartbeats());
    return controller;
  }

  get epoch(): number {
    return this.#lease.epoch;
  }

  get loops(): readonly ServiceLoop[] {
    return [...this.#loops.values()];
  }

  /** Resolves when the controller has ended: with the reason when it was superseded, with null after `stop`. */
  get ended(): Promise<MorrowError | null> {
    return this.#ended.promise;
  }

  /** @throws MorrowError `UNKNOWN_SERVICE` for a service that was never deployed */
  loop(service: string): ServiceLoop {
    const loop = this.#loops.get(service);
    if (loop !== undefined) return loop;
    throw new MorrowError(
      'UNKNOWN_SERVICE',
      `${service} has not been deployed to ${this.#deps.environment}.`,
      {
        hint: `\`morrow deploy ${this.#deps.environment} ${service}\` ships it.`,
      },
    );
  }

  /** The loop of a candidate's service; a service deployed for the first time gets one. */
  loopFor(candidate: RevisionSpec): ServiceLoop {
    return this.#loops.get(candidate.service) ?? this.#add(emptyRecord(candidate.service), null, null);
  }

  /** Stops acting, gives the lease back. What runs goes on running. */
  async stop(): Promise<void> {
    await this.#end(null);
  }

  /** Stops every service, then itself. `limitMs` bounds the wait for drains. */
  async stopServices(limitMs: number): Promise<void> {
    const limit = new AbortController();
    const expired = this.#deps.clock.sleep(limitMs, limit.signal).then(() => limit.abort());
    this.#stop.abort();
    await Promise.all(this.loops.map((loop) => loop.stopService(limit.signal)));
    limit.abort();
    await expired;
    await this.#end(null);
  }

  async #load(): Promise<void> {
    const { store } = this.#deps;
    const active = new Map((await store.activeRollouts()).map((rollout) => [rollout.service, rollout]));
    for (const record of await store.services()) {
      const [newest, second] = await store.history(record.service, 2);
      const rollout = active.get(record.service) ?? null;
      const last = (newest?.id === rollout?.id ? second : newest) ?? null;
      this.#add(record, rollout, last);
    }
  }

  #add(record: ServiceRecord, rollout: Rollout | null, last: Rollout | null): ServiceLoop {
    const { environment, store, platform, clock, log, secret } = this.#deps;
    const loop = new ServiceLoop(
      {
        environment,
        store,
        platform,
        clock,
        log,
        secret,
        epoch: () => this.epoch,
        onFenced: () => this.#beat.abort(),
      },
      record,
      rollout,
      last,
    );
    this.#loops.set(record.service, loop);
    this.#keep(loop.run(this.#stop.signal));
    return loop;
  }

  #keep(running: Promise<void>): void {
    const kept = running
      .catch((error: unknown) => this.#deps.log(`internal: ${String(error)}`))
      .finally(() => this.#running.delete(kept));
    this.#running.add(kept);
  }

  /** Renews the lease, tells the platform that it is steered, and takes a new epoch where the platform has seen a higher one. */
  async #heartbeats(): Promise<void> {
    const { clock, store, platform, owner, log, onHeartbeat } = this.#deps;
    while (!this.#stop.signal.aborted) {
      this.#beat = new AbortController();
      try {
        this.#lease = await store.renewLease(owner, this.epoch, clock.now(), LEASE_MS);
        const seen = await platform.heartbeat({ epoch: this.epoch });
        if (seen > this.epoch) await this.#raise(seen);
        await onHeartbeat(this.epoch);
      } catch (error) {
        if (error instanceof MorrowError && (error.code === 'LEASE_LOST' || error.code === 'LEASE_HELD')) {
          await this.#end(error);
          return;
        }
        log(`heartbeat: ${error instanceof Error ? error.message : String(error)}`);
      }
      await clock.sleep(HEARTBEAT_MS, AbortSignal.any([this.#beat.signal, this.#stop.signal]));
    }
  }

  async #raise(seen: number): Promise<void> {
    const { clock, store, owner, log } = this.#deps;
    // Nobody but ourselves may be raised: another owner's lease is not ours to take.
    const request = { owner, nowMs: clock.now(), ttlMs: LEASE_MS, minEpoch: seen + 1, isDead: () => false };
    this.#lease = await store.acquireLease(request);
    log(`the platform had seen epoch ${seen}; steering on with epoch ${this.epoch}`);
    for (const loop of this.loops) loop.wake();
  }

  async #end(reason: MorrowError | null): Promise<void> {
    this.#stop.abort();
    this.#beat.abort();
    this.#unwatch();
    // A heartbeat that ends the controller is itself among those running.
    if (reason === null) {
      await Promise.all(this.#running);
      await this.#deps.store.releaseLease(this.#deps.owner, this.epoch).catch(() => undefined);
    }
    this.#ended.resolve(reason);
  }
}

const emptyRecord = (service: string): ServiceRecord => ({
  service,
  stable: null,
  previous: [],
  contracted: false,
  queued: null,
});
