/**
 * Counts are cut into intervals during which nothing that is served changed. The master opens a cut, each worker
 * answers with what it counted since its cut before, and when the last has answered the interval is whole.
 */
import type { EdgeService } from '../api.ts';
import type { CutAnswer } from './messages.ts';

/** What all workers together counted while `services` were served. */
export interface Interval {
  readonly services: readonly EdgeService[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly answers: readonly CutAnswer[];
}

interface Cut {
  readonly id: number;
  readonly services: readonly EdgeService[];
  readonly waiting: Set<number>;
  readonly answers: CutAnswer[];
  readonly done: PromiseWithResolvers<number>;
}

/** The cuts under way. Intervals come out in order, whole, and without a gap between them. */
export class Cuts {
  readonly #onInterval: (interval: Interval) => void;
  readonly #open: Cut[] = [];
  #lastId = 0;
  #lastAtMs: number;
  /** Answers that came too late for their own cut, or unasked from a worker that was leaving. */
  #late: CutAnswer[] = [];

  constructor(nowMs: number, onInterval: (interval: Interval) => void) {
    this.#lastAtMs = nowMs;
    this.#onInterval = onInterval;
  }

  /**
   * Opens a cut.
   *
   * @param services what was served until now
   * @param workers who has to answer
   * @returns its id, and a promise for the wall clock (ms) at which the last worker had made it
   */
  open(
    services: readonly EdgeService[],
    workers: Iterable<number>,
  ): { readonly id: number; readonly done: Promise<number> } {
    this.#lastId += 1;
    const cut: Cut = {
      id: this.#lastId,
      services,
      waiting: new Set(workers),
      answers: [],
      done: Promise.withResolvers(),
    };
    this.#open.push(cut);
    this.#settle();
    return { id: cut.id, done: cut.done.promise };
  }

  answer(worker: number, answer: CutAnswer): void {
    const cut = this.#open.find(({ id }) => id === answer.cut);
    if (cut?.waiting.delete(worker)) cut.answers.push(answer);
    else this.#late.push(answer);
    this.#settle();
  }

  /** A worker has died: nobody waits for it any more, and what it had not told is lost (at most a second's counts). */
  gone(worker: number): void {
    for (const cut of this.#open) cut.waiting.delete(worker);
    this.#settle();
  }

  #settle(): void {
    for (;;) {
      const cut = this.#open[0];
      if (!cut || cut.waiting.size > 0) return;
      this.#open.shift();
      const atMs = Math.max(this.#lastAtMs, ...cut.answers.map((answer) => answer.atMs));
      const toMs = cut.answers.length > 0 ? atMs : Math.max(this.#lastAtMs, Date.now());
      const answers = [...this.#late, ...cut.answers];
      this.#late = [];
      this.#onInterval({ services: cut.services, fromMs: this.#lastAtMs, toMs, answers });
      this.#lastAtMs = toMs;
      cut.done.resolve(toMs);
    }
  }
}
