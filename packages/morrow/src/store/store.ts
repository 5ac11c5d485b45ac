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
  | {
      readonly type: 'effect-failed';
      readonly effect: Effect;
      readonly code: string;
      readonly message: string;
    }
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
  /** Revision ids that were stable, the newest first, without the present one. */
  readonly previous: readonly string[];
  /** The contract migration of the present stable has run: earlier revisions no longer fit the schema. */
  readonly contracted: boolean;
  /** A deploy that starts when the rollout under way has ended. */
  readonly queued: QueuedDeploy | null;
}

/** A deploy that waits for its turn. */
export interface QueuedDeploy {
  readonly rolloutId: string;
  readonly revision: string;
  /** In one step and without bakes: back to something that has served before. */
  readonly direct: boolean;
  readonly by: string;
  readonly atMs: number;
}

export interface LeaseRequest {
  readonly owner: string;
  readonly nowMs: number;
  readonly ttlMs: number;
  /** The epoch granted is at least this. */
  readonly minEpoch: number;
  /** Whether a lease that has not expired may be taken from its owner, because that owner is known to be dead. */
  readonly isDead: (owner: string) => boolean;
}

export interface Store {
  /**
   * Takes or renews the lease. A lease held by another owner, neither expired nor dead, throws `LEASE_HELD`.
   * A change of hands, or `minEpoch` above the present epoch, raises the epoch.
   */
  acquireLease(request: LeaseRequest): Promise<Lease>;
  /** Prolongs the lease; throws `LEASE_LOST` when it is no longer ours. */
  renewLease(owner: string, epoch: number, nowMs: number, ttlMs: number): Promise<Lease>;
  /** Gives it back, so that a successor needn't wait. */
  releaseLease(owner: string, epoch: number): Promise<void>;

  /**
   * Writes a rollout's new state and its journal entries in one transaction.
   * Throws `LEASE_LOST` when `epoch` is not the present one: nothing is written then.
   * Throws `DISK_FULL` or `JOURNAL_WRITE_FAILED` when it cannot be written: nothing is written then.
   */
  commit(epoch: number, atMs: number, change: StoreChange): Promise<void>;

  rollout(id: string): Promise<Rollout | null>;
  /** Rollouts that have not ended, oldest first. */
  activeRollouts(): Promise<readonly Rollout[]>;
  /** Newest first. `service` null: of all. */
  history(service: string | null, limit: number): Promise<readonly Rollout[]>;
  journal(rolloutId: string, afterSeq: number, limit: number): Promise<readonly JournalEntry[]>;
  services(): Promise<readonly ServiceRecord[]>;
  revision(id: string): Promise<RevisionSpec | null>;
  /** Newest first. */
  revisions(service: string): Promise<readonly RevisionSpec[]>;
  close(): Promise<void>;
}

/** One transaction. Absent parts stay as they are. */
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
