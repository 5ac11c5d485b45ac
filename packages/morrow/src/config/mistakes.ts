import type * as z from 'zod';
import { MorrowError } from '../errors.ts';
import {
  allowed,
  at,
  bare,
  keysAt,
  metaOf,
  options,
  type Path,
  quoted,
  shape,
  valuesOf,
} from './schema/walk.ts';
import { closest } from './suggest.ts';
import { likelyDuration, likelyPercent, likelySize } from './values.ts';

/** One thing that is wrong in a configuration. */
export interface Mistake {
  readonly path: Path;
  /** What was found, what is allowed, and what may have been meant; without the path. */
  readonly text: string;
}

/** A configuration that has mistakes: its message lists all of them. */
export class ConfigInvalid extends MorrowError {
  readonly mistakes: readonly Mistake[];

  /**
   * @param file the configuration as a message names it
   * @param mistakes at least one
   * @param lineOf line of a path in the file, counted from 1; null where it cannot be told
   */
  constructor(
    file: string,
    mistakes: readonly Mistake[],
    lineOf: (path: Path) => number | null = () => null,
  ) {
    const lines = mistakes.map((mistake) => {
      const line = lineOf(mistake.path);
      const place = formatPath(mistake.path) || 'the whole of it';
      return `  ${place}${line === null ? '' : ` (line ${line})`}: ${mistake.text}`;
    });
    const count = mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`;
    super('CONFIG_INVALID', [`${file} has ${count}:`, ...lines].join('\n'), {
      hint: 'docs/configuration.md lists every key; `morrow config --schema` prints a JSON Schema for editors.',
    });
    this.mistakes = mistakes;
  }
}

/** A path as people write it: `services.backend.rollout.steps[1]`. */
export function formatPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[\w$-]+$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

/** What stands at a path of plain data; undefined where nothing does. */
export function valueAt(root: unknown, path: Path): unknown {
  let here = root;
  for (const key of path) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = (here as Record<string | number, unknown>)[key];
  }
  return here;
}

/** Says in words what the schema did not like, in the order of the file. */
export function explain(
  schema: z.core.$ZodType,
  input: unknown,
  issues: readonly z.core.$ZodIssue[],
): Mistake[] {
  const mistakes = issues.flatMap((issue) => mistakesOf({ schema, input }, issue, []));
  return mistakes.toSorted((a, b) => inOrder(input, a.path, b.path));
}

/** Which of two paths comes first in the file; what is missing comes last. */
export function inOrder(input: unknown, a: Path, b: Path): number {
  const depth = a.findIndex((part, index) => part !== b[index]);
  if (depth === -1) return a.length - b.length;
  const keys = Object.keys(Object(valueAt(input, a.slice(0, depth))));
  const place = (part: string | number | undefined) => {
    if (part === undefined) return -1;
    const index = keys.indexOf(String(part));
    return index === -1 ? keys.length : index;
  };
  return place(a[depth]) - place(b[depth]);
}

interface Context {
  readonly schema: z.core.$ZodType;
  readonly input: unknown;
}

function mistakesOf(context: Context, issue: z.core.$ZodIssue, base: Path): Mistake[] {
  const path = [...base, ...(issue.path as (string | number)[])];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], text: unknownKey(context, path, key) }));
  }
  if (issue.code === 'invalid_key') {
    const name = String(path.at(-1));
    return [
      { path, text: `the name ${quoted(name)} is not allowed; allowed is ${allowedKey(context, path)}` },
    ];
  }
  if (issue.code === 'invalid_union') {
    const branch = meantBranch(issue.errors);
    if (branch !== null) return branch.flatMap((inner) => mistakesOf(context, inner, path));
  }
  if (issue.code === 'custom') return [{ path, text: issue.message }];
  return [{ path, text: wrongValue(context, path) }];
}

/** Which member of a union was meant: one that takes this kind of value and finds least to say; null: none does. */
function meantBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | null {
  const possible = branches.filter((issues) =>
    issues.every((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys'),
  );
  const cost = (issues: readonly z.core.$ZodIssue[]) =>
    issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? 10 * issue.keys.length : 1), 0);
  return possible.toSorted((a, b) => cost(a) - cost(b))[0] ?? null;
}

function unknownKey(context: Context, path: Path, key: string): string {
  const keys = keysAt(context.schema, path, context.input);
  const near = closest(key, keys) ?? elsewhere(context, path, key);
  if (near !== null) return `there is no such key; did you mean ${quoted(near)}?`;
  return `there is no such key; allowed here: ${keys.filter((known) => known !== '$schema').join(', ')}`;
}

/** A key of that very name further in or further out, as a path from the root; null: there is none. */
function elsewhere({ schema, input }: Context, path: Path, key: string): string | null {
  let here: { path: Path; schemas: z.core.$ZodType[] }[] = [{ path, schemas: at(schema, path, input) }];
  for (let depth = 0; depth < 3; depth += 1) {
    const next: typeof here = [];
    for (const place of here) {
      for (const [name, inner] of place.schemas
        .flatMap(options)
        .flatMap((one) => Object.entries(shape(one) ?? {}))) {
        if (name === key) return formatPath([...place.path, key]);
        next.push({ path: [...place.path, name], schemas: [inner] });
      }
    }
    here = next;
  }
  for (let length = path.length - 1; length >= 0; length -= 1) {
    const outer = path.slice(0, length);
    if (keysAt(schema, outer, input).includes(key)) return formatPath([...outer, key]);
  }
  return null;
}

function allowedKey({ schema, input }: Context, path: Path): string {
  const records = at(schema, path.slice(0, -1), input).flatMap(options) as z.core.$ZodTypes[];
  return allowed(records.flatMap(({ _zod: { def } }) => (def.type === 'record' ? [def.keyType] : [])));
}

function wrongValue({ schema, input }: Context, path: Path): string {
  const found = valueAt(input, path);
  const places = at(schema, path, input);
  const words = allowed(places);
  if (found === undefined) return `it is missing; needed is ${words}`;
  const meant = likely(
    places.flatMap((place) => [bare(place), ...options(place)]),
    found,
  );
  return `found ${quoted(found)}, allowed is ${words}${meant === null || meant === found ? '' : `; did you mean ${quoted(meant)}?`}`;
}

function likely(schemas: readonly z.core.$ZodType[], found: unknown): string | null {
  if (typeof found === 'string') {
    const texts = schemas.flatMap(valuesOf).filter((value) => typeof value === 'string');
    const near = closest(found, texts);
    if (near !== null) return near;
  }
  if (typeof found !== 'string' && typeof found !== 'number') return null;
  for (const schema of schemas) {
    const meant = likelyOfKind(metaOf(schema).likely, found);
    if (meant !== null) return meant;
  }
  return null;
}

function likelyOfKind(kind: z.GlobalMeta['likely'], found: string | number): string | null {
  if (kind === 'duration') return likelyDuration(found);
  if (kind === 'percent') return likelyPercent(found);
  if (kind === 'size') return likelySize(found);
  if (kind === 'path' && typeof found === 'string' && /^[\w-]/.test(found)) return `/${found}`;
  return null;
}
