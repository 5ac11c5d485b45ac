import { environmentPaths } from '../paths.ts';
import { type Context, whoAsks } from './context.ts';
import { makeRevision } from './make-revision.ts';
import { renderPlan } from './render/plan.ts';
import { selectServices } from './selection.ts';
import { sessionAt } from './session.ts';

/** Prints what a deploy would do, as the agent would do it. Resolves to the exit code. */
export async function planServices(context: Context): Promise<number> {
  const { out, env, signal } = context;
  const { config, services } = await selectServices(context);
  const paths = environmentPaths(config.root, config.environment);
  const session = sessionAt(paths, signal);
  // Before the work of making a revision: without an agent nobody knows what serves.
  await session.ask((client) => client.status());
  for (const service of services) {
    const revision = await makeRevision(context, service, paths);
    const { plan, text } = await session.ask((client) =>
      client.deploy({ revision, dryRun: true, by: whoAsks(env) }),
    );
    if (out.json) {
      out.document(plan);
    } else {
      out.say(text);
      if (plan) out.data(renderPlan(plan, out.look));
    }
  }
  return 0;
}
