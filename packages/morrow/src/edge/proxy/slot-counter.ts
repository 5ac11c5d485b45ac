import type { EdgeSlotCounts } from '../api.ts';
import { Histogram } from '../histogram.ts';

/** How a request ended that a slot was chosen for. */
export type Outcome = 'answered' | 'reset' | 'timeout' | 'client-abort';

/** What one revision in one slot did since the counts were last taken. */
export class SlotCounter {
  #requests = 0;
  #status: [number, number, number, number, number] = [0, 0, 0, 0, 0];
  #resets = 0;
  #timeouts = 0;
  #clientAborts = 0;
  #retries = 0;
  #errors = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  readonly #latency = new Histogram();
  readonly #waiting = new Histogram();

  /**
   * A request is over.
   * @param status of the answer that the client got; 0 where it got none
   * @param latencyUs null: not to be counted (the client gave up)
   */
  ended(outcome: Outcome, status: number, latencyUs: number | null): void {
    this.#requests++;
    const index = Math.floor(status / 100) - 1;
    if (index >= 0 && index < 5) this.#status[index] = (this.#status[index] ?? 0) + 1;
    if (outcome === 'reset') this.#resets++;
    else if (outcome === 'timeout') this.#timeouts++;
    else if (outcome === 'client-abort') this.#clientAborts++;
    if (outcome === 'reset' || outcome === 'timeout' || (outcome === 'answered' && status >= 500))
      this.#errors++;
    if (latencyUs !== null) this.#latency.record(latencyUs);
  }

  /** An attempt failed and the request is tried again. */
  retried(): void {
    this.#retries++;
    this.#errors++;
  }

  /** A request has waited so long for its answer to begin, and still does. */
  waits(us: number): void {
    this.#waiting.record(us);
  }

  bytes(received: number, sent: number): void {
    this.#bytesIn += received;
    this.#bytesOut += sent;
  }

  /** Everything since the last call; null where nothing happened. */
  take(revision: string): EdgeSlotCounts | null {
    const latency = this.#latency.take();
    const waiting = this.#waiting.take();
    const { bytesIn, bytesOut } = this.#takeBytes();
    const counts: EdgeSlotCounts = {
      revision,
      requests: this.#requests,
      status: this.#status,
      resets: this.#resets,
      timeouts: this.#timeouts,
      clientAborts: this.#clientAborts,
      retries: this.#retries,
      errors: this.#errors,
      bytesIn,
      bytesOut,
      latency,
      waiting,
    };
    const nothing = counts.requests + counts.retries + bytesIn + bytesOut + waiting.length === 0;
    this.#requests = this.#resets = this.#timeouts = this.#clientAborts = this.#retries = this.#errors = 0;
    this.#status = [0, 0, 0, 0, 0];
    return nothing ? null : counts;
  }

  #takeBytes(): { bytesIn: number; bytesOut: number } {
    const taken = { bytesIn: this.#bytesIn, bytesOut: this.#bytesOut };
    this.#bytesIn = 0;
    this.#bytesOut = 0;
    return taken;
  }
}
