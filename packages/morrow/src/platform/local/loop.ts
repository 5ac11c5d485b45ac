/** Looks again and again: when woken, when the last look said so, and at least every half second. */

/** Longest pause between two looks, ms. */
const IDLE_MS = 500;

/** One look; resolves to when the next is due at the latest (ms since 1970), null: nothing is. */
export type Look = () => Promise<number | null>;

export class Loop {
  readonly #look: Look;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | null = null;
  #again = false;
  #begun = false;
  #stopped = false;

  constructor(look: Look, now: () => number) {
    this.#look = look;
    this.#now = now;
  }

  /** Has it look, now and from now on. Never keeps a process alive. */
  begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.wake();
  }

  /** Has it look at once, or once more where it is looking. */
  wake(): void {
    if (!this.#begun || this.#stopped) return;
    clearTimeout(this.#timer);
    if (this.#running !== null) this.#again = true;
    else this.#running = this.#run();
  }

  /** Stops; what is under way is finished first. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    let nextAtMs: number | null = null;
    do {
      this.#again = false;
      nextAtMs = await this.#look();
    } while (this.#again && !this.#stopped);
    this.#running = null;
    if (this.#stopped) return;
    const pauseMs = nextAtMs === null ? IDLE_MS : Math.min(IDLE_MS, Math.max(1, nextAtMs - this.#now()));
    this.#timer = setTimeout(() => this.wake(), pauseMs);
    this.#timer.unref();
  }
}
