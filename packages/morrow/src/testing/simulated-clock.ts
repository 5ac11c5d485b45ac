import type { Clock } from '../runner/clock.ts';

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/** A clock that stands still until the test lets time pass. */
export class SimulatedClock implements Clock {
  #nowMs: number;
  #sleepers: readonly Sleeper[] = [];

  constructor(startMs = 1_800_000_000_000) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  /** How many are asleep. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const wake = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const sleeper = { dueMs: this.#nowMs + ms, wake };
      this.#sleepers = [...this.#sleepers, sleeper];
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  /** Lets `ms` pass, waking each sleeper at its time, and whatever it does then go to sleep again. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settled();
    for (;;) {
      const [next] = this.#sleepers.filter(({ dueMs }) => dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs);
      if (next === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.wake();
      await settled();
    }
    this.#nowMs = endMs;
    await settled();
  }

  /**
   * Lets time pass until `condition` holds.
   * @throws Error when it does not within `limitMs` of simulated time
   */
  async until(condition: () => boolean, limitMs: number, stepMs = 50): Promise<void> {
    const endMs = this.#nowMs + limitMs;
    await settled();
    while (!condition()) {
      if (this.#nowMs >= endMs)
        throw new Error(`it did not come true within ${limitMs} simulated ms: ${condition}`);
      await this.advance(stepMs);
    }
  }

  /** Sets the clock, as somebody's hand or NTP does; nobody wakes. */
  set(nowMs: number): void {
    this.#nowMs = nowMs;
  }
}

/** Resolves when everything that can go on without time passing has gone on. */
async function settled(): Promise<void> {
  for (let round = 0; round < 4; round++) await new Promise((resolve) => setImmediate(resolve));
}
