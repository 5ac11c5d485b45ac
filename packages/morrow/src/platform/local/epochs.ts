/**
 * The fence of everything that has no edge between itself and a controller that was only asleep: processes and files.
 * The highest epoch that has acted is kept as the name of an empty file, so raising it is one exclusive creation,
 * and two controllers that raise it at once can't overwrite each other.
 */
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MorrowError } from '../../errors.ts';
import { codeOf, namesIn, refusedBySystem } from './files.ts';

export interface Epochs {
  /** The highest epoch seen; 0 before any. */
  highest(): number;
  /**
   * Proves that `epoch` is the present one, and makes it so where it is newer.
   * @throws MorrowError `LEASE_LOST` where a newer controller has acted; nothing is changed then
   */
  claim(epoch: number): void;
}

/** The fence kept in `folder`. */
export function epochsIn(folder: string): Epochs {
  const seen = (): number[] => namesIn(folder).map(Number).filter(Number.isSafeInteger);
  const highest = (): number => Math.max(0, ...seen());
  return {
    highest,
    claim(epoch) {
      const before = highest();
      if (epoch > before) {
        create(folder, epoch);
        for (const old of seen()) if (old < epoch) rmSync(join(folder, String(old)), { force: true });
      }
      const now = Math.max(before, highest());
      if (now > epoch) {
        throw new MorrowError(
          'LEASE_LOST',
          `A newer controller (epoch ${now}) steers this environment; epoch ${epoch} may no longer act.`,
          { hint: '`morrow status` shows what it does.' },
        );
      }
    },
  };
}

function create(folder: string, epoch: number): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    closeSync(openSync(join(folder, String(epoch)), 'wx', 0o600));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw refusedBySystem(error, 'writing down the epoch') ?? error;
  }
}
