/**
 * What the runner asks of a place where revisions run. One implementation per folder; all of them pass
 * `testing/platform-contract.ts`.
 *
 * No method waits for its goal: each asks for a state and returns; progress shows in `observe`.
 * All are idempotent, all but `observe` and `measure` carry the lease's epoch in the {@link Fence};
 * one called with an epoch that is too old throws `EDGE_EPOCH_STALE` or `LEASE_LOST` and changes nothing.
 */

import type { ResolvedService } from '../config/resolved.ts';
import type { Slot, Weights } from '../engine/slot.ts';
import type { Block, Check, Observation } from '../engine/types.ts';

/** Proof of being the present controller. */
export interface Fence {
  readonly epoch: number;
}

/** Everything that is needed to run a revision, again and again; plain JSON, kept in the journal. No secret values. */
export interface RevisionSpec {
  /** 12 hex digits: hash of artifact digest, resolved settings, and names and version ids of the secrets. */
  readonly id: string;
  readonly service: string;
  /** Content hash of the snapshot (`sha256:…`) or image digest. */
  readonly artifact: string;
  /** The service's configuration as it was when the revision was made. */
  readonly settings: ResolvedService;
  readonly createdAtMs: number;
}

export interface Measurements {
  /** Oldest first, in rising `seq`, complete. */
  readonly blocks: readonly Block[];
}

export interface Platform {
  /**
   * What is there now. Never throws because a revision is broken: what is broken shows in the answer. Where the data
   * plane can't be asked it throws `EDGE_UNREACHABLE` rather than show revisions as dead: ask again.
   */
  observe(service: string): Promise<Observation>;

  /** What must be there before the first rollout: listener, routes. */
  ensure(service: ResolvedService, fence: Fence): Promise<void>;

  /**
   * Makes `slot` hold `revision` with `count` targets: starts what is missing, stops what is too much. Where it holds
   * that revision already, settings that are no part of its id (listener, timeouts) come into force.
   * A slot that holds another revision is emptied first, unless it has traffic: then it throws `NOT_SUPPORTED`.
   */
  stage(service: string, slot: Slot, revision: RevisionSpec, count: number, fence: Fence): Promise<void>;

  /** One atomic change of the weights; resolves when every part of the data plane serves by them. */
  route(service: string, weights: Weights | null, stable: Slot | null, fence: Fence): Promise<void>;

  /** More or fewer targets of the revision that the slot holds. */
  resize(service: string, slot: Slot, count: number, fence: Fence): Promise<void>;

  /** Starts `checks` through the preview route, once per `key`; results show in `observe().probes[key]`. */
  probe(service: string, slot: Slot, key: string, checks: readonly Check[], fence: Fence): Promise<void>;

  /** Blocks with `seq` greater than `afterSeq`, latencies counted into `boundsMs`. */
  measure(service: string, afterSeq: number, boundsMs: readonly number[]): Promise<Measurements>;

  /** Runs a command in the revision's artifact and environment, at most once per `key`; shows in `observe().tasks[key]`. */
  run(
    service: string,
    slot: Slot,
    key: string,
    command: string,
    timeoutMs: number,
    fence: Fence,
  ): Promise<void>;

  /** Drains and stops the slot. What it ran stays on disk for a later rollback, by the platform's stated rule. */
  retire(service: string, slot: Slot, fence: Fence): Promise<void>;

  /** Forgets what is kept of revisions that are neither in `keep` nor in a slot. */
  prune(service: string, keep: readonly string[], fence: Fence): Promise<void>;

  /**
   * Tells whatever watches the controller that it lives. Changes nothing else and never refuses.
   * Resolves to the highest epoch that the platform has seen: if it is above ours, a successor has acted, or the
   * platform took traffic back by itself; the controller must then take the lease anew, above that epoch, or end.
   */
  heartbeat(fence: Fence): Promise<number>;

  /** Calls `listener` when something changed that `observe` would show; returns how to stop. Hints only: may miss, may repeat. */
  onChange(listener: (service: string) => void): () => void;
}

/** The second, small interface: looking into what runs. */
export interface PlatformLogs {
  /**
   * Log lines of a service, oldest first, then new ones as they come if `follow`.
   * @param options.slot only this slot; null: both
   * @param options.tail how many old lines at most
   */
  logs(
    service: string,
    options: { slot: Slot | null; tail: number; follow: boolean; signal: AbortSignal },
  ): AsyncIterable<LogLine>;
}

export interface LogLine {
  readonly slot: Slot;
  readonly revision: string;
  readonly target: string;
  readonly line: string;
}
