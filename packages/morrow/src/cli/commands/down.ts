import { Interrupted, type Run } from '../context.ts';
import { takeDown } from '../take-down.ts';
import { locate } from '../where.ts';

/** `morrow down [env]`: stops services, agent and edge. */
export const run: Run = async (context) => {
  const { out, pieces, signal } = context;
  const paths = await locate(context, context.args[0]);
  const stopped = await takeDown(paths, pieces.programs, (text) => out.say(text), signal).catch(
    (error: unknown) => {
      if (error instanceof Interrupted) out.say('Left; what has begun to stop goes on stopping.');
      throw error;
    },
  );
  if (out.json) out.document({ environment: paths.environment, stopped });
  else out.say(stopped ? `${paths.environment} is down.` : `${paths.environment} was down already.`);
  return 0;
};
