import type { Rollout } from '../engine/types.ts';

/**
 * Whether a change of a rollout deserves an entry in the journal. Clocks, counters and wording change with
 * every event; they are written with the next significant change, or once a second.
 */
export function significant(before: Rollout, after: Rollout): boolean {
  return before !== after && essence(before) !== essence(after);
}

function essence(rollout: Rollout): string {
  const { phase, step, weights, reason, outcome, contracted, resumePhase, verdict, memory } = rollout;
  return JSON.stringify([
    phase,
    step,
    weights,
    reason?.code,
    outcome,
    contracted,
    resumePhase,
    verdict?.decision,
    memory.promoteFull,
    memory.promoteStep,
    memory.decidedAtMs,
    memory.returnedAtMs,
  ]);
}
