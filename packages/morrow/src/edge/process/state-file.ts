/**
 * The edge's memory on disk. A file is only ever replaced as a whole (write aside, rename), carries its own checksum,
 * and the one before it is kept, so that neither `kill -9` nor a power cut leaves the edge with nothing.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { link, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MorrowError } from '../../errors.ts';
import { type EdgeMemory, EMPTY_MEMORY } from './memory.ts';
import { checkController, checkService } from './validate.ts';

const FORMAT = 1;
const FILE = 'edge.json';
const PREVIOUS = 'edge.previous.json';

const checksum = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The file's text for a memory. */
export function encodeMemory(memory: EdgeMemory): string {
  return `${JSON.stringify({ format: FORMAT, sha256: checksum(JSON.stringify(memory)), memory })}\n`;
}

/** The memory in a file's text. @throws an Error that says in words what is wrong with it */
export function decodeMemory(text: string): EdgeMemory {
  if (text === '') throw new Error('it is empty');
  let file: { format?: unknown; sha256?: unknown; memory?: unknown };
  try {
    file = JSON.parse(text);
  } catch {
    throw new Error('it is cut off or not JSON');
  }
  if (typeof file?.format === 'number' && file.format > FORMAT) {
    throw new MorrowError('EDGE_START_FAILED', "The edge's state was written by a newer Morrow.", {
      hint: 'Run the newer Morrow here, or remove the state file to begin with nothing.',
    });
  }
  const found = JSON.stringify(file?.memory);
  if (found === undefined || file.sha256 !== checksum(found)) throw new Error('its checksum does not match');
  return checkMemory(file.memory as EdgeMemory);
}

function checkMemory(given: EdgeMemory): EdgeMemory {
  const whole = (value: unknown): number =>
    Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : 0;
  return {
    epoch: whole(given.epoch),
    generation: whole(given.generation),
    services: (given.services ?? []).map((service, at) => checkService(service, `services[${at}]`)),
    controller: checkController(given.controller ?? null, 'controller'),
    previewPort: whole(given.previewPort),
    seqBase: whole(given.seqBase),
    healthy: (given.healthy ?? []).map(String),
  };
}

/**
 * Reads the memory of an earlier start.
 *
 * @returns what was found (empty if nothing), and one sentence about each file that could not be used
 * @throws MorrowError `EDGE_START_FAILED` if a newer Morrow wrote it
 */
export function loadMemory(dir: string): {
  readonly memory: EdgeMemory;
  readonly problems: readonly string[];
} {
  const problems: string[] = [];
  for (const name of [FILE, PREVIOUS]) {
    const path = join(dir, name);
    if (!existsSync(path)) continue;
    try {
      return { memory: decodeMemory(readFileSync(path, 'utf8')), problems };
    } catch (error) {
      if (error instanceof MorrowError && error.code === 'EDGE_START_FAILED') throw error;
      const next =
        name === FILE && existsSync(join(dir, PREVIOUS))
          ? 'taking the one before it'
          : 'starting with nothing';
      problems.push(`The state file ${path} cannot be used (${(error as Error).message}); ${next}.`);
      renameSync(path, `${path}.damaged`);
    }
  }
  return { memory: EMPTY_MEMORY, problems };
}

interface Pending {
  memory: EdgeMemory;
  durable: boolean;
  readonly waiters: PromiseWithResolvers<void>;
}

/** Writes one memory after the other; of several that wait only the newest is written. */
export class StateFile {
  readonly #dir: string;
  #pending: Pending | null = null;
  #writing: Promise<void> = Promise.resolve();
  #busy = false;
  /** Whether the present file has reached the disk: only then may it become the previous one. */
  #synced = true;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /**
   * Resolves once a file that holds this memory (or a newer one) is in place.
   *
   * @param durable wait until it would survive a power cut. Without it the file survives the death of every
   *   process, which is all that a change of weights needs: after a power cut the targets are gone as well,
   *   and the controller, which has its own journal, puts everything anew.
   * @throws the file system's error; nothing is half-written then
   */
  save(memory: EdgeMemory, durable: boolean): Promise<void> {
    if (this.#pending) {
      this.#pending.memory = memory;
      this.#pending.durable ||= durable;
    } else {
      this.#pending = { memory, durable, waiters: Promise.withResolvers() };
    }
    const { promise } = this.#pending.waiters;
    if (!this.#busy) this.#writing = this.#drain();
    return promise;
  }

  /** Waits until everything asked for is on disk. */
  async close(): Promise<void> {
    await this.#writing;
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    while (this.#pending) {
      const { memory, durable, waiters } = this.#pending;
      this.#pending = null;
      try {
        await this.#write(encodeMemory(memory), durable);
        waiters.resolve();
        if (!durable && !this.#pending) await this.#sync();
      } catch (error) {
        waiters.reject(error);
      }
    }
    this.#busy = false;
  }

  async #write(text: string, durable: boolean): Promise<void> {
    const path = join(this.#dir, FILE);
    const aside = `${path}.new`;
    const file = await open(aside, 'w', 0o600);
    try {
      await file.writeFile(text);
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
    if (this.#synced) await this.#keepPrevious(path);
    await rename(aside, path);
    this.#synced = durable;
    if (durable) await this.#syncDir();
  }

  /** A second name for the present file, so that at no instant there is none. */
  async #keepPrevious(path: string): Promise<void> {
    const previous = join(this.#dir, PREVIOUS);
    await rm(previous, { force: true });
    await link(path, previous).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }

  async #sync(): Promise<void> {
    const file = await open(join(this.#dir, FILE), 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#syncDir();
    this.#synced = true;
  }

  async #syncDir(): Promise<void> {
    const folder = await open(this.#dir, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}
