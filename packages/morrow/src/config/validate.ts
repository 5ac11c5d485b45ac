import { distinct, type Whole } from './checks/check.ts';
import { checkEnvironments } from './checks/environments.ts';
import { checkListening } from './checks/listening.ts';
import { checkNames } from './checks/names.ts';
import { checkRollouts } from './checks/rollouts.ts';
import { checkServices } from './checks/services.ts';
import { explain, inOrder, type Mistake, valueAt } from './mistakes.ts';
import { configSchema } from './schema/schema.ts';
import type { Path } from './schema/walk.ts';
import type { MorrowConfig } from './types.ts';
import { type Warning, warningsOf } from './warnings.ts';

/** What is to be said of a configuration. It may be used where there are no mistakes. */
export type Validated =
  | { readonly config: MorrowConfig; readonly mistakes: readonly []; readonly warnings: readonly Warning[] }
  | { readonly config: null; readonly mistakes: readonly Mistake[]; readonly warnings: readonly Warning[] };

const CHECKS = [checkNames, checkListening, checkServices, checkRollouts, checkEnvironments];

/** Finds all mistakes of a configuration at once: wrong keys and values, and what does not fit together. */
export function validate(input: unknown): Validated {
  if (isCircular(input, [])) {
    return {
      config: null,
      mistakes: [{ path: [], text: 'it holds an object that holds itself' }],
      warnings: [],
    };
  }
  const poisoned = keysNamed('__proto__', input, []);
  if (poisoned.length > 0) {
    const mistakes = poisoned.map((path) => ({
      path,
      text: 'no name: JavaScript means something else by it',
    }));
    return { config: null, mistakes, warnings: [] };
  }
  const written = withoutUndefined(input);
  const issues = configSchema.safeParse(written).error?.issues ?? [];
  const wrong = explain(configSchema, written, issues);
  const config = wrong.length === 0 ? (written as MorrowConfig) : sound(written, wrong);
  if (config === null) return { config: null, mistakes: wrong, warnings: [] };
  const whole: Whole = {
    config,
    names: namesOf(written, 'services'),
    environmentNames: namesOf(written, 'environments'),
  };
  const unfit = CHECKS.flatMap((check) => check(whole));
  const mistakes = distinct([...wrong, ...unfit]).toSorted((a, b) => inOrder(written, a.path, b.path));
  const warnings = warningsOf(config);
  return mistakes.length === 0 ? { config, mistakes: [], warnings } : { config: null, mistakes, warnings };
}

/**
 * What is left of a configuration without its mistakes, so that the rest can be looked at in the same run;
 * null where nothing can be said of the rest.
 */
function sound(input: unknown, mistakes: readonly Mistake[]): MorrowConfig | null {
  const rest = structuredClone(plainData(input));
  let wrong = mistakes;
  for (let round = 0; round < 10; round += 1) {
    if (wrong.some(({ path }) => path.length === 0)) return null;
    for (const { path } of wrong) remove(rest, path);
    const { success, error } = configSchema.safeParse(rest);
    if (success) return rest as MorrowConfig;
    wrong = explain(configSchema, rest, error.issues);
  }
  return null;
}

/** Takes away what is wrong: the value; the whole list where it is in one; the object where it is missing from it. */
function remove(root: unknown, path: Path): void {
  const inList = path.findIndex((part) => typeof part === 'number');
  const there = inList === -1 ? path : path.slice(0, inList);
  const missing = valueAt(root, there) === undefined;
  const target = missing ? there.slice(0, -1) : there;
  const parent = valueAt(root, target.slice(0, -1));
  const key = target.at(-1);
  if (typeof parent === 'object' && parent !== null && key !== undefined) {
    delete (parent as Record<string | number, unknown>)[key];
  }
}

function namesOf(input: unknown, key: string): string[] {
  return Object.keys(Object(valueAt(input, [key])));
}

function isCircular(value: unknown, outer: readonly unknown[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return outer.includes(value) || Object.values(value).some((inner) => isCircular(inner, [...outer, value]));
}

/** Paths of all keys of that name. */
function keysNamed(name: string, value: unknown, path: Path): Path[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...path, key];
    return key === name ? [here] : keysNamed(name, inner, here);
  });
}

/** `{ build: undefined }`, which a program may well write, is `{}`. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (!isPlainObject(value)) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutUndefined(inner)]));
}

/** Without functions and the like, which are mistakes and can't be cloned. */
function plainData(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainData);
  if (isPlainObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainData(inner)]));
  }
  return typeof value === 'object' || typeof value === 'function' || typeof value === 'symbol' ? null : value;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
