/**
 * What the controller and the edge say to each other: HTTP with JSON bodies over a Unix socket (mode 0600).
 *
 * | request | answer |
 * |---|---|
 * | `GET /v1/state` | {@link EdgeState} |
 * | `PUT /v1/services/:name` {@link PutService} | {@link EdgeAck}, once every worker serves by it |
 * | `PUT /v1/services/:name/weights` {@link PutWeights} | {@link EdgeAck}, once every worker serves by it |
 * | `DELETE /v1/services/:name?epoch=N` | {@link EdgeAck} |
 * | `POST /v1/heartbeat` {@link Heartbeat} | {@link EdgeAck} |
 * | `PUT /v1/controller` {@link PutController} | {@link EdgeAck} |
 * | `GET /v1/blocks?service=S&after=SEQ` | {@link EdgeBlocks} |
 * | `GET /v1/events` | newline-delimited {@link EdgeEvent}, for ever |
 * | `GET /metrics` | Prometheus text |
 * | `POST /v1/shutdown` {@link Heartbeat} | {@link EdgeAck}; then drains and ends |
 *
 * Every write is absolute and idempotent and carries the lease's epoch; one older than the edge has seen
 * is refused with status 409 and code `EDGE_EPOCH_STALE`. Errors are `{ code, message, hint, epoch? }`.
 */
import type { Slot, Weights } from '../engine/slot.ts';

/** One process (or container) that answers requests. */
export interface EdgeTarget {
  /** Unique within the edge, for example `backend-blue-0-1`; a restarted process gets a new id. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
}

/** What one slot of a service holds. */
export interface EdgeSlot {
  /** Revision id; answers carry it in `x-morrow-revision`. */
  readonly revision: string;
  readonly targets: readonly EdgeTarget[];
  /**
   * Leaving rotation: takes no new request whatever its weight; requests under way finish,
   * long-lived connections (WebSocket, SSE) get a close signal, and what is left after `drainMs` is cut.
   */
  readonly draining: boolean;
  /** The revision's own health checks, where they differ from the service's: a candidate may answer on another path. */
  readonly health?: EdgeHealth;
}

/** Which requests are a service's. Host and path let several services share a port; the longest path wins. */
export interface EdgeListen {
  /** Address to bind, for example `127.0.0.1` or `0.0.0.0`. */
  readonly address: string;
  readonly port: number;
  /** Host names without port, lower case; `*.example.org` matches one label. Empty: every host. */
  readonly hosts: readonly string[];
  /** Begins with `/`; `/` is every path. The prefix is passed on, not stripped. */
  readonly pathPrefix: string;
}

/** Active health checks of each target. Healthy after one success on `readyPath`; from then on `livePath` is asked. */
export interface EdgeHealth {
  readonly readyPath: string;
  readonly livePath: string;
  /** Between two checks once healthy, ms. A target not yet healthy is asked more often. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Consecutive failures that make a healthy target unhealthy (then `readyPath` must succeed again). */
  readonly failures: number;
}

export interface EdgeTimeouts {
  readonly connectMs: number;
  /** From the last byte of the request sent to the first byte of the answer; then 504. */
  readonly answerMs: number;
  /** Without a byte in either direction, within a request's or answer's body. */
  readonly idleMs: number;
  /** What a drain may take, then connections are cut. */
  readonly drainMs: number;
}

export interface EdgeService {
  readonly name: string;
  readonly listen: EdgeListen;
  readonly slots: Readonly<Record<Slot, EdgeSlot | null>>;
  /** Null: nothing is routed; requests get 503. */
  readonly weights: Weights | null;
  /** Who gets everything if the controller falls silent while weights are split. */
  readonly stable: Slot | null;
  readonly health: EdgeHealth;
  readonly timeouts: EdgeTimeouts;
  /** Largest request body passed on, bytes; 413 beyond. Null: no limit. */
  readonly maxBodyBytes: number | null;
}

export interface PutService {
  readonly epoch: number;
  readonly service: EdgeService;
}

/** Also allowed to change `stable`, so that promotion is one atomic change. */
export interface PutWeights {
  readonly epoch: number;
  readonly weights: Weights | null;
  readonly stable?: Slot | null;
}

export interface Heartbeat {
  readonly epoch: number;
}

/** How the edge starts the controller again when it is gone; null: leave it be (an orderly `down`). */
export interface PutController {
  readonly epoch: number;
  readonly controller: {
    readonly command: readonly string[];
    readonly cwd: string;
    readonly logFile: string;
  } | null;
}

export interface EdgeAck {
  /** The epoch now in force. */
  readonly epoch: number;
  /** Rises with each accepted change. */
  readonly generation: number;
  /** Wall clock (ms since 1970) at which the last worker served by the change. */
  readonly appliedAtMs: number;
}

export interface EdgeTargetState {
  readonly id: string;
  readonly slot: Slot;
  readonly health: 'starting' | 'healthy' | 'unhealthy';
  /** Why it isn't healthy, in words: `connection refused`, `answered 503`, `no answer within 1000 ms`. */
  readonly problem: string | null;
}

export interface EdgeServiceState {
  readonly service: EdgeService;
  readonly targets: readonly EdgeTargetState[];
  /** Requests and long-lived connections under way, per slot. */
  readonly inFlight: Readonly<Record<Slot, number>>;
  /** Where a worker could not bind: the sentence that says why. */
  readonly listenProblem: string | null;
}

export interface EdgeState {
  readonly pid: number;
  readonly workers: readonly number[];
  readonly startedAtMs: number;
  readonly epoch: number;
  readonly generation: number;
  /** Loopback port that routes by the `x-morrow-revision` header to any slot, whatever its weight. */
  readonly previewPort: number;
  readonly services: readonly EdgeServiceState[];
  /** When the edge took traffic back by itself since its start; the newest last. */
  readonly failsafes: readonly { readonly service: string; readonly atMs: number }[];
  /** Why the newest state is not on disk, as a sentence; null if it is. It is served all the same. */
  readonly diskProblem?: string | null;
}

/**
 * Latency counts, sparse: `[bucket, count]` pairs with rising bucket numbers.
 * `histogram.ts` maps a bucket to its bounds (log-linear, in µs, at most 1.6 % wide).
 */
export type LatencyCounts = readonly (readonly [bucket: number, count: number])[];

/** What one slot did in one block. Preview requests and health checks are not among it. */
export interface EdgeSlotCounts {
  readonly revision: string;
  /** Requests ended in the block, whatever their end. */
  readonly requests: number;
  /** Answers by class of their status: index 0 is 1xx (101 only), … 4 is 5xx. Answers by the edge itself included. */
  readonly status: readonly [number, number, number, number, number];
  /** Connections that the target broke (or refused, after every retry) before the answer was whole. */
  readonly resets: number;
  readonly timeouts: number;
  /** Requests that the client gave up; no error of the revision. */
  readonly clientAborts: number;
  /** Attempts on a further target of the same revision. */
  readonly retries: number;
  /** Errors of the revision: 5xx, resets and timeouts, each request once; each retried attempt counts as well. */
  readonly errors: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly latency: LatencyCounts;
  /**
   * Requests under way at the end of the block whose answer has not begun, by how long they have waited: a revision
   * that hangs ends no request, and must not look idle for it. Not a delta, unlike the rest.
   */
  readonly waiting: LatencyCounts;
}

/** About one second (less at a change of weights) of one service, during which the weights did not change. */
export interface EdgeBlock {
  /** Rises by one per service and block, and goes on rising after a restart of the edge. */
  readonly seq: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly weights: Weights | null;
  readonly slots: Readonly<Record<Slot, EdgeSlotCounts | null>>;
}

export interface EdgeBlocks {
  readonly service: string;
  /** Oldest first; the edge keeps about 15 minutes. */
  readonly blocks: readonly EdgeBlock[];
}

export type EdgeEvent =
  | { readonly type: 'health'; readonly service: string; readonly target: EdgeTargetState }
  | { readonly type: 'failsafe'; readonly service: string; readonly epoch: number }
  | { readonly type: 'drained'; readonly service: string; readonly slot: Slot };
