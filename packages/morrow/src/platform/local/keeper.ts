/** Looks after every service in the background, for as long as this controller is the present one. */
import type { EdgeState } from '../../edge/api.ts';
import { MorrowError } from '../../errors.ts';
import type { LocalContext } from './context.ts';
import { Loop } from './loop.ts';
import { removeLeftovers } from './maker.ts';
import type { Supervisor } from './supervisor.ts';
import { settleTasks } from './tasks.ts';

/** A task under way is looked at again after this, ms: its end is told by no event once the controller has changed. */
const TASK_MS = 200;

export class Keeper {
  readonly #context: LocalContext;
  readonly #supervisor: Supervisor;
  readonly #loop: Loop;
  /** What was wrong at the last look, by service, so that it is said once. */
  readonly #problems = new Map<string, string>();
  #cleaned = false;

  constructor(context: LocalContext, supervisor: Supervisor) {
    this.#context = context;
    this.#supervisor = supervisor;
    this.#loop = new Loop(
      () =>
        this.#lookAtAll().catch((error: unknown) => {
          this.#say('looking after services', error);
          return null;
        }),
      context.now,
    );
  }

  begin(): void {
    this.#loop.begin();
  }

  wake(): void {
    this.#loop.wake();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #lookAtAll(): Promise<number | null> {
    if (!this.#cleaned) await this.#clean();
    const edge = await this.#edge();
    let nextAtMs: number | null = null;
    for (const service of this.#context.states.names()) {
      const at = await this.#lookAt(service, edge);
      if (at !== null) nextAtMs = Math.min(at, nextAtMs ?? at);
    }
    return nextAtMs;
  }

  async #lookAt(service: string, edge: EdgeState | null): Promise<number | null> {
    try {
      const at = await this.#supervisor.reconcile(service, edge);
      const underWay = await settleTasks(this.#context, service);
      this.#problems.delete(service);
      const taskAt = underWay ? this.#context.now() + TASK_MS : null;
      return at !== null && taskAt !== null ? Math.min(at, taskAt) : (at ?? taskAt);
    } catch (error) {
      this.#say(service, error);
      return null;
    }
  }

  /** Null: it can't be asked now. Said once. */
  async #edge(): Promise<EdgeState | null> {
    try {
      const state = await this.#context.edge.state();
      this.#problems.delete('edge');
      return state;
    } catch (error) {
      this.#say('edge', error);
      return null;
    }
  }

  async #clean(): Promise<void> {
    this.#cleaned = true;
    await removeLeftovers(this.#context.layout).catch((error: unknown) => this.#say('snapshots', error));
  }

  #say(subject: string, error: unknown): void {
    const text = error instanceof MorrowError ? `${error.message} [${error.code}]` : String(error);
    if (this.#problems.get(subject) === text) return;
    this.#problems.set(subject, text);
    this.#context.log(`${subject}: ${text}`);
  }
}
