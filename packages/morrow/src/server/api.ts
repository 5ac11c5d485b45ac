/**
 * What the command line and the agent say to each other: HTTP with JSON bodies over a Unix socket (mode 0600).
 *
 * | request | answer |
 * |---|---|
 * | `GET /v1/status` | {@link StatusReport} |
 * | `POST /v1/deploy` {@link DeployRequest} | {@link DeployAnswer} |
 * | `POST /v1/command` {@link CommandRequest} | {@link CommandAnswer} |
 * | `POST /v1/rollback` {@link RollbackRequest} | {@link DeployAnswer} |
 * | `POST /v1/restart` {@link RestartRequest} | {@link DeployAnswer} |
 * | `POST /v1/smoke` {@link SmokeRequest} | {@link SmokeAnswer} |
 * | `GET /v1/rollouts?service=S&limit=N` | {@link RolloutView}[], newest first |
 * | `GET /v1/rollouts/:id` | {@link RolloutView} |
 * | `GET /v1/rollouts/:id/journal?after=SEQ&limit=N` | JournalEntry[] |
 * | `GET /v1/rollouts/:id/watch` | newline-delimited {@link RolloutView}, one per change, until it has ended |
 * | `GET /v1/logs?service=S&slot=blue&tail=N&follow=1` | newline-delimited LogLine |
 * | `POST /v1/shutdown` {@link ShutdownRequest} | `{}`; the agent then ends |
 *
 * Errors: status 4xx or 5xx with {@link ApiError}.
 */

import type { Slot, Weights } from '../engine/slot.ts';
import type { Check, Command, Exit, Outcome, Phase, Reason, Step } from '../engine/types.ts';
import type { ErrorCode } from '../errors.ts';
import type { RevisionSpec } from '../platform/platform.ts';
import type { SideLive } from '../runner/live.ts';

export type { SideLive };

export interface ApiError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** One revision as people see it: its id and the digest of its artifact. */
export interface RevisionView {
  readonly id: string;
  readonly artifact: string;
  readonly createdAtMs: number;
}

export interface SideView {
  readonly slot: Slot;
  readonly revision: RevisionView;
  readonly weightPct: number;
  readonly wanted: number;
  readonly running: number;
  readonly healthy: number;
  readonly exits: readonly Exit[];
  /** Since the rollout began; null when nothing was measured. */
  readonly live: SideLive | null;
}

/** A rollout as the live view, `status --json`, `history` and the dashboard show it. */
export interface RolloutView {
  readonly id: string;
  readonly service: string;
  readonly environment: string;
  readonly createdAtMs: number;
  /** The agent's clock when the view was made. */
  readonly nowMs: number;
  readonly phase: Phase;
  readonly phaseSinceMs: number;
  readonly step: number;
  readonly steps: readonly Step[];
  /** What it waits for now, in one sentence. */
  readonly waitingFor: string;
  readonly reason: Reason | null;
  readonly weights: Weights | null;
  readonly stable: SideView | null;
  readonly candidate: SideView;
  readonly outcome: Outcome | null;
  /** Set while a second deploy waits behind this one. */
  readonly queued: string | null;
  /** Exit code that a command following it ends with: null while it goes on by itself, 6 while it waits for a person. */
  readonly exitCode: number | null;
}

export interface ServiceStatus {
  readonly service: string;
  readonly kind: 'http' | 'worker' | 'job';
  /** Where people reach it, for example `http://127.0.0.1:8080/`. */
  readonly url: string | null;
  /** What serves now; null: nothing yet. */
  readonly serving: SideView | null;
  readonly rollout: RolloutView | null;
  /** The last rollout that has ended. */
  readonly last: RolloutView | null;
  /** What is wrong now, in one sentence each. */
  readonly problems: readonly string[];
}

export interface StatusReport {
  readonly environment: string;
  readonly agent: { readonly pid: number; readonly startedAtMs: number; readonly epoch: number };
  readonly edge: {
    readonly pid: number;
    readonly workers: readonly number[];
    /** What keeps it from taking requests (a port that another program holds), a sentence each. */
    readonly problems?: readonly string[];
  } | null;
  readonly nowMs: number;
  readonly services: readonly ServiceStatus[];
}

export interface DeployRequest {
  /** With its settings: those of the rollout as well. Deploying what serves already puts changed settings in force. */
  readonly revision: RevisionSpec;
  /** Only say what would be done. */
  readonly dryRun: boolean;
  readonly by: string;
}

/** What a rollout would do, in data; made by the same function that starts it. */
export interface PlanView {
  readonly service: string;
  readonly environment: string;
  readonly from: RevisionView | null;
  readonly to: RevisionView;
  readonly candidateSlot: Slot;
  readonly steps: readonly Step[];
  /** One line each, in the order in which it happens. */
  readonly lines: readonly string[];
  /** Least time that it takes, ms. */
  readonly leastMs: number;
}

export interface DeployAnswer {
  /** `unchanged`: that revision serves already; `queued`: starts when the present rollout has ended. */
  readonly decision: 'started' | 'superseded' | 'queued' | 'unchanged' | 'dry-run' | 'command';
  /** One sentence for a person. */
  readonly text: string;
  /** Null with `unchanged` and `dry-run`. With `queued` the id that the rollout will have. */
  readonly rolloutId: string | null;
  readonly plan: PlanView | null;
}

export interface CommandRequest {
  readonly service: string;
  readonly command: Command;
  readonly by: string;
}

export interface CommandAnswer {
  readonly rolloutId: string;
  readonly phase: Phase;
  readonly text: string;
}

/** Within a rollout: back to stable. After it: a rollout to an earlier revision. */
export interface RollbackRequest {
  readonly service: string;
  /** A revision id or an unambiguous beginning of one; null: the one before. */
  readonly to: string | null;
  readonly force: boolean;
  readonly by: string;
}

export interface RestartRequest {
  readonly service: string;
  readonly by: string;
}

/** Runs the smoke checks against what serves now. */
export interface SmokeRequest {
  readonly service: string;
  readonly checks: readonly Check[];
}

export interface SmokeAnswer {
  readonly ok: boolean;
  readonly results: readonly { readonly name: string; readonly ok: boolean; readonly text: string }[];
}

export interface ShutdownRequest {
  /** Also stops the services and the edge (`morrow down`). */
  readonly everything: boolean;
}
