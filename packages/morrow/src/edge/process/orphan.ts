/**
 * What a worker does whose master was killed. Nobody need notice: it serves on, with the health it last knew.
 * It ends when a new master's workers serve (that master asks by SIGTERM; should it not know of us, we see it by
 * its socket), when the edge's folder is gone, and in any case after `orphanMs` (an hour): long enough for a person
 * to come, and nothing runs for ever that nobody can reach.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EdgeService } from '../api.ts';
import { EdgeClient } from '../client.ts';
import { failsafeDue } from './failsafe.ts';
import { giveToStable } from './memory.ts';
import type { Served, WorkerSettings } from './messages.ts';

const TICK_MS = 250;
const LOOK_MS = 2_000;
const NOTE = 'orphan-failsafe.json';

/** What orphans leave behind for the next master, if they had to take traffic back to stable. */
export interface OrphanNote {
  /** Generation that was served before. */
  readonly generation: number;
  readonly services: readonly string[];
  readonly atMs: number;
}

export interface OrphanContext {
  /** When a controller last spoke, on the monotonic clock. */
  readonly spokenAtMs: number;
  readonly served: Served;
  isHealthy(target: string): boolean;
  apply(services: readonly EdgeService[]): void;
  leave(): void;
}

/** One orphaned worker's watch over itself. */
export class Orphan {
  readonly #settings: WorkerSettings;
  readonly #context: OrphanContext;
  readonly #since = performance.now();
  readonly #client: EdgeClient;
  #served: Served;
  #lookedAtMs = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: WorkerSettings, context: OrphanContext) {
    this.#settings = settings;
    this.#context = context;
    this.#served = context.served;
    this.#client = new EdgeClient({ socketPath: settings.socketPath, timeoutMs: 1_000 });
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  #tick(): void {
    const now = performance.now();
    if (now - this.#since > this.#settings.orphanMs || !existsSync(this.#settings.dir)) {
      this.#end();
      return;
    }
    this.#failsafe(now);
    if (now - this.#lookedAtMs < LOOK_MS) return;
    this.#lookedAtMs = now;
    void this.#lookForMaster();
  }

  #failsafe(now: number): void {
    const { services, generation } = this.#served;
    const silentMs = now - this.#context.spokenAtMs;
    const due = failsafeDue(services, silentMs, this.#settings.failsafeMs, (id) =>
      this.#context.isHealthy(id),
    );
    if (due.length === 0) return;
    this.#served = giveToStable(this.#served, due);
    this.#context.apply(this.#served.services);
    writeNote(this.#settings.dir, { generation, services: due, atMs: Date.now() });
  }

  async #lookForMaster(): Promise<void> {
    const state = await this.#client.state().catch(() => null);
    if (state && state.workers.length > 0 && !state.workers.includes(process.pid)) this.#end();
  }

  #end(): void {
    clearInterval(this.#timer);
    this.#client.close();
    this.#context.leave();
  }
}

function writeNote(dir: string, note: OrphanNote): void {
  try {
    // Each orphan writes the same; whoever comes last replaces it as a whole.
    const aside = join(dir, `${NOTE}.${process.pid}`);
    writeFileSync(aside, JSON.stringify(note), { mode: 0o600 });
    renameSync(aside, join(dir, NOTE));
  } catch {
    // The traffic has been moved; that it can't be written down must not undo it.
  }
}

/** What orphans left behind for the next master; null if they left nothing that can be read. */
export function readOrphanNote(dir: string): OrphanNote | null {
  try {
    const note = JSON.parse(readFileSync(join(dir, NOTE), 'utf8')) as OrphanNote;
    return Number.isSafeInteger(note.generation) && Array.isArray(note.services) ? note : null;
  } catch {
    return null;
  }
}

/** Forgets the note, once what it says is in the edge's own memory. */
export const dropOrphanNote = (dir: string): void => rmSync(join(dir, NOTE), { force: true });
