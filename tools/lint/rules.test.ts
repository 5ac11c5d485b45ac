import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { architecture, biome, typescript, words } from './linters.ts';
import { type Outcome, ROOT, runLinter } from './run.ts';

/**
 * A small tree with one planted mistake a file: what `make lint` promises to refuse, it must be seen to refuse.
 * The linters run as `make lint` runs them, each once over the whole tree.
 */
const PLANTED: Readonly<Record<string, string>> = {
  'errors.ts': 'export const code = 1;',
  'index.ts': 'export const api = 1;',
  'platform/platform.ts': "export type Platform = 'a contract';",
  'store/store.ts': "export type Store = 'a contract';",
  'store/sqlite.ts': 'export const sqlite = 1;',
  'platform/local/local.ts': 'export const local = 1;',
  'platform/aws/aws.ts': 'export const aws = 1;',
  'cli/main.ts': "export * from '../platform/local/local.ts'; export * from '../store/sqlite.ts';",
  'testing/clock.ts': 'export const clock = 1;',
  'engine/plan.ts': "export * from '../errors.ts'; export const plan = Math.max(1, 2);",
  'engine/plan.test.ts':
    "export * from '../testing/clock.ts'; export const now = Date.now() + Math.random();",
  'runner/loop.ts':
    "import type { Platform } from '../platform/platform.ts'; export * from '../engine/plan.ts'; export type P = Platform;",

  'engine/reads-files.ts': "export { readFileSync } from 'node:fs';",
  'engine/reads-types-of-node.ts': "export type { Stats } from 'node:fs';",
  'engine/asks-the-platform.ts': "export type { Platform } from '../platform/platform.ts';",
  'engine/uses-a-package.ts': "export { z } from 'zod';",
  'runner/knows-the-machine.ts': "export { local } from '../platform/local/local.ts';",
  'runner/knows-the-database.ts': "export { sqlite } from '../store/sqlite.ts';",
  'runner/reads-files.ts': "export { readFileSync } from 'node:fs';",
  'platform/local/knows-aws.ts': "export { aws } from '../aws/aws.ts';",
  'platform/aws/knows-local.ts': "export const local = import('../local/local.ts');",
  'cli/wires.ts': "export { local } from '../platform/local/local.ts';",
  'config/knows-aws.ts': "export { S3Client } from '@aws-sdk/client-s3';",
  'server/knows-the-cli.ts': "export * from '../cli/main.ts';",
  'server/leans-on-tests.ts': "export { clock } from '../testing/clock.ts';",
  'edge/looks-into-the-engine.ts': "export { plan } from '../engine/plan.ts';",
  'server/round.ts': "export * from './trip.ts';",
  'server/trip.ts': "export * from './round.ts'; export const trip = 1;",

  'engine/reads-the-clock.ts': 'export const now = Date.now();',
  'engine/makes-a-date.ts': 'export const now = new Date();',
  'engine/draws-lots.ts': 'export const lot = Math.random();',
  'engine/draws-lots-by-name.ts': "export const lot = Math['random']();",
  'engine/draws-lots-by-another-name.ts': 'const { random } = Math; export const lot = random();',
  'engine/sets-a-timer.ts': 'export const timer = setTimeout(String, 1);',
  'engine/asks-the-process.ts': 'export const variables = process.env;',
  'engine/measures.ts': 'export const now = performance.now();',
  'engine/draws-with-crypto.ts': 'export const id = crypto.randomUUID();',
  'engine/goes-around.ts': 'export const now = (globalThis as { Date: { now(): number } }).Date.now();',
  'server/hides-an-import.ts': "export type Hidden = import('../engine/plan.ts').plan;",

  'platform/aws/knows-an-emulator.ts': 'export const endpoint = process.env.LOCALSTACK;',
  'server/needs-a-build.ts': 'export enum Colour { Blue }',
};

let folder: string;
const found: Record<'architecture' | 'biome' | 'typescript' | 'words', Outcome> = {} as never;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'morrow-lint-'));
  for (const [path, text] of Object.entries(PLANTED)) {
    const file = join(folder, 'packages/morrow/src', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const aws = join(folder, 'packages/morrow/node_modules/@aws-sdk/client-s3');
  mkdirSync(aws, { recursive: true });
  writeFileSync(join(aws, 'package.json'), '{"name":"@aws-sdk/client-s3","main":"index.js"}');
  writeFileSync(join(aws, 'index.js'), '');
  for (const path of [
    'biome.json',
    '.gitignore',
    'tools/lint/biome',
    'tsconfig.json',
    'packages/morrow/package.json',
  ]) {
    cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const [name, linter] of Object.entries({ architecture, biome, typescript, words })) {
    found[name as keyof typeof found] = await runLinter(linter, '', folder);
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Lines of a linter's output that speak of a file. */
function about(outcome: Outcome, file: string): string[] {
  return outcome.output.split('\n').filter((line) => line.includes(`packages/morrow/src/${file}`));
}

describe('the architecture rules', () => {
  test.each([
    ['engine/reads-files.ts', 'engine-knows-little-of-node'],
    ['engine/reads-types-of-node.ts', 'engine-knows-little-of-node'],
    ['engine/asks-the-platform.ts', 'engine-sees-only-its-own'],
    ['engine/uses-a-package.ts', 'engine-uses-no-packages'],
    ['runner/knows-the-machine.ts', 'runner-sees-only-its-own'],
    ['runner/knows-the-database.ts', 'runner-sees-only-its-own'],
    ['runner/reads-files.ts', 'runner-knows-little-of-node'],
    ['platform/local/knows-aws.ts', 'platforms-never-meet'],
    ['platform/aws/knows-local.ts', 'platforms-never-meet'],
    ['cli/wires.ts', 'only-main-wires'],
    ['config/knows-aws.ts', 'aws-stays-in-its-place'],
    ['server/knows-the-cli.ts', 'nobody-imports-the-cli'],
    ['server/leans-on-tests.ts', 'testing-is-for-tests'],
    ['edge/looks-into-the-engine.ts', 'edge-sees-only-its-own'],
    ['server/round.ts', 'no-cycles'],
  ])('refuse %s (%s)', (file, rule) => {
    expect(about(found.architecture, file)).toContainEqual(expect.stringContaining(rule));
  });

  test.each(['engine/plan.ts', 'engine/plan.test.ts', 'runner/loop.ts', 'cli/main.ts'])(
    'allow %s',
    (file) => {
      const from = about(found.architecture, `${file} →`);
      expect(from).toEqual([]);
    },
  );
});

describe('the rules of the engine', () => {
  test.each([
    ['engine/reads-the-clock.ts', 'noRestrictedGlobals'],
    ['engine/makes-a-date.ts', 'noRestrictedGlobals'],
    ['engine/draws-lots.ts', 'plugin'],
    ['engine/draws-lots-by-name.ts', 'plugin'],
    ['engine/draws-lots-by-another-name.ts', 'plugin'],
    ['engine/sets-a-timer.ts', 'noRestrictedGlobals'],
    ['engine/asks-the-process.ts', 'noRestrictedGlobals'],
    ['engine/measures.ts', 'noRestrictedGlobals'],
    ['engine/draws-with-crypto.ts', 'noRestrictedGlobals'],
    ['engine/goes-around.ts', 'noRestrictedGlobals'],
    ['server/hides-an-import.ts', 'plugin'],
  ])('refuse %s (%s)', (file, rule) => {
    expect(about(found.biome, file)).toContainEqual(expect.stringContaining(rule));
  });

  test.each(['engine/plan.ts', 'engine/plan.test.ts'])('allow %s', (file) => {
    const lines = about(found.biome, file).filter((line) => /plugin|noRestrictedGlobals/.test(line));
    expect(lines).toEqual([]);
  });
});

test('a file that type stripping cannot run is refused', () => {
  expect(about(found.typescript, 'server/needs-a-build.ts')).toContainEqual(
    expect.stringContaining('TS1294'),
  );
});

test('an emulator in what ships is refused', () => {
  expect(about(found.words, 'platform/aws/knows-an-emulator.ts')).toContainEqual(
    expect.stringContaining('LOCALSTACK'),
  );
});

test('a linter that is absent is skipped with a reason, unless it is demanded', async () => {
  const absent = { name: 'absent', program: 'no-such-linter', args: () => [], bundled: false };
  expect(await runLinter(absent)).toMatchObject({
    state: 'skipped',
    reason: expect.stringContaining('no-such-linter'),
  });
  expect(await runLinter(absent, 'docker, no-such-linter')).toMatchObject({ state: 'failed' });
  expect(await runLinter({ ...absent, bundled: true })).toMatchObject({ state: 'failed' });
});
