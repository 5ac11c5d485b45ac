/** What master and workers say to each other over the channel that `fork` makes. */
import type { EdgeService } from '../api.ts';
import type { InFlight, ProxyCounts } from '../proxy/types.ts';
import type { Listener, Sharing } from './listen.ts';

/** What a worker has to know for the time when its master is gone. */
export interface WorkerSettings {
  readonly dir: string;
  readonly socketPath: string;
  readonly sharing: Sharing;
  readonly failsafeMs: number;
  readonly orphanMs: number;
}

/** The whole wanted state of a worker. */
export interface Served {
  readonly epoch: number;
  readonly generation: number;
  readonly services: readonly EdgeService[];
  /** Ids of the healthy targets. */
  readonly healthy: readonly string[];
  readonly listeners: readonly Listener[];
}

export type ToWorker =
  | { readonly type: 'settings'; readonly settings: WorkerSettings }
  /** Ends the present interval of counts, then serves by this. Answered by `cut`. */
  | { readonly type: 'serve'; readonly cut: number; readonly served: Served }
  /** Ends the present interval of counts. Answered by `cut`. */
  | {
      readonly type: 'cut';
      readonly cut: number;
      /** For how long no controller has spoken, ms. */
      readonly silentMs: number;
    }
  | { readonly type: 'health'; readonly target: string; readonly healthy: boolean }
  | { readonly type: 'ask-in-flight'; readonly ask: number }
  /** Comes with the handle of a port that master and workers share. */
  | { readonly type: 'handle'; readonly listener: Listener }
  | { readonly type: 'drain'; readonly limitMs: number };

export interface CutAnswer {
  readonly type: 'cut';
  readonly cut: number;
  /** Wall clock at which the interval ended (and the change was in force), ms. */
  readonly atMs: number;
  readonly counts: ProxyCounts;
  readonly inFlight: readonly InFlight[];
  /** By {@link listenerKey}: null where the worker accepts connections, else why it can't. */
  readonly listening: Readonly<Record<string, string | null>>;
}

export type FromWorker =
  | { readonly type: 'up' }
  | CutAnswer
  | { readonly type: 'in-flight'; readonly ask: number; readonly inFlight: readonly InFlight[] }
  | { readonly type: 'suspect'; readonly target: string }
  | { readonly type: 'drained'; readonly service: string; readonly slot: 'blue' | 'green' };
