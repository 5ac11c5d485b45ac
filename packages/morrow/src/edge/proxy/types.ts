/**
 * The data plane of the edge: what the process around it (`edge/process`) sees. One worker has one proxy.
 * `createProxy(options)` stands in `proxy.ts`.
 */
import type { Socket } from 'node:net';
import type { Slot } from '../../engine/slot.ts';
import type { EdgeService, EdgeSlotCounts } from '../api.ts';

/** An accepted connection; a `TLSSocket` is one as well. */
export type ClientSocket = Socket;

/** What a server must be created with for the connections it hands over: `net.createServer(SERVER_OPTIONS)`. */
export const SERVER_OPTIONS = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
} as const;

/** Limits that no service configures. Times in ms, sizes in bytes. */
export interface ProxyLimits {
  /** Head of a request or answer. */
  readonly headBytes: number;
  readonly targetBytes: number;
  readonly fields: number;
  /** From the first byte of a head to its last; then 408. Also from accepting a connection to the first byte. */
  readonly headMs: number;
  /** A client's connection without a request. */
  readonly keepAliveMs: number;
  /** Idle connections kept per target. */
  readonly idlePerTarget: number;
  /** An idle connection to a target is closed after it; less where its `Keep-Alive: timeout=` says so. */
  readonly targetIdleMs: number;
  /** Attempts per request, the first included. */
  readonly attempts: number;
  /** After a refused connection the target is passed over for this long, if another is healthy. */
  readonly suspectMs: number;
  /** What a client gets to answer a WebSocket's close frame. */
  readonly webSocketCloseMs: number;
}

export interface ProxyOptions {
  readonly limits?: Partial<ProxyLimits>;
  /** In [0, 1): which slot, which targets. Default `Math.random`. */
  readonly random?: () => number;
  /** Monotonic, ms with fractions. Default `performance.now`. */
  readonly monotonicMs?: () => number;
  /** Peers whose `X-Forwarded-*` are believed, by remote address. Default: loopback only. */
  readonly trusted?: (address: string) => boolean;
  /** A target refused a connection or did not accept it in time. May be called often. */
  readonly onSuspect?: (targetId: string, problem: string) => void;
  /** The last request or long-lived connection of a slot that drains (or was taken away) has ended. */
  readonly onDrained?: (service: string, slot: Slot, revision: string) => void;
}

/** What happened since the call before. */
export interface ProxyCounts {
  /** One per service and slot; a slot whose revision was replaced meanwhile may be there twice. None without a request. */
  readonly slots: readonly {
    readonly service: string;
    readonly slot: Slot;
    readonly counts: EdgeSlotCounts;
  }[];
  /** Requests that reached no slot, by the code of the answer: `BAD_REQUEST`, `NO_SERVICE`, `NO_REVISION`, `HEAD_TIMEOUT`, … */
  readonly refused: Readonly<Record<string, number>>;
}

/** Requests and long-lived connections under way. */
export interface InFlight {
  readonly service: string;
  readonly slot: Slot;
  readonly revision: string;
  readonly requests: number;
}

export interface Proxy {
  /**
   * Takes over the whole wanted state at once; from its return on, every new request is routed by it.
   * Targets keep their health by id; a new one is not healthy until {@link setHealthy}.
   * Requests on slots that are gone end as if they drained; on targets that are gone (a process was replaced)
   * they finish, and long-lived connections get their close signal.
   */
  apply(services: readonly EdgeService[]): void;
  /** Only healthy targets get requests. Unknown ids are ignored. */
  setHealthy(targetId: string, healthy: boolean): void;
  /** Takes over an accepted connection; `port` is the configured port of the listener (not that of the client). */
  handleConnection(socket: ClientSocket, port: number): void;
  /**
   * The same for the preview listener: `x-morrow-revision` chooses the slot, whatever its weight; the service by
   * `x-morrow-service`, else the only one that has the revision, else by Host and path. Not counted.
   */
  handlePreviewConnection(socket: ClientSocket): void;
  /** Counts since the last call (deltas). */
  takeCounts(): ProxyCounts;
  /** Only slots with something under way. */
  inFlight(): readonly InFlight[];
  /** Client connections open, idle ones included. */
  readonly connections: number;
  /**
   * Ends in good order: answers carry `connection: close`, idle connections end after a moment, WebSockets get
   * their close frame; what is left after `limitMs` is cut. Resolves when no connection is left.
   */
  drain(limitMs: number): Promise<void>;
  /** Cuts every connection at once and stops its timers. */
  close(): void;
}
