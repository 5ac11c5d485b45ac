import { MorrowError } from '../../errors.ts';
import { type Run, text } from '../context.ts';
import { wholeNumber } from '../numbers.ts';
import { renderRollout } from '../render/history.ts';
import { openSession } from '../session.ts';

/** `morrow history show <rollout> [env]`: one rollout with its journal. */
export const run: Run = async (context) => {
  const { out, args, options } = context;
  const [id, environment] = args;
  if (id === undefined) throw new MorrowError('USAGE', 'Which rollout? `morrow history` lists them.');
  const limit = wholeNumber('--limit', text(options, 'limit'), 1000, 1);
  const session = await openSession(context, environment);
  const rollout = await session.ask((client) => client.rollout(id));
  const journal = await session.ask((client) => client.journal(rollout.id, limit));
  if (out.json) out.document({ rollout, journal });
  else out.data(renderRollout(rollout, journal, out.look));
  return 0;
};
