import { type Run, text } from '../context.ts';
import { followRollout, printEnded } from '../follow-rollout.ts';
import { chooseService, openSession, underWay } from '../session.ts';

/** `morrow watch [env] [service]`: follows the rollout under way, or shows how the last one ended. */
export const run: Run = async (context) => {
  const { out, args, options } = context;
  const session = await openSession(context, args[0]);
  const rollout = text(options, 'rollout');
  if (rollout !== undefined) {
    const { id } = await session.ask((client) => client.rollout(rollout));
    return followRollout(context, session, id, { stopAtPerson: !out.live });
  }
  const status = await session.ask((client) => client.status());
  const service = chooseService(status, args[1], underWay);
  const id = service.rollout?.id;
  // Whoever watches in a terminal wants to see how it goes on; a program wants to know that somebody must act.
  if (id !== undefined) return followRollout(context, session, id, { stopAtPerson: !out.live });
  out.say(`No rollout of ${service.service} is under way in ${status.environment}.`);
  if (service.last) return printEnded(context, session, service.last, null);
  if (out.json) out.document(null);
  return 0;
};
