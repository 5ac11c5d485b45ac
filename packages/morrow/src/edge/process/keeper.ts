import type { EdgeMemory } from './memory.ts';
import { StateFile } from './state-file.ts';

const RETRY_MS = 1_000;

/** Keeps the newest memory on disk, and goes on trying where the disk refuses: traffic must not wait for a disk. */
export class Keeper {
  readonly #file: StateFile;
  readonly #isThere: () => boolean;
  readonly #log: (sentence: string) => void;
  #problem: string | null = null;
  #timer: NodeJS.Timeout | undefined;

  /** @param isThere whether the folder is still ours: else what is written would be read by another edge */
  constructor(dir: string, isThere: () => boolean, log: (sentence: string) => void) {
    this.#file = new StateFile(dir);
    this.#isThere = isThere;
    this.#log = log;
  }

  /** Why the newest memory is not on disk, as a sentence; null if it is. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Resolves when the memory is on disk, or the disk has refused it (then {@link problem} says why). */
  async keep(memory: EdgeMemory, durable: boolean): Promise<void> {
    clearTimeout(this.#timer);
    if (!this.#isThere()) {
      this.#problem = "The edge's folder is gone.";
      return;
    }
    try {
      await this.#file.save(memory, durable);
      if (this.#problem) this.#log('The state can be written again.');
      this.#problem = null;
    } catch (error) {
      const problem = `The state can't be written: ${(error as Error).message}.`;
      if (problem !== this.#problem) this.#log(problem);
      this.#problem = problem;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.keep(memory, durable), RETRY_MS);
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#file.close();
  }
}
