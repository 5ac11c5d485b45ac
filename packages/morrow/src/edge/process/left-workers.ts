/** Which worker processes an earlier master of the same folder left behind. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identify, type ProcessIdentity, stillLives } from './process-identity.ts';

const FILE = 'workers.json';

/** Notes who the workers are, for the next master. */
export function noteWorkers(dir: string, pids: readonly number[], before: readonly ProcessIdentity[]): void {
  const identities = [...before, ...pids.flatMap((pid) => identify(pid) ?? [])];
  const aside = join(dir, `${FILE}.new`);
  writeFileSync(aside, JSON.stringify(identities), { mode: 0o600 });
  renameSync(aside, join(dir, FILE));
}

/** The workers that still live without a master. */
export class LeftWorkers {
  #workers: readonly ProcessIdentity[];

  constructor(dir: string) {
    this.#workers = readWorkers(dir).filter(stillLives);
  }

  /** Those that still live. */
  get living(): readonly ProcessIdentity[] {
    this.#workers = this.#workers.filter(stillLives);
    return this.#workers;
  }

  /** Asks them to finish what is under way and end. */
  askToLeave(): void {
    this.#signal('SIGTERM');
  }

  /** Ends those that didn't. */
  kill(): void {
    this.#signal('SIGKILL');
  }

  #signal(signal: NodeJS.Signals): void {
    for (const { pid } of this.living) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended just now.
      }
    }
  }
}

function readWorkers(dir: string): readonly ProcessIdentity[] {
  try {
    const found = JSON.parse(readFileSync(join(dir, FILE), 'utf8')) as readonly ProcessIdentity[];
    return Array.isArray(found) ? found.filter((one) => Number.isInteger(one?.pid)) : [];
  } catch {
    return [];
  }
}
