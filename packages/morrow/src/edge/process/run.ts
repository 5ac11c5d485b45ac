/** Starting an edge: what `edge/main.ts`, tests and benches call. */
import { nextSeqBase } from './blocks.ts';
import { defaultWorkers } from './fork-worker.ts';
import { detectSharing, type Sharing } from './listen.ts';
import { lockDir } from './lock.ts';
import { Master } from './master.ts';
import { type EdgeMemory, giveToStable } from './memory.ts';
import { dropOrphanNote, readOrphanNote } from './orphan.ts';
import { loadMemory } from './state-file.ts';

export interface EdgeOptions {
  /** The edge's own folder: state, lock, notes. Made if absent. */
  readonly dir: string;
  /** Path of the admin socket. */
  readonly socketPath: string;
  /** Worker processes. Default: one per core, at least 2 (so that one may die) and at most 4. */
  readonly workers?: number;
  /** Without a word from a controller for so long, traffic goes back to stable, ms. Default 30 s. */
  readonly failsafeMs?: number;
  /** A worker whose master is gone ends after so long, if no new master has come, ms. Default 1 h. */
  readonly orphanMs?: number;
  /** How workers share ports. Default: what the platform has. */
  readonly sharing?: Sharing;
  /** One sentence about what happened. Default: a line on stderr. */
  readonly log?: (sentence: string) => void;
}

export interface RunningEdge {
  /** Drains and ends; a second call ends at once. */
  end(): Promise<void>;
  /** Resolves when the edge has ended. */
  readonly ended: Promise<void>;
}

/**
 * Runs an edge in this process (its master) and in workers that it forks; resolves when requests are served
 * by what was served before the last end.
 *
 * @throws MorrowError `EDGE_START_FAILED` if another edge runs here, or folder, socket or state can't be used
 */
export async function runEdge(options: EdgeOptions): Promise<RunningEdge> {
  const { dir, socketPath, log = logToStderr } = options;
  const lock = lockDir(dir);
  try {
    const memory = recall(dir, log);
    const master = new Master(
      {
        dir,
        socketPath,
        log,
        isThere: () => lock.isThere(),
        onHandedOver: () => lock.release(),
        workers: options.workers ?? defaultWorkers(),
        sharing: options.sharing ?? (await detectSharing()),
        failsafeMs: options.failsafeMs ?? 30_000,
        orphanMs: options.orphanMs ?? 3_600_000,
      },
      memory,
    );
    await master.start();
    dropOrphanNote(dir);
    log(`Serves ${memory.services.length} service(s) as process ${process.pid}.`);
    return { end: () => master.end(), ended: master.ended };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** What an earlier edge here held, with what its orphaned workers had to do since. */
function recall(dir: string, log: (sentence: string) => void): EdgeMemory {
  const { memory, problems } = loadMemory(dir);
  for (const problem of problems) log(problem);
  const seqBase = nextSeqBase(memory.seqBase, Date.now());
  const note = readOrphanNote(dir);
  // A note about another generation is older than what is on disk.
  if (note?.generation !== memory.generation) return { ...memory, seqBase };
  log(`Workers without a master gave all of ${note.services.join(', ')} to stable; it stays so.`);
  return { ...giveToStable(memory, note.services), seqBase };
}

function logToStderr(sentence: string): void {
  process.stderr.write(`${new Date().toISOString()} edge: ${sentence}\n`);
}
