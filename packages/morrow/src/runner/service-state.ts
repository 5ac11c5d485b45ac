import type { Observation, Rollout } from '../engine/types.ts';
import { MorrowError } from '../errors.ts';
import type { RevisionSpec } from '../platform/platform.ts';
import type { JournalBody, ServiceRecord, Store, StoreChange } from '../store/store.ts';
import type { Clock } from './clock.ts';
import { EMPTY_TALLY, type Tally } from './live.ts';

/** How often a rollout's small changes (clocks, evidence) are written, ms. */
const SAVE_MS = 1000;

/** What is known of a service at one moment. */
export interface ServiceSnapshot {
  readonly record: ServiceRecord;
  /** The rollout under way; null: none. */
  readonly rollout: Rollout | null;
  /** The last that ended. */
  readonly last: Rollout | null;
  readonly observation: Observation | null;
  readonly tally: Tally;
  /** What is wrong now, one sentence each. */
  readonly problems: readonly string[];
}

export interface JournalDeps {
  readonly store: Store;
  readonly clock: Clock;
  /** The epoch of the lease that this controller holds now. */
  readonly epoch: () => number;
}

/** One service's present state in memory, and the way to the journal by which it changes. */
export class ServiceState {
  readonly #deps: JournalDeps;
  readonly #watchers = new Set<() => void>();
  #savedAtMs = 0;
  record: ServiceRecord;
  rollout: Rollout | null;
  last: Rollout | null;
  observation: Observation | null = null;
  tally: Tally = EMPTY_TALLY;
  problem: string | null = null;

  constructor(deps: JournalDeps, record: ServiceRecord, rollout: Rollout | null, last: Rollout | null) {
    this.#deps = deps;
    this.record = record;
    this.rollout = rollout;
    this.last = last;
  }

  get service(): string {
    return this.record.service;
  }

  snapshot(): ServiceSnapshot {
    const { record, rollout, last, observation, tally, problem } = this;
    return { record, rollout, last, observation, tally, problems: problem === null ? [] : [problem] };
  }

  /** Calls `listener` after each change; returns how to stop. */
  watch(listener: () => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  notify(): void {
    for (const watcher of this.#watchers) watcher();
  }

  /** Writes a change in one transaction; a changed service record is in force from then on. */
  async commit(change: StoreChange): Promise<void> {
    const now = this.#deps.clock.now();
    await this.#deps.store.commit(this.#deps.epoch(), now, change);
    if (change.rollout !== undefined) this.#savedAtMs = now;
    if (change.service !== undefined) this.record = change.service;
  }

  /** Writes the rollout's small changes, once a second at most. */
  async save(rollout: Rollout): Promise<void> {
    const now = this.#deps.clock.now();
    if (now - this.#savedAtMs >= SAVE_MS || now < this.#savedAtMs)
      await this.commit({ rollout, entries: [] });
  }

  entry(rolloutId: string | null, body: JournalBody): StoreChange['entries'][number] {
    return { service: this.service, rolloutId, body };
  }

  /** @throws MorrowError `UNKNOWN_REVISION` */
  async revision(id: string): Promise<RevisionSpec> {
    const spec = await this.#deps.store.revision(id);
    if (spec !== null) return spec;
    throw new MorrowError(
      'UNKNOWN_REVISION',
      `The journal does not know the revision ${id} of ${this.service}.`,
    );
  }

  /** Newest first. */
  async revisions(): Promise<readonly RevisionSpec[]> {
    return this.#deps.store.revisions(this.service);
  }
}
