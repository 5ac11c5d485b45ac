import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MorrowError } from '../../errors.ts';

/** Held for the life of the process; the operating system lets go of it even after `kill -9`. */
export interface DirLock {
  /** Whether the folder is still the one that was locked; removed and made anew it is another. */
  isThere(): boolean;
  /** Lets another edge have the folder; may be called again. */
  release(): void;
}

/**
 * Makes this process the only edge of `dir`.
 *
 * The lock is SQLite's exclusive lock on an empty file: Node offers no `flock`, and a file with a process id in it
 * outlives its owner and can name a stranger after the id was given out again.
 *
 * @throws MorrowError `EDGE_START_FAILED` if another living edge holds it
 */
export function lockDir(dir: string): DirLock {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = join(dir, 'edge.lock');
  const database = new DatabaseSync(file);
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    if ((cause as { errcode?: number }).errcode === 5) {
      throw new MorrowError('EDGE_START_FAILED', `Another edge already runs in ${dir}.`, {
        hint: 'Use that one, or stop it first.',
        cause,
      });
    }
    throw new MorrowError('EDGE_START_FAILED', `The lock ${file} cannot be taken.`, {
      hint: 'Is it a file that another program wrote? Remove it if no edge runs.',
      cause,
    });
  }
  const locked = identityOf(file);
  return {
    isThere: () => identityOf(file) === locked,
    release: () => {
      if (database.isOpen) database.close();
    },
  };
}

function identityOf(file: string): string | null {
  const found = statSync(file, { throwIfNoEntry: false });
  // The number alone may be given out again at once.
  return found ? `${found.dev}/${found.ino}/${found.birthtimeMs}` : null;
}
