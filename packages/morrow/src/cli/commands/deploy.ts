import type { ResolvedService } from '../../config/resolved.ts';
import { MorrowError } from '../../errors.ts';
import { type EnvironmentPaths, environmentPaths } from '../../paths.ts';
import { followBegun } from '../begun.ts';
import { bringUpAndTell } from '../bring-up.ts';
import { type Context, on, type Run, text, whoAsks } from '../context.ts';
import { makeRevision } from '../make-revision.ts';
import { planServices } from '../plan-services.ts';
import { checkPort } from '../ports.ts';
import { selectServices } from '../selection.ts';
import { type Session, sessionAt } from '../session.ts';

/**
 * `morrow deploy [env] [service]`: makes a revision of each service and rolls it out, dependencies first; stops at
 * the first that is not promoted. Brings the environment up where it is down.
 */
export const run: Run = async (context) => {
  const { options, signal } = context;
  if (text(options, 'image') !== undefined) {
    throw new MorrowError(
      'NOT_SUPPORTED',
      'Images cannot be shipped yet: on this machine a revision is made from the folder.',
      {
        hint: 'Leave out --image.',
      },
    );
  }
  if (on(options, 'dryRun')) return planServices(context);
  const { config, services } = await selectServices(context);
  const paths = environmentPaths(config.root, config.environment);
  await bringUpAndTell(context, config, false);
  const session = sessionAt(paths, signal);
  for (const service of services) {
    const code = await ship(context, session, paths, service);
    if (code !== 0) return stopAt(context, services, service, code);
  }
  return 0;
};

/** One service from its folder to the end of its rollout; resolves to the exit code. */
async function ship(
  context: Context,
  session: Session,
  paths: EnvironmentPaths,
  service: ResolvedService,
): Promise<number> {
  await checkPort(service, paths, context.signal);
  const revision = await makeRevision(context, service, paths);
  // Safe to repeat: a rollout of that very revision is followed, not begun again.
  const answer = await session.ask((client) =>
    client.deploy({ revision, dryRun: false, by: whoAsks(context.env) }),
  );
  return followBegun(context, session, answer);
}

function stopAt(
  { out }: Context,
  services: readonly ResolvedService[],
  at: ResolvedService,
  code: number,
): number {
  const left = services.slice(services.indexOf(at) + 1).map((service) => service.name);
  if (left.length > 0) out.say(`Not shipped, because ${at.name} was not promoted: ${left.join(', ')}.`);
  return code;
}
