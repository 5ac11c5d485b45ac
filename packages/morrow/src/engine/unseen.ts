import { overdue } from './clock.ts';
import { leaveToPerson } from './phases/contracting.ts';
import { provingLimitMs } from './phases/verifying.ts';
import { end, goBack, phaseOfReturn, reasonOf, stick } from './transitions.ts';
import type { Advanced, Hook, Rollout } from './types.ts';
import { duration } from './words.ts';

/**
 * Time passes and the platform cannot be looked at: nothing can be asked for, but deadlines go on, so that a rollout
 * whose platform stays out of reach ends all the same.
 */
export function unseen(rollout: Rollout, nowMs: number): Advanced {
  const limitMs = extraMs(rollout);
  if (limitMs === null || !overdue(rollout, nowMs, limitMs)) return { rollout, effects: [] };
  const sinceMs = nowMs - rollout.progressAtMs;
  const reason = reasonOf('deadline', `the platform could not be looked at for ${duration(sinceMs)}`);
  switch (rollout.phase) {
    case 'pending':
      return { rollout: end({ ...rollout, reason }, phaseOfReturn(rollout), nowMs), effects: [] };
    case 'contracting':
      return leaveToPerson(rollout, { nowMs }, reason);
    case 'rolling-back':
      // All traffic was seen on stable; only what follows is not known to have ended.
      return rollout.memory.returnedAtMs === null
        ? stick(rollout, rollout.reason ?? reason, nowMs)
        : { rollout: end(rollout, phaseOfReturn(rollout), nowMs), effects: [] };
    default:
      return goBack(rollout, reason, nowMs);
  }
}

/** Limits of the tasks that a phase may wait for, ms on top of the progress deadline; null: it has no deadline. */
function extraMs(rollout: Rollout): number | null {
  const { settings, phase } = rollout;
  const sum = (hooks: readonly Hook[]): number => hooks.reduce((total, hook) => total + hook.timeoutMs, 0);
  switch (phase) {
    case 'verifying':
    case 'migrating':
      return provingLimitMs(rollout);
    case 'baking':
      return sum(settings.hooks.afterPromote);
    case 'contracting':
      return sum(settings.hooks.afterPromote) + (settings.migrations.contract?.timeoutMs ?? 0);
    case 'rolling-back':
      return sum(settings.hooks.afterRollback) + (settings.migrations.expand?.timeoutMs ?? 0);
    case 'paused':
    case 'waiting':
      return null;
    default:
      return 0;
  }
}
