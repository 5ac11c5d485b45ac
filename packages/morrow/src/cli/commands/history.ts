import { type Run, text } from '../context.ts';
import { wholeNumber } from '../numbers.ts';
import { renderHistory } from '../render/history.ts';
import { openSession } from '../session.ts';
import { knownService } from '../where.ts';

/** `morrow history [env] [service]`: rollouts, the newest first. */
export const run: Run = async (context) => {
  const { out, args, options } = context;
  const limit = wholeNumber('--limit', text(options, 'limit'), 20, 1);
  const session = await openSession(context, args[0]);
  const service = args[1] ?? null;
  const views = await session.ask((client) => client.rollouts(service, limit));
  if (service !== null && views.length === 0) {
    const status = await session.ask((client) => client.status());
    knownService(
      service,
      status.services.map((one) => one.service),
      session.paths.environment,
    );
  }
  if (out.json) out.document(views);
  else if (views.length === 0) out.say(`Nothing was deployed to ${session.paths.environment} yet.`);
  else out.data(renderHistory(views, out.look));
  return 0;
};
