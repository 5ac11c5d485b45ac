import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { VERBS } from '../packages/morrow/src/cli/verbs.ts';

const ROOT = resolve(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const all = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map((match) => match[1] ?? '');

describe.each(['README.md', 'README.ja.md'])('%s', (file) => {
  const text = read(file);

  test('fits on a page or two', () => {
    expect(text.split('\n').length).toBeLessThanOrEqual(150);
  });

  test('names only verbs and make targets that exist', () => {
    const verbs = new Set(VERBS.map(({ name }) => name.split(' ')[0]));
    for (const verb of all(text, /morrow ([a-z]+)(?![a-z./])/g)) expect(verbs).toContain(verb);
    const targets = all(read('Makefile'), /^([a-z-]+):/gm);
    for (const target of all(text, /`?make ([a-z-]+)/g)) expect(targets).toContain(target);
  });

  test('links only to what is there', () => {
    for (const link of all(text, /\]\(([^)#]+)\)/g)) expect(existsSync(join(ROOT, link)), link).toBe(true);
  });
});

test('both READMEs show the same commands', () => {
  const commands = (file: string): string[] =>
    all(read(file), /^(?:\$ )?((?:npx|make|npm) [^#\n]*)/gm).map((command) => command.trim());
  expect(commands('README.ja.md')).toEqual(commands('README.md'));
});

test('the benchmarks that are named exist', () => {
  for (const name of all(read('docs/benchmarks.md'), /bench -- ([a-z]+)/g)) {
    expect(existsSync(join(ROOT, 'bench', name, 'index.ts')), name).toBe(true);
  }
});
