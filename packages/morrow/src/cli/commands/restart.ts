import { followBegun } from '../begun.ts';
import { type Run, whoAsks } from '../context.ts';
import { chooseService, openSession } from '../session.ts';

/** `morrow restart [env] [service]`: a rollout from the present revision to itself. */
export const run: Run = async (context) => {
  const { args, env } = context;
  const session = await openSession(context, args[0]);
  const status = await session.ask((client) => client.status());
  const { service } = chooseService(status, args[1], () => false);
  const answer = await session.ask((client) => client.restart({ service, by: whoAsks(env) }), 'absent');
  return followBegun(context, session, answer);
};
