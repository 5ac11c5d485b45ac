import * as z from 'zod';

type Schema = z.core.$ZodType;

/** A place in a configuration: `['services', 'backend', 'rollout', 'steps', 1]`. */
export type Path = readonly (string | number)[];

/** The schema without the wrappers that say nothing about its shape. */
export function bare(schema: Schema): Schema {
  const inner = within(schema);
  return inner === null ? schema : bare(inner);
}

/** What a wrapper wraps; null: it is none. */
function within(schema: Schema): Schema | null {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  return def.type === 'optional' || def.type === 'readonly' ? def.innerType : null;
}

/** What may stand where the schema does: the schema itself, or each member of a union. */
export function options(schema: Schema): Schema[] {
  const inner = bare(schema);
  const { def } = (inner as z.core.$ZodTypes)._zod;
  return def.type === 'union' ? def.options.flatMap(options) : [inner];
}

/** Keys of an object schema with what stands under each; null for any other schema. */
export function shape(schema: Schema): Record<string, Schema> | null {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  return def.type === 'object' ? (def.shape as Record<string, Schema>) : null;
}

/** What stands under a key or index of the schema; null where nothing can. */
export function child(schema: Schema, key: string | number): Schema | null {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === 'object') return (def.shape as Record<string, Schema>)[key] ?? null;
  if (def.type === 'record') return def.valueType;
  if (def.type === 'array') return def.element;
  return null;
}

/** All schemas that may stand at a path; where several could, those that what stands in `input` comes nearest to. */
export function at(root: Schema, path: Path, input: unknown): Schema[] {
  let here: Schema[] = [root];
  let value = input;
  for (const key of path) {
    here = nearest(here.flatMap(options), value).flatMap((schema) => child(schema, key) ?? []);
    value =
      typeof value === 'object' && value !== null
        ? (value as Record<string | number, unknown>)[key]
        : undefined;
  }
  return here;
}

/** The members of a union that an object comes nearest to: no wrong literal, fewest unknown keys. */
function nearest(schemas: readonly Schema[], value: unknown): readonly Schema[] {
  if (typeof value !== 'object' || value === null || schemas.length < 2) return schemas;
  const score = (schema: Schema) => {
    const keys = shape(schema);
    if (keys === null) return child(schema, 0) === null ? Number.POSITIVE_INFINITY : 0;
    const unknown = Object.keys(value).filter((key) => keys[key] === undefined).length;
    const wrong = Object.entries(keys).filter(([key, inner]) => {
      const found = (value as Record<string, unknown>)[key];
      const values = valuesOf(bare(inner));
      return found !== undefined && values.length > 0 && !values.includes(found);
    }).length;
    return unknown + wrong;
  };
  const best = Math.min(...schemas.map(score));
  return schemas.filter((schema) => score(schema) === best);
}

/** Keys that an object at the path may have. */
export function keysAt(root: Schema, path: Path, input: unknown): string[] {
  const keys = at(root, path, input)
    .flatMap(options)
    .flatMap((schema) => Object.keys(shape(schema) ?? {}));
  return [...new Set(keys)];
}

/** The facts noted beside a schema in `kit.ts`; a wrapper has those of what it wraps. */
export function metaOf(schema: Schema): z.GlobalMeta {
  const inner = within(schema);
  return { ...(inner === null ? {} : metaOf(inner)), ...z.globalRegistry.get(schema) };
}

/** Values of an enumeration or a literal; none for any other schema. */
export function valuesOf(schema: Schema): unknown[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === 'enum') return Object.values(def.entries);
  return def.type === 'literal' ? [...def.values] : [];
}

/** What may stand where one of the schemas does, in words: `a percentage such as '5%', or an object with weight, bake`. */
export function allowed(schemas: readonly Schema[]): string {
  return joined([...new Set(schemas.flatMap(alternatives))]);
}

function alternatives(schema: Schema): string[] {
  const noted = metaOf(schema).allowed;
  if (noted !== undefined) return [noted];
  const inner = bare(schema);
  const { def } = (inner as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'union':
      return options(inner).flatMap(alternatives);
    case 'enum':
    case 'literal':
      return valuesOf(inner).map(quoted);
    case 'object':
      return [`an object with ${Object.keys(def.shape).join(', ')}`];
    case 'record':
      return ['an object'];
    case 'array':
      return [`a list of: ${allowed([def.element])}`];
    case 'boolean':
      return ['true or false'];
    case 'string':
      return ['a text'];
    default:
      return [`a ${def.type}`];
  }
}

/** A value as a message shows it: short, and never what an object holds. */
export function quoted(value: unknown): string {
  if (typeof value === 'string') {
    const short = value.length > 60 ? `${value.slice(0, 57)}…` : value;
    return `'${short.replaceAll('\n', '\\n')}'`;
  }
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}

function joined(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('');
  const separator = parts.some((part) => part.includes(',')) ? ', or ' : ' or ';
  return `${parts.slice(0, -1).join(', ')}${separator}${parts.at(-1)}`;
}
