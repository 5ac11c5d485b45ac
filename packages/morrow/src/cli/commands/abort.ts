import { on, type Run } from '../context.ts';
import { followRollout } from '../follow-rollout.ts';
import { exitOfReturn, sendCommand } from '../send-command.ts';

/** `morrow abort [env] [service]`: ends the rollout and takes all traffic back to stable; waits until it is there. */
export const run: Run = async (context) => {
  const { session, rolloutId } = await sendCommand(context, { type: 'abort' }, on(context.options, 'detach'));
  if (on(context.options, 'detach')) return 0;
  return followRollout(context, session, rolloutId, { stopAtPerson: false, exitCode: exitOfReturn });
};
