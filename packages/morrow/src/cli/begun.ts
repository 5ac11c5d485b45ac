/** What `deploy`, `rollback` and `restart` do once the agent has answered. */
import type { DeployAnswer } from '../server/api.ts';
import { type Context, on } from './context.ts';
import { followRollout } from './follow-rollout.ts';
import { exitOfReturn } from './send-command.ts';
import type { Session } from './session.ts';

/** Says what was decided, then follows the rollout unless told not to. Resolves to the exit code. */
export async function followBegun(context: Context, session: Session, answer: DeployAnswer): Promise<number> {
  const { out, options } = context;
  out.say(answer.text);
  const id = answer.rolloutId;
  if (id === null || on(options, 'detach')) {
    if (out.json) out.document(answer);
    if (id !== null) out.say(`Follow it: morrow watch ${session.paths.environment} --rollout ${id}`);
    return 0;
  }
  // A command to a rollout under way succeeds where that rollout goes back as asked.
  return answer.decision === 'command'
    ? followRollout(context, session, id, { stopAtPerson: false, exitCode: exitOfReturn })
    : followRollout(context, session, id, { stopAtPerson: true });
}
