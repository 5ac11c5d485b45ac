import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MorrowError } from '../errors.ts';
import { loadConfig } from './load.ts';

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'morrow-load-')));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(path: string, ...lines: string[]): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${lines.join('\n')}\n`);
}

async function errorOf(file: string): Promise<MorrowError> {
  const error = await loadConfig(root, file).catch((thrown: unknown) => thrown);
  if (error instanceof MorrowError) return error;
  throw new Error(`no MorrowError: ${String(error)}`);
}

const valid = [
  "import { defineConfig } from 'morrow';",
  "export default defineConfig({ services: { a: { start: 'x' } } });",
];

describe('a configuration in TypeScript', () => {
  it('needs nothing installed beside it', async () => {
    write('morrow.config.ts', ...valid);
    expect(await loadConfig(root)).toEqual({
      file: join(root, 'morrow.config.ts'),
      root,
      config: { services: { a: { start: 'x' } } },
      warnings: [],
    });
  });

  it.each([['{"type":"commonjs"}'], ['{"type":"module"}'], ['{}']])(
    'is read the same beside a package.json of %s',
    async (text) => {
      write('package.json', text);
      write('shared.ts', "export const start: string = 'x';");
      write(
        'morrow.config.ts',
        "import { start } from './shared.ts';",
        'export default { services: { a: { start } } };',
      );
      expect((await loadConfig(root)).config).toEqual({ services: { a: { start: 'x' } } });
    },
  );

  it('uses the package that is installed beside it for nothing', async () => {
    write('node_modules/morrow/package.json', '{"name":"morrow","exports":"./index.js","type":"module"}');
    write('node_modules/morrow/index.js', "throw new Error('another Morrow');");
    write('morrow.config.ts', ...valid);
    expect((await loadConfig(root)).config).toEqual({ services: { a: { start: 'x' } } });
  });

  it('is found from below, read anew each time, and may wait for something', async () => {
    write(
      'morrow.config.ts',
      "const start = await Promise.resolve('first');",
      'export default { services: { a: { start } } };',
    );
    mkdirSync(join(root, 'src'));
    expect((await loadConfig(join(root, 'src'))).config.services['a']?.start).toBe('first');
    write('start.ts', "export const start = 'second';");
    write(
      'morrow.config.ts',
      "import { start } from './start.ts';",
      'export default { services: { a: { start } } };',
    );
    expect((await loadConfig(root)).config.services['a']?.start).toBe('second');
    write('start.ts', "export const start = 'third';");
    expect((await loadConfig(root)).config.services['a']?.start).toBe('third');
  });

  it('makes Node say nothing of its own', () => {
    write('package.json', '{}');
    write('shared.ts', "export const start: string = 'x';");
    write(
      'morrow.config.ts',
      "import { start } from './shared.ts';",
      'export default { services: { a: { start } } };',
    );
    const load = new URL('load.ts', import.meta.url).href;
    const program = `const { loadConfig } = await import('${load}'); await loadConfig('${root}'); console.error('done')`;
    const output = execFileSync(
      'sh',
      ['-c', '"$0" --input-type=module --eval "$1" 2>&1', process.execPath, program],
      {
        encoding: 'utf8',
      },
    );
    expect(output).toBe('done\n');
  });
});

describe('a configuration in JavaScript', () => {
  it('is a module or CommonJS, as it is written', async () => {
    write('esm.js', "export default { services: { a: { start: 'x' } } };");
    write('cjs.js', "module.exports = { services: { a: { start: 'x' } } };");
    write('module.mjs', ...valid);
    for (const file of ['esm.js', 'cjs.js', 'module.mjs']) {
      expect((await loadConfig(root, file)).config).toEqual({ services: { a: { start: 'x' } } });
    }
  });
});

describe('a program that cannot be read', () => {
  it.each<[string, string, string[], string]>([
    [
      'malformed TypeScript',
      'a.ts',
      ['const a: number = 1;', 'export default { a ;'],
      "a.ts:2: Expected ',', got ';'.",
    ],
    [
      'TypeScript that is more than types',
      'a.ts',
      ['', 'enum A { B }', 'export default {};'],
      'a.ts:2: TypeScript enum is not supported in strip-only mode.',
    ],
    [
      'malformed JavaScript',
      'a.mjs',
      ['const a = 1;', 'const a = 2;', 'export default {};'],
      "a.mjs:2: Identifier 'a' has already been declared.",
    ],
    [
      'a name that is declared twice',
      'a.ts',
      ['const a: number = 1;', 'const a = 2;', 'export default {};'],
      "a.ts:2: Identifier 'a' has already been declared.",
    ],
    [
      'something thrown',
      'a.ts',
      ['function f(): void {', "  throw new TypeError('no such thing');", '}', 'f();'],
      'a.ts:2: it threw TypeError: no such thing.',
    ],
    ['something thrown that is no error', 'a.ts', ["throw 'a text';"], 'a.ts: it threw "a text".'],
    [
      'a name that is not defined',
      'a.ts',
      ['', 'export default { a: b };'],
      'a.ts:2: it threw ReferenceError: b is not defined.',
    ],
    [
      'a package that is not there',
      'a.ts',
      ['', "import x from 'no-such-package';", 'export default x;'],
      "a.ts:2: Cannot find package 'no-such-package'.",
    ],
    [
      'something that morrow does not export',
      'a.ts',
      ["import { define } from 'morrow';", 'export default define({});'],
      "a.ts:1: The requested module 'morrow' does not provide an export named 'define'.",
    ],
    ['nothing exported', 'a.ts', ['export const a = 1;'], 'a.ts: there is no default export.'],
    ['a function', 'a.ts', ['export default () => ({});'], 'a.ts: its default export is a function.'],
  ])('%s is told with file and line', async (_, file, lines, message) => {
    write(file, ...lines);
    const error = await errorOf(file);
    expect(error.message).toBe(message);
    expect(error.code).toBe('CONFIG_UNREADABLE');
    expect(error.exitCode).toBe(2);
  });

  it('is told with the file that is at fault', async () => {
    write('parts/web.ts', '', "throw new Error('broken');");
    write('morrow.config.ts', "import './parts/web.ts';", 'export default {};');
    expect((await errorOf('morrow.config.ts')).message).toBe('parts/web.ts:2: it threw Error: broken.');
  });
});

describe('a configuration in YAML', () => {
  it('is read with aliases and merge keys', async () => {
    write(
      'morrow.config.yaml',
      'services:',
      '  a: &a',
      '    start: x',
      '  b:',
      '    <<: *a',
      '    listen: 3000',
    );
    expect((await loadConfig(root)).config).toEqual({
      services: { a: { start: 'x' }, b: { start: 'x', listen: 3000 } },
    });
  });

  it('has its mistakes told with their lines', async () => {
    write(
      'morrow.config.yaml',
      'services:',
      '  web:',
      '    strat: x',
      '    rollout:',
      '      steps:',
      '        - 5%',
      '        - 50',
      '    scaling: { min: 1 }',
    );
    const { message } = await errorOf('morrow.config.yaml');
    expect(message.split('\n')).toEqual([
      'morrow.config.yaml has 3 mistakes:',
      "  services.web.strat (line 3): there is no such key; did you mean 'start'?",
      expect.stringMatching(/^ {2}services\.web\.rollout\.steps\[1\] \(line 7\): found 50,/),
      expect.stringMatching(/^ {2}services\.web\.scaling\.max \(line 8\): it is missing/),
    ]);
  });

  it.each<[string, string[], string]>([
    [
      'a key that stands there twice',
      ['services:', '  a: {}', '  a: {}'],
      'a.yaml:3: Map keys must be unique.',
    ],
    [
      'two colons',
      ['services:', '  a: b: c'],
      'a.yaml:2: Nested mappings are not allowed in compact mappings.',
    ],
  ])('%s is told with its line', async (_, lines, message) => {
    write('a.yaml', ...lines);
    expect(await errorOf('a.yaml')).toMatchObject({ code: 'CONFIG_UNREADABLE', message });
  });

  it('that is empty is told as one mistake', async () => {
    write('a.yml', '# nothing yet');
    expect((await errorOf('a.yml')).message).toMatch(
      /^a\.yml has a mistake:\n {2}the whole of it: found null,/,
    );
  });
});

describe('a configuration in JSON', () => {
  it('may name its schema', async () => {
    write('morrow.config.json', '{ "$schema": "./schema.json", "services": { "a": { "start": "x" } } }');
    expect((await loadConfig(root)).config.services).toEqual({ a: { start: 'x' } });
  });

  it('has its mistakes told with their lines, whatever it is indented with', async () => {
    write('a.json', '{', '\t"services": {', '\t\t"a": {', '\t\t\t"strat": "x"', '\t\t}', '\t}', '}');
    expect((await errorOf('a.json')).message).toContain('services.a.strat (line 4): there is no such key');
  });

  it.each<[string, string[], string]>([
    ['a comma too many', ['{', '  "services": {},', '}'], 'a.json:3: Expected double-quoted property name.'],
    ['an end too early', ['{', '  "services": {'], "a.json:2: Expected property name or '}'."],
    ['nothing', [], 'a.json:1: Unexpected end of JSON input.'],
    ['a comment', ['// mine', '{}'], "a.json:1: Unexpected token '/'."],
    [
      'a word',
      ['{', '  "services": {', '    "a": { "start": x }', '  }', '}'],
      "a.json:3: Unexpected token 'x'.",
    ],
  ])('%s is told with its line', async (_, lines, message) => {
    write('a.json', ...lines);
    expect(await errorOf('a.json')).toMatchObject({ code: 'CONFIG_UNREADABLE', message });
  });
});

describe('a file that is asked for by name', () => {
  it('is told when it is not there, or is none', async () => {
    write('morrow.toml', 'a = 1');
    expect(await errorOf('nowhere.ts')).toMatchObject({
      code: 'CONFIG_NOT_FOUND',
      message: `There is no file ${join(root, 'nowhere.ts')}.`,
    });
    expect((await errorOf('morrow.toml')).message).toContain('a configuration ends in .ts, .js');
  });
});

describe('warnings', () => {
  it('come with the configuration and stop nothing', async () => {
    write('morrow.config.json', '{ "services": { "a": { "env": { "TOKEN": "hunter2" } } } }');
    const { warnings } = await loadConfig(root);
    expect(warnings.map(({ path }) => path)).toEqual([['services', 'a', 'env', 'TOKEN']]);
  });
});
