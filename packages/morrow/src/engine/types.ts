/**
 * The engine's plain data: what a rollout is, what can happen to it, and what it asks for.
 * Everything here is JSON; times are wall-clock ms since 1970 as the caller's clock gives them, durations are ms.
 */
import type { Slot, Weights } from './slot.ts';

/** A declarative HTTP check, sent through the preview route. */
export interface Check {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly expect: {
    /** Status codes allowed; empty: any 2xx. */
    readonly status: readonly number[];
    /** Text that the body must hold. */
    readonly bodyIncludes: string | null;
    /** Longest answer time, ms. */
    readonly withinMs: number;
  };
}

/** A command to run once in the candidate's artifact, or a signed HTTPS call. */
export type Hook =
  | { readonly name: string; readonly type: 'command'; readonly command: string; readonly timeoutMs: number }
  | {
      readonly name: string;
      readonly type: 'call';
      readonly url: string;
      /** Name of the secret whose value signs the body (HMAC-SHA-256). */
      readonly secret: string;
      readonly timeoutMs: number;
    };

export interface Step {
  /** The candidate's share of the traffic, per cent, 1–100. */
  readonly weightPct: number;
  /** How long the weight is held at least, ms. */
  readonly bakeMs: number;
  /** Whether a person must agree before the next step. */
  readonly gate: boolean;
}

/** The absolute guard, and what to do where evidence is too thin. */
export interface AnalysisSettings {
  readonly enabled: boolean;
  /** Where the bake has passed and the evidence does not suffice. `hold` waits for a person. */
  readonly insufficient: 'hold' | 'promote' | 'rollback';
  readonly guard: {
    /** Share of requests that may fail, per cent (default 1). */
    readonly errorRatePct: number;
    /** Limit of the 99th percentile of latency, ms (default 500). */
    readonly p99Ms: number;
    /** How far back the guard looks, ms (default 5 min). */
    readonly windowMs: number;
    /** Fewer requests of a revision in the window say nothing (default 100). */
    readonly minRequests: number;
  };
}

/** A rollout's configuration, frozen when it begins. */
export interface RolloutSettings {
  readonly kind: 'http' | 'worker' | 'job';
  /** Targets that carry the full load. */
  readonly count: number;
  readonly steps: readonly Step[];
  /** At 100 %, how long stable is kept warm before promotion, ms. */
  readonly finalBakeMs: number;
  /** Longest time without progress, ms; then rolled back or stuck. A task under way has its own limit on top. */
  readonly progressDeadlineMs: number;
  /** How long the candidate may take from its first running target to full health, ms; absent: `progressDeadlineMs`. */
  readonly startTimeoutMs?: number;
  /** Unplanned exits of the candidate's targets that are allowed during the rollout. */
  readonly maxExits: number;
  /** How long too little candidate capacity for its weight is borne, ms. */
  readonly capacityGraceMs: number;
  readonly smoke: readonly Check[];
  readonly migrations: {
    /** Run once before traffic; null: none. */
    readonly expand: { readonly command: string; readonly timeoutMs: number } | null;
    /** Run once after the bake; makes a rollback past it impossible; null: none. */
    readonly contract: { readonly command: string; readonly timeoutMs: number } | null;
  };
  readonly hooks: {
    readonly beforeTraffic: readonly Hook[];
    readonly afterPromote: readonly Hook[];
    readonly afterRollback: readonly Hook[];
  };
  readonly analysis: AnalysisSettings;
  /** What to do when the platform shows other weights than those last asked for. */
  readonly onDrift: 'correct' | 'hold';
}

/** A revision in a slot. */
export interface Placement {
  readonly slot: Slot;
  readonly revision: string;
}

export type Phase =
  | 'pending'
  | 'preparing'
  | 'verifying'
  | 'migrating'
  | 'shifting'
  | 'observing'
  | 'baking'
  | 'contracting'
  | 'paused'
  | 'holding'
  | 'waiting'
  | 'rolling-back'
  | 'promoted'
  | 'rolled-back'
  | 'failed'
  | 'stuck';

/** Phases that a rollout never leaves. */
export const TERMINAL_PHASES: readonly Phase[] = ['promoted', 'rolled-back', 'failed', 'stuck'];

/** Machine-readable cause of a hold, a rollback or a failure; `reason.text` says it in words. */
export type ReasonCode =
  | 'aborted'
  | 'superseded'
  | 'rollback-requested'
  | 'stage-failed'
  | 'never-healthy'
  | 'crashed'
  | 'capacity-lost'
  | 'smoke-failed'
  | 'hook-failed'
  | 'migration-failed'
  | 'guard-errors'
  | 'guard-latency'
  | 'evidence'
  | 'insufficient-evidence'
  | 'gate'
  | 'stable-unhealthy'
  | 'both-unhealthy'
  | 'both-bad'
  | 'drift'
  | 'deadline'
  | 'failsafe';

export interface Reason {
  readonly code: ReasonCode;
  /** One sentence for a person. */
  readonly text: string;
  /** Last log lines of the target that failed, oldest first; empty where there are none. */
  readonly lastLines: readonly string[];
}

/** How one target ended without being asked to. */
export interface Exit {
  readonly target: string;
  readonly atMs: number;
  /** `exit code 1`, `signal SIGKILL`, `memory limit of 256 MiB exceeded (killed)`. */
  readonly reason: string;
  readonly lastLines: readonly string[];
}

/** What the platform shows of one slot. */
export interface SlotView {
  /** Null: empty. */
  readonly revision: string | null;
  /** Targets asked for. */
  readonly wanted: number;
  readonly running: number;
  readonly healthy: number;
  /** Requests and long-lived connections under way; null where the platform cannot tell. */
  readonly inFlight: number | null;
  readonly draining: boolean;
  /** Unplanned exits since the slot was staged with this revision, oldest first (the platform may keep the last 20). */
  readonly exits: readonly Exit[];
  /** Number of such exits in all. */
  readonly exitCount: number;
  /**
   * Why the slot can't be what was asked (build failed, image can't be pulled), in words; null: no such thing.
   * `stage` clears it.
   */
  readonly problem: { readonly text: string; readonly lastLines: readonly string[] } | null;
  /** Why targets are not healthy, in words (`answered 503 on /health`); null where nothing is known. */
  readonly unhealthyReason: string | null;
}

export type CheckResult = { readonly name: string; readonly ok: boolean; readonly text: string };

/** Progress of something asked for by `probe`, `run` or `call`, under the key it was asked with. */
export type TaskView =
  | { readonly state: 'running' }
  | { readonly state: 'succeeded' }
  | { readonly state: 'failed'; readonly text: string; readonly lastLines: readonly string[] };

/** What the platform shows of one service now. */
export interface Observation {
  readonly slots: Readonly<Record<Slot, SlotView>>;
  /** Null: nothing is routed. */
  readonly weights: Weights | null;
  readonly probes: Readonly<Record<string, TaskView>>;
  readonly tasks: Readonly<Record<string, TaskView>>;
  /** Whether the platform took traffic back to stable by itself (nobody steered) since weights were last asked for. */
  readonly failsafe: boolean;
}

/** Counts of one revision in one block. */
export interface Counts {
  readonly requests: number;
  /** Answers of class 5xx, resets, timeouts and answers that never came. */
  readonly errors: number;
  /** Requests per latency bucket: one more than `boundsMs` of the block; bucket i holds latency ≤ boundsMs[i]. */
  readonly latency: readonly number[];
  /**
   * Requests under way at the end of the block whose answer has not begun, per bucket of how long they have waited.
   * A state, not a sum: the newest block's is what is so now. Absent where the platform cannot tell.
   */
  readonly waiting?: readonly number[];
}

/** Measurements over a time in which the weights did not change. */
export interface Block {
  readonly seq: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly weights: Weights;
  /** Upper bounds of the latency buckets, ms, rising. */
  readonly boundsMs: readonly number[];
  readonly slots: Readonly<Record<Slot, Counts | null>>;
}

/** What a person (or another deploy) asks of a rollout under way. */
export type Command =
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  /** Ends the bake or passes the gate; `full` skips all further steps and bakes. */
  | { readonly type: 'promote'; readonly full: boolean }
  | { readonly type: 'abort' }
  /** Back to stable; past a contract migration only with `force`. */
  | { readonly type: 'rollback'; readonly force: boolean }
  | { readonly type: 'supersede'; readonly by: string };

export type Event =
  | { readonly type: 'observed'; readonly atMs: number; readonly observation: Observation }
  | { readonly type: 'measured'; readonly atMs: number; readonly blocks: readonly Block[] }
  | { readonly type: 'command'; readonly atMs: number; readonly command: Command; readonly by: string }
  | { readonly type: 'tick'; readonly atMs: number };

/** What the engine asks for: absolute and idempotent; asked again as long as the platform shows something else. */
export type Effect =
  | { readonly type: 'ensure' }
  | { readonly type: 'stage'; readonly slot: Slot; readonly revision: string; readonly count: number }
  | { readonly type: 'route'; readonly weights: Weights | null; readonly stable: Slot | null }
  | { readonly type: 'resize'; readonly slot: Slot; readonly count: number }
  | { readonly type: 'probe'; readonly key: string; readonly slot: Slot; readonly checks: readonly Check[] }
  | {
      readonly type: 'run';
      readonly key: string;
      readonly slot: Slot;
      readonly command: string;
      readonly timeoutMs: number;
    }
  | {
      readonly type: 'call';
      readonly key: string;
      readonly hook: Hook & { type: 'call' };
      readonly body: string;
    }
  /** Drain and stop the slot; its artifact is kept for a later rollback (removal is the platform's stated rule). */
  | { readonly type: 'retire'; readonly slot: Slot }
  | { readonly type: 'alert'; readonly severity: 'info' | 'warning' | 'critical'; readonly text: string };

/** What the analysis says of a step. */
export interface Verdict {
  readonly decision: 'continue' | 'promote' | 'rollback' | 'hold';
  readonly reason: Reason | null;
}

/** How a rollout went, for people and for exit codes; set when it ends. */
export interface Outcome {
  readonly phase: 'promoted' | 'rolled-back' | 'failed' | 'stuck';
  readonly reason: Reason | null;
  readonly endedAtMs: number;
  /** When the decision to go back was taken, and when all traffic was on stable again; null where it never was. */
  readonly decidedAtMs: number | null;
  readonly returnedAtMs: number | null;
  /** True when promotion had to do without comparison of the two revisions. */
  readonly withoutComparison: boolean;
}

/** What a rollout does now, kept with its history of phases; `advance` is the only thing that changes it. */
export interface Rollout {
  readonly id: string;
  readonly environment: string;
  readonly service: string;
  readonly createdAtMs: number;
  readonly settings: RolloutSettings;
  /** Null at a first deploy. */
  readonly stable: Placement | null;
  /** Targets with which stable carries the full load; absent: `settings.count`. */
  readonly stableCount?: number;
  readonly candidate: Placement;
  readonly phase: Phase;
  /** Index into `settings.steps`; -1 before the first. */
  readonly step: number;
  /** When the current phase was entered. */
  readonly phaseSinceMs: number;
  /** When the rollout last got further; the progress deadline counts from here. Time paused or waiting does not count. */
  readonly progressAtMs: number;
  /** Where to go on after `paused`, `holding` or `waiting`. */
  readonly resumePhase: Phase | null;
  /** Weights last asked for; null: nothing routed yet by this rollout. */
  readonly weights: Weights | null;
  /** Why it holds, waits, goes back or has ended. */
  readonly reason: Reason | null;
  /** In one short sentence, what it waits for now (`2 of 3 targets healthy`); for people. */
  readonly waitingFor: string;
  /** State of the analyzer, opaque to the rest of the engine. */
  readonly analysis: unknown;
  readonly verdict: Verdict | null;
  /** Set when the contract migration has begun: no way back but by force. */
  readonly contracted: boolean;
  readonly outcome: Outcome | null;
  /** Engine's own memory (since when capacity is short, which hooks are done, …). */
  readonly memory: RolloutMemory;
}

/** Small facts that the engine must remember between events. */
export interface RolloutMemory {
  /** Time spent of the current bake while it counted, ms (a pause stops it). */
  readonly bakedMs: number;
  /** When an event last arrived. */
  readonly lastEventMs: number;
  /** Since when the candidate carries less than its weight needs; null: it carries it. */
  readonly shortSinceMs: number | null;
  /** The same of stable. */
  readonly stableShortSinceMs: number | null;
  /** How many of the present phase's tasks (smoke, hooks, …) are done, one after the other. */
  readonly milestone: number;
  /** Exits that the candidate's slot showed before this rollout touched it; they are not counted against it. */
  readonly exitBase: number;
  /** When the candidate was first given traffic: what its slot did before is not its doing. */
  readonly trafficSinceMs: number | null;
  /** Since when it has been going back; 60 s later stable's capacity is no longer waited for. */
  readonly backSinceMs: number | null;
  /** What an alert was last sent for and is still so; keeps an alert from being sent again and again. */
  readonly trouble: ReasonCode | null;
  /** When the decision to go back was taken. */
  readonly decidedAtMs: number | null;
  readonly returnedAtMs: number | null;
  /** `promote --full` was asked for. */
  readonly promoteFull: boolean;
  /** `promote` was asked for and ends the current bake or gate. */
  readonly promoteStep: boolean;
  readonly withoutComparison: boolean;
}

/** What `advance` returns. */
export interface Advanced {
  readonly rollout: Rollout;
  readonly effects: readonly Effect[];
}
