/** Latencies of very many requests: counts in steps of 1 µs up to 100 ms, of 100 µs up to a minute. */
export class Latencies {
  readonly #fine = new Uint32Array(100_000);
  readonly #coarse = new Uint32Array(600_000);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @param ms of one request */
  add(ms: number): void {
    this.#count += 1;
    const micros = Math.max(0, Math.floor(ms * 1000));
    if (micros < this.#fine.length) this.#fine[micros] = (this.#fine[micros] ?? 0) + 1;
    else {
      const step = Math.min(this.#coarse.length - 1, Math.floor(micros / 100));
      this.#coarse[step] = (this.#coarse[step] ?? 0) + 1;
    }
  }

  /** ms at or below which a share `q` (0–1) lies; 0 of none. */
  quantile(q: number): number {
    let left = Math.max(1, Math.ceil(q * this.#count));
    if (this.#count === 0) return 0;
    for (const [micros, count] of this.#fine.entries()) {
      left -= count;
      if (left <= 0) return micros / 1000;
    }
    for (const [step, count] of this.#coarse.entries()) {
      left -= count;
      if (left <= 0) return step / 10;
    }
    return Number.POSITIVE_INFINITY;
  }
}
