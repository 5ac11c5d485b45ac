/** Names that must be those of something else. */
import { sourceOf } from '../merge.ts';
import type { Mistake } from '../mistakes.ts';
import { cycleIn } from '../order.ts';
import { environmentsOf } from '../resolve.ts';
import { quoted } from '../schema/walk.ts';
import { closest } from '../suggest.ts';
import { everywhere, type Whole } from './check.ts';

/** Overrides and dependencies of services that do not exist, and dependencies in a circle. */
export function checkNames(whole: Whole): Mistake[] {
  return [...overrides(whole), ...dependencies(whole), ...circles(whole)];
}

function overrides({ config, names }: Whole): Mistake[] {
  return Object.entries(config.environments ?? {}).flatMap(([environment, { services = {} }]) => {
    return Object.keys(services)
      .filter((name) => !names.includes(name))
      .map((name) => ({ path: ['environments', environment, 'services', name], text: unknown(name, names) }));
  });
}

function dependencies(whole: Whole): Mistake[] {
  return everywhere(whole).flatMap(({ name, service, layers }) => {
    return (service.dependsOn ?? []).flatMap((dependency, index) => {
      const path = [...sourceOf(layers, ['dependsOn']), index];
      if (dependency === name) return [{ path, text: 'a service cannot depend on itself' }];
      return whole.names.includes(dependency) ? [] : [{ path, text: unknown(dependency, whole.names) }];
    });
  });
}

function circles(whole: Whole): Mistake[] {
  const seen = everywhere(whole);
  return environmentsOf(whole.config).flatMap((environment) => {
    const here = seen.filter((one) => one.environment === environment);
    const cycle = cycleIn(
      here.map(({ name, service }) => ({
        name,
        dependsOn: (service.dependsOn ?? []).filter((other) => other !== name),
      })),
    );
    const first = here.find(({ name }) => name === cycle?.[0]);
    if (cycle === null || first === undefined) return [];
    return [
      {
        path: sourceOf(first.layers, ['dependsOn']),
        text: `services depend on each other in a circle: ${cycle.join(' → ')}`,
      },
    ];
  });
}

function unknown(name: string, names: readonly string[]): string {
  const near = closest(name, names);
  if (near !== null) return `there is no service ${quoted(name)}; did you mean ${quoted(near)}?`;
  return `there is no service ${quoted(name)}; the services are: ${names.join(', ')}`;
}
