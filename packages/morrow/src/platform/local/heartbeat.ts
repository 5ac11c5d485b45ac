/** Tells the edge that its controller lives, and the controller whether another has acted. */
import { MorrowError } from '../../errors.ts';
import type { LocalContext } from './context.ts';

/**
 * @param epoch the caller's; 0 is nobody's: whoever says it only asks
 * @param prove takes note that the caller acts from now on
 * @returns the highest epoch that the edge or this folder has seen
 * @throws MorrowError `EDGE_UNREACHABLE`, unless the caller only asks
 */
export async function heartbeat(
  { edge, epochs }: LocalContext,
  epoch: number,
  prove: () => void,
): Promise<number> {
  const known = (): number => epochs.highest();
  try {
    if (epoch > 0 && epoch >= known()) prove();
    const seen = epoch === 0 ? await edge.state() : await edge.heartbeat(epoch);
    return Math.max(seen.epoch, known());
  } catch (error) {
    if (!(error instanceof MorrowError)) throw error;
    if (error.code === 'LEASE_LOST') return known();
    if (error.code === 'EDGE_EPOCH_STALE') return Math.max((await edge.state()).epoch, known());
    if (error.code === 'EDGE_UNREACHABLE' && epoch === 0) return known();
    throw error;
  }
}
