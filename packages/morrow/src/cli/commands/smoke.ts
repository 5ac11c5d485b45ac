import type { ResolvedService } from '../../config/resolved.ts';
import type { Check } from '../../engine/types.ts';
import { environmentPaths } from '../../paths.ts';
import type { Run } from '../context.ts';
import { harmless } from '../render/text.ts';
import { selectServices } from '../selection.ts';
import { sessionAt } from '../session.ts';

/** `morrow smoke [env] [service]`: runs the smoke checks against what serves now. */
export const run: Run = async (context) => {
  const { out, signal } = context;
  const { config, services } = await selectServices(context);
  const session = sessionAt(environmentPaths(config.root, config.environment), signal);
  const { style, signs } = out.look;
  let allOk = true;
  for (const service of services) {
    const checks = checksOf(service);
    if (service.rollout.smoke.length === 0)
      out.say(`${service.name} has no smoke checks; asking its health only.`);
    const answer = await session.ask((client) => client.smoke({ service: service.name, checks }));
    allOk &&= answer.ok;
    if (out.json) {
      out.document({ service: service.name, ...answer });
      continue;
    }
    for (const { name, ok, text } of answer.results) {
      const sign = ok ? style.green(signs.good) : style.red(signs.bad);
      out.data([`${sign} ${service.name}: ${name}: ${harmless(text)}`]);
    }
  }
  return allOk ? 0 : 1;
};

function checksOf(service: ResolvedService): readonly Check[] {
  if (service.rollout.smoke.length > 0) return service.rollout.smoke;
  const { readyPath, timeoutMs } = service.health;
  const expect = { status: [], bodyIncludes: null, withinMs: timeoutMs };
  return [{ name: 'health', method: 'GET', path: readyPath, headers: {}, body: null, expect }];
}
