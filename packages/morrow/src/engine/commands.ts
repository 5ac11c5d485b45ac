import { CONTRACTED } from './phases/contracting.ts';
import { end, goBack, phaseOfReturn, reasonOf, reenter, remember, resume, suspend } from './transitions.ts';
import type { Command, ReasonCode, Rollout } from './types.ts';

/** Takes a command that is not refused. Repeated, it changes nothing more. */
export function obey(rollout: Rollout, command: Command, by: string, nowMs: number): Rollout {
  switch (command.type) {
    case 'pause':
      return rollout.phase === 'paused'
        ? rollout
        : suspend(rollout, 'paused', reasonOf('gate', `paused by ${by}`), nowMs);
    case 'resume':
      // Weights changed by another hand are put right: that is what a resumed hold for drift asks for.
      return rollout.phase === 'holding' ? reenter(rollout, 'shifting', nowMs) : resume(rollout, nowMs);
    case 'promote':
      return promote(rollout, command.full, nowMs);
    case 'abort':
      return back(rollout, 'aborted', `aborted by ${by}`, nowMs);
    case 'rollback':
      return back(rollout, 'rollback-requested', `rolled back by ${by}`, nowMs);
    case 'supersede':
      return supersede(rollout, command.by, nowMs);
  }
}

function promote(rollout: Rollout, full: boolean, nowMs: number): Rollout {
  const { phase, resumePhase, memory } = rollout;
  if (phase === 'waiting' && resumePhase === 'contracting') return withoutContract(rollout, nowMs);
  const asked = remember(rollout, { promoteStep: !full, promoteFull: memory.promoteFull || full });
  return phase === 'waiting' || phase === 'paused' ? resume(asked, nowMs) : asked;
}

/** Ends the rollout although the schema was not contracted. */
const withoutContract = (rollout: Rollout, nowMs: number): Rollout => ({
  ...remember(resume(rollout, nowMs), { milestone: CONTRACTED }),
  progressAtMs: nowMs,
});

function back(rollout: Rollout, code: ReasonCode, text: string, nowMs: number): Rollout {
  if (rollout.phase === 'rolling-back') return rollout;
  const reason = reasonOf(code, text);
  // Nothing has been asked for yet, so there is nothing to take back.
  if (rollout.phase === 'pending') return end({ ...rollout, reason }, phaseOfReturn(rollout), nowMs);
  return goBack(rollout, reason, nowMs).rollout;
}

/** Past the contract there is no way back: the next rollout begins when this one has ended. */
function supersede(rollout: Rollout, by: string, nowMs: number): Rollout {
  if (!rollout.contracted) return back(rollout, 'superseded', `superseded by ${by}`, nowMs);
  return rollout.phase === 'waiting' ? withoutContract(rollout, nowMs) : rollout;
}
