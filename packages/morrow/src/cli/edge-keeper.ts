/** The agent's half of keeping each other alive: an edge that is gone is started again at once. */
import type { ChildProcess } from 'node:child_process';
import type { EdgeClient } from '../edge/client.ts';
import { MorrowError } from '../errors.ts';

/** Pause before an edge that ends soon after its start is started again, ms: at first, and at most. */
const PAUSE_MS = { first: 500, most: 15_000 };
/** An edge that has lived this long has started well, ms. */
const WELL_MS = 30_000;
/** Looked at this often as well, should no event tell, ms. */
const LOOK_MS = 1_000;

export interface EdgeKeeperOptions {
  readonly client: Pick<EdgeClient, 'state' | 'events'>;
  readonly start: () => ChildProcess;
  /** Called when an edge answers (again). */
  readonly onOpen: () => void;
  readonly log: (line: string) => void;
}

/** Starts an edge where none answers, now and until {@link EdgeKeeper.stop}. */
export class EdgeKeeper {
  readonly #options: EdgeKeeperOptions;
  readonly #unlisten: () => void;
  readonly #timer: NodeJS.Timeout;
  #child: ChildProcess | null = null;
  #startedAt = Number.NEGATIVE_INFINITY;
  #pauseMs = 0;
  #looking = false;
  #stopped = false;

  constructor(options: EdgeKeeperOptions) {
    this.#options = options;
    this.#unlisten = options.client.events({
      onEvent: () => undefined,
      onOpen: options.onOpen,
      onClose: () => void this.#look(),
    });
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
  }

  /** Leaves the edge be from now on. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#unlisten();
  }

  async #look(): Promise<void> {
    if (this.#looking || this.#stopped) return;
    this.#looking = true;
    try {
      if (await this.#gone()) this.#start();
    } catch (error) {
      this.#options.log(`looking after the edge: ${(error as Error).message}`);
    } finally {
      this.#looking = false;
    }
  }

  /** Whether there is surely no edge: one that is slow, or that we have just started, is there. */
  async #gone(): Promise<boolean> {
    if (this.#child && this.#child.exitCode === null && this.#child.signalCode === null) return false;
    try {
      await this.#options.client.state();
      return false;
    } catch (error) {
      if (!(error instanceof MorrowError) || error.code !== 'EDGE_UNREACHABLE') return false;
      const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
      return code === 'ENOENT' || code === 'ECONNREFUSED';
    }
  }

  #start(): void {
    if (this.#stopped) return;
    const livedMs = performance.now() - this.#startedAt;
    if (livedMs < this.#pauseMs) return;
    this.#pauseMs =
      livedMs > WELL_MS
        ? PAUSE_MS.first
        : Math.min(PAUSE_MS.most, Math.max(PAUSE_MS.first, this.#pauseMs * 2));
    this.#startedAt = performance.now();
    this.#options.log('The edge does not run; starting it.');
    const child = this.#options.start();
    child.on('error', (error) => this.#options.log(`The edge could not be started: ${error.message}`));
    this.#child = child;
  }
}
