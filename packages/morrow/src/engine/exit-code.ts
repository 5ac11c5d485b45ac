import type { Rollout } from './types.ts';

/**
 * Exit code of a command that follows a rollout: 0 promoted, 3 rolled back, aborted or failed, 4 stuck, 6 waiting for
 * a person; null while it goes on by itself (or is paused, which whoever paused it ends).
 */
export function exitCodeOf(rollout: Rollout): number | null {
  switch (rollout.phase) {
    case 'promoted':
      return 0;
    case 'rolled-back':
    case 'failed':
      return 3;
    case 'stuck':
      return 4;
    case 'waiting':
      return 6;
    default:
      return null;
  }
}
