/** The journal and the lease: what survives every crash. SQLite on one machine, S3 on AWS. */
import type { Effect, Event, Placement, Rollout } from '../engine/types.ts';
import type { RevisionSpec } from '../platform/platform.ts';

/** The lease says which controller may act. */
export interface Lease {
  /** Who holds it: unique per controller process. */
  readonly owner: string;
  /** Rises with each change of hands. */
  readonly epoch: number;
  readonly expiresAtMs: number;
}

export type JournalBody =
  | { readonly type: 'created'; readonly rollout: Rollout }
  | { readonly type: 'event'; readonly event: Event; readonly phase: Rollout['phase'] }
  | { readonly type: 'effect'; readonly effect: Effect }
  | { readonly type: 'effect-failed'; readonly effect: Effect; readonly code: string; readonly message: string }
  | { readonly type: 'note'; readonly text: string };

export interface JournalEntry {
  readonly seq: number;
  readonly atMs: number;
  readonly epoch: number;
  readonly service: string;
  /** Null: concerns the service, not a rollout. */
  readonly rolloutId: string | null;
  readonly body: JournalBody;
}

/** What is known of a service beside its rollouts. */
export interface ServiceRecord {
  readonly service: string;
  /** What serves, or last served; null: nothing was ever promoted. */
  readonly stable: Placement | null;
  /** Targets of stable that are wanted; 0 when the service is stopped. */
  readonly count: number;
  /** Revision ids that were stable, the newest first, without the present one. */
  readonly previous: readonly string[];
}

export interface Store {
  /**
   * Takes or renews the lease. A lease held by another owner and not expired throws `LEASE_HELD`.
   * A change of hands, or `minEpoch` above the present epoch, raises the epoch.
   */
  acquireLease(owner: string, nowMs: number, ttlMs: number, minEpoch: number): Promise<Lease>;
  /** Prolongs the lease; throws `LEASE_LOST` when it is no longer ours. */
  renewLease(owner: string, epoch: number, nowMs: number, ttlMs: number): Promise<Lease>;
  /** Gives it back, so that a successor needn't wait. */
  releaseLease(owner: string, epoch: number): Promise<void>;

  /**
   * Writes a rollout's new state and its journal entries in one transaction.
   * Throws `LEASE_LOST` when `epoch` is not the present one: nothing is written then.
   */
  commit(epoch: number, atMs: number, change: StoreChange): Promise<void>;

  rollout(id: string): Promise<Rollout | null>;
  /** Rollouts that have not ended, oldest first. */
  activeRollouts(): Promise<readonly Rollout[]>;
  /** Newest first. */
  history(service: string | null, limit: number): Promise<readonly Rollout[]>;
  journal(rolloutId: string, afterSeq: number, limit: number): Promise<readonly JournalEntry[]>;
  services(): Promise<readonly ServiceRecord[]>;
  revision(id: string): Promise<RevisionSpec | null>;
  /** Newest first. */
  revisions(service: string): Promise<readonly RevisionSpec[]>;
  close(): Promise<void>;
}

export interface StoreChange {
  readonly rollout?: Rollout;
  readonly service?: ServiceRecord;
  readonly revision?: RevisionSpec;
  readonly entries: readonly {
    readonly service: string;
    readonly rolloutId: string | null;
    readonly body: JournalBody;
  }[];
}
