import { type EnvironmentPaths, environmentPaths } from '../../paths.ts';
import type { StatusReport } from '../../server/api.ts';
import { bringUpAndTell } from '../bring-up.ts';
import { type Context, Interrupted, type Run } from '../context.ts';
import { healthWords } from '../render/rollout-words.ts';
import { renderStatus } from '../render/status.ts';
import { sessionAt } from '../session.ts';
import { wait } from '../wait.ts';
import { chooseEnvironment } from '../where.ts';

/** How long what served before may take to serve again, ms. */
const SERVE_MS = 60_000;
const POLL_MS = 100;
const TELL_MS = 5_000;

/** A port may still be held by what ended a moment ago, ms. */
const PORT_MS = 3_000;

/** Exit code where a service does not serve again in time. */
const TIMED_OUT = 4;

/**
 * `morrow up [env]`: starts edge and agent in the background, waits until what served before serves again, and tells
 * what that is. Deploys nothing.
 */
export const run: Run = async (context) => {
  const { out, pieces } = context;
  const project = await pieces.loadProject(context.cwd);
  const environment = chooseEnvironment(context, project, context.args[0]);
  const config = project.resolve(environment);
  const begun = bringUpAndTell(context, config, true).then(() =>
    untilServing(context, environmentPaths(config.root, environment)),
  );
  const status = await begun.catch((error: unknown) => {
    if (error instanceof Interrupted) out.say('Left; what was started goes on in the background.');
    throw error;
  });
  if (out.json) out.document(status);
  else out.data(renderStatus(status, out.look));
  if (blocked(status)) return 1;
  return waitedFor(status).length === 0 ? 0 : TIMED_OUT;
};

async function untilServing(context: Context, paths: EnvironmentPaths): Promise<StatusReport> {
  const { out, signal } = context;
  const session = sessionAt(paths, signal);
  const begin = performance.now();
  let told = begin;
  for (;;) {
    const status = await session.ask((client) => client.status());
    const waiting = waitedFor(status);
    const now = performance.now();
    const enough = blocked(status) ? now - begin > PORT_MS : waiting.length === 0;
    if (enough || now - begin > SERVE_MS) return status;
    if (now - told > TELL_MS) {
      told = now;
      out.say(`Waiting for ${waiting.join(', ')} …`);
    }
    await wait(POLL_MS, signal);
  }
}

/** Whether something that a person must put right keeps the edge from taking requests. */
const blocked = ({ edge }: StatusReport): boolean => (edge?.problems ?? []).length > 0;

/** Services that served before and do not serve fully yet. One with a rollout under way is that rollout's matter. */
function waitedFor({ services }: StatusReport): string[] {
  return services.flatMap(({ service, serving, rollout }) =>
    serving === null || rollout !== null || (serving.wanted > 0 && serving.healthy >= serving.wanted)
      ? []
      : [`${service} (${healthWords(serving)})`],
  );
}
