import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ERRORS } from './errors.ts';

const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');

it('the page of errors has a section for each code and for no other, with its title and exit code', () => {
  const sections = [...page.matchAll(/^## (\w+)\n\n(.+)\. Exit code (\d)\.\n\n(.+)/gm)];
  const described = sections.map(([, code, title, exit]) => [code, { exit: Number(exit), title }]);
  expect(Object.fromEntries(described)).toEqual(ERRORS);
  expect(sections.map(([, code]) => code)).toEqual(Object.keys(ERRORS));
});
