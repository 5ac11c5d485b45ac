/** Something with one deadline. Its place in the wheel is kept in itself, so that arming allocates nothing. */
export abstract class Timed {
  /** Monotonic, ms; infinite while not armed. */
  deadlineMs = Number.POSITIVE_INFINITY;
  /** Tick of the list it is in; -1: in none. */
  wheelTick = -1;
  wheelNext: Timed | null = null;
  wheelPrevious: Timed | null = null;

  /** The deadline has passed; it is disarmed by then. */
  abstract expired(): void;
}

const LISTS = 1_024;

/**
 * One coarse timer for all deadlines. A deadline is met at most two ticks late and never early.
 *
 * Moving a deadline further away, which happens with every request, only stores a number: the entry stays in its
 * list and is put right when that list's tick comes.
 */
export class TimerWheel {
  readonly #tickMs: number;
  readonly #monotonicMs: () => number;
  readonly #lists: (Timed | null)[] = new Array(LISTS).fill(null);
  #lastTick = 0;
  #size = 0;
  #interval: NodeJS.Timeout | null = null;

  /**
   * @param tickMs how coarse it is
   * @param monotonicMs the clock
   */
  constructor(tickMs: number, monotonicMs: () => number) {
    this.#tickMs = tickMs;
    this.#monotonicMs = monotonicMs;
  }

  /** How many entries are in a list. */
  get size(): number {
    return this.#size;
  }

  /** `timed.expired()` is called `ms` after `nowMs`, unless it is armed anew or disarmed before. */
  arm(timed: Timed, nowMs: number, ms: number): void {
    timed.deadlineMs = nowMs + ms;
    const tick = this.#tickOf(timed.deadlineMs);
    if (timed.wheelTick >= 0) {
      if (timed.wheelTick <= tick) return;
      this.#unlink(timed);
    }
    if (this.#interval === null) this.#start(nowMs);
    this.#link(timed, tick);
  }

  /** It has no deadline any more; it may stay in its list for a while. */
  disarm(timed: Timed): void {
    timed.deadlineMs = Number.POSITIVE_INFINITY;
  }

  /** Disarms and forgets it at once. */
  remove(timed: Timed): void {
    timed.deadlineMs = Number.POSITIVE_INFINITY;
    if (timed.wheelTick >= 0) this.#unlink(timed);
  }

  /** Calls whoever's deadline has passed. Done by the wheel's own interval; public for tests. */
  advance(nowMs: number): void {
    const tick = Math.floor(nowMs / this.#tickMs);
    const first = Math.max(this.#lastTick + 1, tick - LISTS + 1);
    this.#lastTick = Math.max(tick, this.#lastTick);
    for (let t = first; t <= tick; t++) this.#expire(t, nowMs);
    if (this.#size === 0) this.stop();
  }

  /** Stops the interval; it starts again when something is armed. */
  stop(): void {
    if (this.#interval !== null) clearInterval(this.#interval);
    this.#interval = null;
  }

  #start(nowMs: number): void {
    this.#lastTick = Math.floor(nowMs / this.#tickMs);
    this.#interval = setInterval(() => this.advance(this.#monotonicMs()), this.#tickMs);
    this.#interval.unref();
  }

  #tickOf(deadlineMs: number): number {
    return Math.floor(deadlineMs / this.#tickMs) + 1;
  }

  #expire(tick: number, nowMs: number): void {
    let timed = this.#lists[tick % LISTS] ?? null;
    // Taken out whole: what is armed meanwhile may go into the same list.
    this.#lists[tick % LISTS] = null;
    const due: Timed[] = [];
    while (timed !== null) {
      const next: Timed | null = timed.wheelNext;
      timed.wheelNext = null;
      timed.wheelPrevious = null;
      timed.wheelTick = -1;
      this.#size--;
      if (timed.deadlineMs <= nowMs) due.push(timed);
      else if (timed.deadlineMs !== Number.POSITIVE_INFINITY)
        this.#link(timed, this.#tickOf(timed.deadlineMs));
      timed = next;
    }
    for (const expired of due) {
      // One that came before it may have disarmed it or armed it anew.
      if (expired.deadlineMs > nowMs) continue;
      this.remove(expired);
      expired.expired();
    }
  }

  #link(timed: Timed, wanted: number): void {
    const tick = Math.max(this.#lastTick + 1, Math.min(wanted, this.#lastTick + LISTS - 1));
    const head = this.#lists[tick % LISTS] ?? null;
    timed.wheelTick = tick;
    timed.wheelNext = head;
    timed.wheelPrevious = null;
    if (head !== null) head.wheelPrevious = timed;
    this.#lists[tick % LISTS] = timed;
    this.#size++;
  }

  #unlink(timed: Timed): void {
    if (timed.wheelPrevious !== null) timed.wheelPrevious.wheelNext = timed.wheelNext;
    else this.#lists[timed.wheelTick % LISTS] = timed.wheelNext;
    if (timed.wheelNext !== null) timed.wheelNext.wheelPrevious = timed.wheelPrevious;
    timed.wheelNext = null;
    timed.wheelPrevious = null;
    timed.wheelTick = -1;
    this.#size--;
  }
}
