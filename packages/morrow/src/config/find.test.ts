import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findConfig } from './find.ts';

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'morrow-find-')));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(path: string): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '');
  return file;
}

function folder(path: string): string {
  mkdirSync(join(root, path), { recursive: true });
  return join(root, path);
}

describe('the configuration of a folder', () => {
  it.each(['ts', 'js', 'mjs', 'json', 'yaml', 'yml'])('may end in .%s', (ending) => {
    const file = write(`morrow.config.${ending}`);
    expect(findConfig(root)).toBe(file);
  });

  it('is the nearest one upwards', () => {
    write('morrow.config.ts');
    const nearer = write('a/morrow.config.yaml');
    expect(findConfig(folder('a/b/c'))).toBe(nearer);
    expect(findConfig(folder('x/y'))).toBe(join(root, 'morrow.config.ts'));
  });

  it('is not looked for above a git repository', () => {
    write('morrow.config.ts');
    folder('repo/.git');
    expect(() => findConfig(folder('repo/src'))).toThrow(
      expect.objectContaining({ code: 'CONFIG_NOT_FOUND', hint: expect.stringContaining('morrow init') }),
    );
  });

  it('is not taken from a folder above in which anybody may write', () => {
    const everybodys = folder('shared');
    const file = write('shared/morrow.config.ts');
    chmodSync(everybodys, 0o1777);
    expect(() => findConfig(folder('shared/mine'))).toThrow(
      expect.objectContaining({ code: 'CONFIG_NOT_FOUND' }),
    );
    expect(findConfig(everybodys)).toBe(file);
  });

  it('is not guessed where there are two', () => {
    write('morrow.config.ts');
    write('morrow.config.json');
    expect(() => findConfig(root)).toThrow(
      `There are morrow.config.ts and morrow.config.json in ${root}; which one counts?`,
    );
  });
});
