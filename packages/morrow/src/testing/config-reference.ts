/** The tables of docs/configuration.md, made from the schema. */
import type * as z from 'zod';
import { configSchema } from '../config/schema/schema.ts';
import { allowed, at, bare, metaOf, options, shape } from '../config/schema/walk.ts';

/** One key of a table. */
export interface ReferenceRow {
  /** Seen from the table's own place: `listen.port`, `steps[].weight`. */
  readonly key: string;
  readonly value: string;
  /** Null: the key is needed. */
  readonly preset: string | null;
  readonly meaning: string;
}

/** Where each table begins, and which keys have a table of their own instead of being in it. */
const TABLES: Readonly<
  Record<string, { readonly path: (string | number)[]; readonly leaves?: readonly string[] }>
> = {
  root: {
    path: [],
    leaves: [
      'services',
      'environments',
      'rollout',
      'scaling',
      'edge',
      'resources',
      'alerts',
      'metrics',
      'backups',
      'freezes',
      'aws',
    ],
  },
  service: {
    path: ['services', 'x'],
    leaves: ['rollout', 'scaling', 'migrations.contract', 'hooks.afterPromote', 'hooks.afterRollback'],
  },
  rollout: { path: ['rollout'] },
  scaling: { path: ['scaling'] },
  environment: {
    path: ['environments', 'x'],
    leaves: [
      'services',
      'rollout',
      'scaling',
      'edge',
      'resources',
      'alerts',
      'metrics',
      'backups',
      'freezes',
      'aws',
    ],
  },
  edge: { path: ['edge'] },
  resources: { path: ['resources'] },
  alert: { path: ['alerts', 'x'] },
  metric: { path: ['metrics', 'x'] },
  backups: { path: ['backups'] },
  freeze: { path: ['freezes', 0] },
  aws: { path: ['aws'] },
};

/** Names of the tables. */
export const referenceTables = Object.keys(TABLES);

/** Rows of a table: all keys below its place, with what may stand there. */
export function referenceRows(table: string): ReferenceRow[] {
  const { path, leaves = [] } = TABLES[table] ?? { path: [] };
  return rows(at(configSchema, path, undefined), '', leaves);
}

/** A table as Markdown. */
export function referenceTable(table: string): string {
  const cells = referenceRows(table).map(({ key, value, preset, meaning }) => {
    return [`\`${key}\``, value, preset ?? '*needed*', meaning].map((cell) => cell.replaceAll('|', '\\|'));
  });
  const lines = [['Key', 'Value', 'Default', 'Meaning'], ['---', '---', '---', '---'], ...cells];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** A document with each `<!-- table NAME -->` … `<!-- end -->` filled in. */
export function withTables(text: string): string {
  return text.replace(
    /(<!-- table ([a-z]+) -->\n).*?(<!-- end -->)/gs,
    (_, begin: string, table: string, end: string) => {
      return `${begin}${referenceTable(table)}\n${end}`;
    },
  );
}

type Schema = z.core.$ZodType;

function rows(schemas: readonly Schema[], prefix: string, leaves: readonly string[]): ReferenceRow[] {
  const found = new Map<string, Schema[]>();
  for (const option of schemas.flatMap(options)) {
    for (const [key, inner] of Object.entries(shape(option) ?? {})) {
      found.set(key, [...(found.get(key) ?? []), inner]);
    }
  }
  return [...found].flatMap(([key, inner]) => {
    const path = prefix + key;
    const own = row(path, inner);
    if (leaves.includes(path)) return [own];
    return [own, ...rows(inner, `${path}.`, leaves), ...rows(inner.flatMap(elements), `${path}[].`, leaves)];
  });
}

function row(key: string, schemas: readonly Schema[]): ReferenceRow {
  const description = metaOf(schemas[0] as Schema).description ?? '';
  const [, meaning = '', preset] = /^(.*?)(?: Default: (.*)\.)?$/s.exec(description) ?? [];
  const optional = schemas.every((schema) => (schema as z.core.$ZodTypes)._zod.def.type === 'optional');
  return { key, value: valueWords(schemas), preset: optional ? (preset ?? '') : null, meaning };
}

function elements(schema: Schema): Schema[] {
  return options(schema).flatMap((option) => {
    const { def } = (option as z.core.$ZodTypes)._zod;
    return def.type === 'array' ? [def.element] : [];
  });
}

/** What may stand there; the keys of an object have rows of their own. */
function valueWords(schemas: readonly Schema[]): string {
  const words = allowed(
    schemas
      .map(bare)
      .flatMap((schema) => (metaOf(schema).allowed === undefined ? options(schema) : [schema])),
  );
  return words
    .replace(/an object with \w+(, (?!or )\w+)*/g, 'an object')
    .replace(/ such as '[^']+'((, | or )'[^']+')*/g, '')
    .replace(/ of lower-case letters, digits and hyphens that begins with a letter, at most \d+ long/g, '')
    .replace(/: letters, digits and underscores/g, '');
}
