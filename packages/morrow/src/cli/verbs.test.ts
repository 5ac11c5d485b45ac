import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadCommand } from './load-command.ts';
import { COMMON_OPTIONS, VERBS } from './verbs.ts';

const DOCS = readFileSync(new URL('../../../../docs/cli.md', import.meta.url), 'utf8');

/** The part of docs/cli.md about a verb. */
const sectionOf = (usage: string): string | undefined =>
  DOCS.split(/^#+ /m).find((section) => section.startsWith(`\`morrow ${usage}\`\n`));

describe.each(VERBS)('$name', (verb) => {
  test('has code behind it', async () => {
    expect(await loadCommand(verb.name)).toBeTypeOf('function');
  });

  test('is described in docs/cli.md with its arguments and every option', () => {
    const section = sectionOf([verb.name, ...verb.args].join(' '));
    expect(section).toBeDefined();
    for (const { flags } of verb.options) expect(section).toContain(flags);
  });
});

test('docs/cli.md describes no verb that is not there', () => {
  const described = [...DOCS.matchAll(/^### `morrow ([^`]+)`$/gm)].map((match) => match[1]);
  expect(described).toEqual(VERBS.map((verb) => [verb.name, ...verb.args].join(' ')));
});

test('what all verbs take is described once', () => {
  expect(DOCS).toContain(COMMON_OPTIONS[0]?.flags);
});
