/** What must fit together within one service. */
import { layerOf, sourceOf } from '../merge.ts';
import type { Mistake } from '../mistakes.ts';
import { quoted } from '../schema/walk.ts';
import { everywhere, type Seen, type Whole } from './check.ts';

/** Keys that say something about requests, which only an `http` service gets. */
const OF_HTTP = ['listen', 'health', 'smoke', 'maxBody', 'timeouts'] as const;

/** What the platform itself sets in the environment of every target. */
const RESERVED = /^(PORT|HOST|MORROW_.*)$/;

export function checkServices(whole: Whole): Mistake[] {
  return everywhere(whole).flatMap((seen) => [
    ...kinds(seen),
    ...variables(seen),
    ...numbers(seen),
    ...resources(whole, seen),
  ]);
}

function kinds({ service, layers }: Seen): Mistake[] {
  const { kind = 'http' } = service;
  if (kind === 'http') return [];
  return OF_HTTP.filter((key) => service[key] !== undefined).map((key) => ({
    path: sourceOf(layers, [key]),
    text: `a ${kind} gets no requests; only a service of kind 'http' has ${key}`,
  }));
}

function variables({ service, layers }: Seen): Mistake[] {
  const { env = {}, secrets = [] } = service;
  const there = Object.keys(env).filter((name) => env[name] !== null);
  return [
    ...there
      .filter((name) => RESERVED.test(name))
      .map((name) => ({ path: sourceOf(layers, ['env', name]), text: reserved(name) })),
    ...secrets.flatMap((name, index) => {
      const path = [...sourceOf(layers, ['secrets']), index];
      if (RESERVED.test(name)) return [{ path, text: reserved(name) }];
      if (secrets.indexOf(name) !== index) return [{ path, text: `${quoted(name)} stands here twice` }];
      if (!there.includes(name)) return [];
      return [{ path, text: `${quoted(name)} is in env, too; it can be one of both only` }];
    }),
  ];
}

function reserved(name: string): string {
  return `${quoted(name)} is set by Morrow; allowed is any name but PORT, HOST and MORROW_…`;
}

function numbers({ service, layers }: Seen): Mistake[] {
  const { scaling, instances } = service;
  if (scaling === undefined || scaling === false) return [];
  const { min, max, desired } = scaling;
  if (min > max) {
    const text = `found ${max}, allowed is at least ${min}, which min says`;
    return [{ path: sourceOf(layers, ['scaling', 'max']), text }];
  }
  const between = (key: string[], found: number | undefined): Mistake[] => {
    if (found === undefined || (found >= min && found <= max)) return [];
    const text = `found ${found}, allowed is a whole number from ${min} to ${max}, which scaling says`;
    return [{ path: sourceOf(layers, key), text }];
  };
  return [...between(['scaling', 'desired'], desired), ...between(['instances'], instances)];
}

function resources({ config }: Whole, { service, layers, environment }: Seen): Mistake[] {
  const declared = { ...config.resources, ...config.environments?.[environment]?.resources };
  return (service.uses ?? []).flatMap((name, index) => {
    if (declared[name] !== undefined) return [];
    const path = [...(layerOf(layers, ['uses'])?.path ?? []), 'uses', index];
    return [{ path, text: `there is no resources.${name}; it says what ${quoted(name)} is` }];
  });
}
