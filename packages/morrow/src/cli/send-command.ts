import type { Command } from '../engine/types.ts';
import { MorrowError } from '../errors.ts';
import type { RolloutView } from '../server/api.ts';
import { type Context, whoAsks } from './context.ts';
import { chooseService, openSession, type Session, underWay } from './session.ts';

/**
 * Sends a command to the rollout under way of the service that is meant, and says what came of it.
 * @param print whether `--json` prints the answer, because nothing else follows
 * @throws MorrowError `NO_ROLLOUT`, `COMMAND_REFUSED` and what {@link chooseService} throws
 */
export async function sendCommand(
  context: Context,
  command: Command,
  print = true,
): Promise<{ session: Session; rolloutId: string }> {
  const { out, args, env } = context;
  const session = await openSession(context, args[0]);
  const status = await session.ask((client) => client.status());
  const service = chooseService(status, args[1], underWay);
  if (!service.rollout) {
    throw new MorrowError(
      'NO_ROLLOUT',
      `No rollout of ${service.service} is under way in ${status.environment}.`,
      {
        hint: `\`morrow history ${status.environment} ${service.service}\` lists those that have ended.`,
      },
    );
  }
  const answer = await session.ask((client) =>
    client.command({ service: service.service, command, by: whoAsks(env) }),
  );
  out.say(answer.text);
  if (print && out.json) out.document(answer);
  return { session, rolloutId: answer.rolloutId };
}

/** Exit code of a command that asked for the way back: 0 once all traffic is there, however the rollout calls it. */
export function exitOfReturn(view: RolloutView): number {
  if (view.phase === 'rolled-back' || view.phase === 'failed') return 0;
  if (view.phase === 'promoted') return 1;
  return view.exitCode ?? 0;
}
