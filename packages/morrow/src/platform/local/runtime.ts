/**
 * What the local platform needs of whatever runs a revision's commands: processes now, containers beside them later.
 * A run is known by a folder of its own, in which the runtime keeps what it must remember; so every run is found
 * again by the next controller. A runtime neither restarts nor counts: that is the supervisor's.
 */

/** A run that may have been asked for. */
export interface RunRef {
  /** Folder of the run alone; made and removed by the caller. */
  readonly dir: string;
  /** Random; tells this run from any other that ever was. Stands in process lists. */
  readonly nonce: string;
}

export interface RunSpec extends RunRef {
  /** Shell command. */
  readonly command: string;
  readonly cwd: string;
  /** The whole environment. May hold secrets: never written down. */
  readonly env: Readonly<Record<string, string>>;
  /** Both outputs are appended to it. */
  readonly logFile: string;
}

/** How a run's main process ended; all null where nobody saw it. */
export interface RunExit {
  readonly code: number | null;
  /** For example `SIGSEGV`. */
  readonly signal: string | null;
  readonly atMs: number | null;
}

export type Vital =
  /** Not begun, and nobody here is about to begin it: {@link Runtime.cancel} makes that final. */
  | { readonly state: 'not-started' }
  | { readonly state: 'starting' }
  | { readonly state: 'running' }
  /** The main process has ended, others that it started have not. */
  | { readonly state: 'leftovers'; readonly exit: RunExit }
  | { readonly state: 'ended'; readonly exit: RunExit };

export interface Runtime {
  /**
   * Begins a run whose folder exists; the caller has written down that it will be asked for.
   * @throws MorrowError `DISK_FULL`, `PERMISSION_DENIED`, `INTERNAL` where it can't be begun; then it never will be
   */
  start(run: RunSpec): Promise<void>;
  /** How the run is now, whoever began it. */
  look(ref: RunRef): Promise<Vital>;
  /** Sends a signal to every process of the run. Nothing happens where none can be told for certain to be of it. */
  signal(ref: RunRef, signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Makes sure that a run which has not begun never begins; false: it has begun. */
  cancel(ref: RunRef): boolean;
  /** Resident memory of each run with all that it started, bytes, by folder; runs that are gone are left out. */
  memoryBytes(refs: readonly RunRef[]): Promise<ReadonlyMap<string, number>>;
  /** Frees what is remembered of a run in memory. */
  forget(ref: RunRef): void;
}
