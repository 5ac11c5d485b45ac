import type { EdgeHealth, EdgeTargetState } from '../api.ts';

/** What is known of one target's health. */
export interface TargetHealth {
  readonly health: EdgeTargetState['health'];
  /** Why it isn't healthy, in words; null while it is. */
  readonly problem: string | null;
  /** Failures in a row of a healthy target. */
  readonly failures: number;
  /** The last check found nobody listening: a process that is gone, not one that is slow. */
  readonly refused: boolean;
}

/** Result of one check: null is success, else what went wrong in words. */
export type CheckResult = string | null;

export const REFUSED = 'connection refused';

/** A target that was just added. @param presumed it was healthy before the edge restarted */
export const newTarget = (presumed: boolean): TargetHealth => ({
  health: presumed ? 'healthy' : 'starting',
  problem: presumed ? null : 'not checked yet',
  failures: 0,
  refused: false,
});

/** Health after one more check. */
export function afterCheck(before: TargetHealth, result: CheckResult, failures: number): TargetHealth {
  if (result === null) return { health: 'healthy', problem: null, failures: 0, refused: false };
  const refused = result === REFUSED;
  if (before.health !== 'healthy') return { ...before, problem: result, failures: 0, refused };
  const inARow = before.failures + 1;
  if (inARow < failures) return { ...before, failures: inARow, refused };
  return { health: 'unhealthy', problem: result, failures: 0, refused };
}

/** Which path the next check asks. */
export const pathToAsk = (now: TargetHealth, health: EdgeHealth): string =>
  now.health === 'healthy' ? health.livePath : health.readyPath;

/**
 * Pause before the next check, ms. A target that is waited for is asked often at first, since a rollout can't go on
 * before it answers, then once a second; a healthy one that refused a connection is asked again soon.
 *
 * @param sinceMs how long the target has been in its present health, ms
 */
export function pauseBeforeNext(now: TargetHealth, sinceMs: number, intervalMs: number): number {
  if (now.health === 'healthy') return now.refused ? Math.min(intervalMs, 200) : intervalMs;
  if (sinceMs < 5_000) return now.health === 'starting' ? 30 : 200;
  return sinceMs < 30_000 ? 250 : 1_000;
}
