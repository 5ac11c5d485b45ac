import { type Command, type Rollout, TERMINAL_PHASES } from './types.ts';

/**
 * Why a rollout does not take a command now, in one sentence.
 * @returns null: it takes it (which may mean that nothing is left to change, as with a second `abort`)
 */
export function refusal(rollout: Rollout, command: Command): string | null {
  if (TERMINAL_PHASES.includes(rollout.phase)) return `The rollout has ended already: ${rollout.phase}.`;
  switch (command.type) {
    case 'pause':
      return refusePause(rollout);
    case 'resume':
      return refuseResume(rollout);
    case 'promote':
      return refusePromote(rollout, command.full);
    case 'abort':
      return rollout.contracted ? PAST_CONTRACT : null;
    case 'rollback':
      return rollout.contracted && !command.force ? PAST_CONTRACT : null;
    case 'supersede':
      return null;
  }
}

const GOING_BACK = 'The rollout is going back to stable, and nothing but its end stops that.';
const PAST_CONTRACT =
  'The contract migration has begun: stable may no longer fit the schema. `morrow rollback --i-know` goes back all the same.';

function refusePause({ phase, contracted }: Rollout): string | null {
  if (phase === 'rolling-back') return GOING_BACK;
  if (phase === 'waiting') return 'The rollout waits for a person already.';
  return contracted ? 'The contract migration has begun and cannot be paused.' : null;
}

function refuseResume({ phase, reason }: Rollout): string | null {
  if (phase === 'paused') return null;
  if (phase === 'holding') {
    return reason?.code === 'drift'
      ? null
      : `The rollout is not paused: it holds because ${reason?.text ?? 'something is wrong'}.`;
  }
  if (phase === 'waiting')
    return 'The rollout is not paused: it waits for `morrow promote` or `morrow abort`.';
  return 'The rollout is not paused.';
}

function refusePromote({ phase, resumePhase, reason, contracted }: Rollout, full: boolean): string | null {
  if (phase === 'rolling-back') return GOING_BACK;
  if (phase === 'waiting') return null;
  if (contracted || phase === 'contracting' || resumePhase === 'contracting') {
    return 'The bake is over: only the contract migration is still under way.';
  }
  if (full) return null;
  if (phase === 'holding') {
    return `The rollout holds because ${reason?.text ?? 'something is wrong'}; \`morrow promote --full\` goes on all the same.`;
  }
  const at = phase === 'paused' ? resumePhase : phase;
  if (at === 'observing' || at === 'baking') return null;
  return 'There is no bake and no gate to end now; `morrow promote --full` skips all that are to come.';
}
