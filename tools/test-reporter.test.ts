import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const REQUIRES = join(ROOT, 'packages/morrow/src/testing/requires.ts');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'morrow-reporter-'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the real Vitest over one file, as `make test` does. */
function vitest(body: string): { code: number | null; lines: string[] } {
  const imports = `import { describe, expect, test } from 'vitest'; import { absent } from '${REQUIRES}';`;
  writeFileSync(join(folder, 'some.test.ts'), `${imports}\n${body}\n`);
  writeFileSync(join(folder, 'vitest.config.ts'), 'export default {};');
  const reporter = join(ROOT, 'tools/test-reporter.ts');
  const args = ['run', '--root', folder, '--reporter', 'default', '--reporter', reporter];
  const { status, stdout } = spawnSync(join(ROOT, 'node_modules/.bin/vitest'), args, { encoding: 'utf8' });
  return { code: status, lines: stdout.trimEnd().split('\n') };
}

test('a run ends with each skip and its reason, then the counts', () => {
  const { code, lines } = vitest(`
    test('works', () => {});
    test('needs a browser', absent('chromium', 'there is none', ''), () => {});
    describe('all of these', absent('docker', 'no engine answers', ''), () => { test('one', () => {}); });
    test('finds out late', (context) => context.skip('the disk is too small'));
    test.skip('just so', () => {});
  `);
  expect(lines.slice(-5)).toEqual([
    'skipped: some.test.ts > needs a browser: needs chromium: there is none',
    'skipped: some.test.ts > all of these > one: needs docker: no engine answers',
    'skipped: some.test.ts > finds out late: the disk is too small',
    'skipped: some.test.ts > just so: no reason given',
    '1 passed, 0 failed, 4 skipped',
  ]);
  expect(code).toBe(0);
});

test('a failed test, a failed hook and an error outside of any test each count as a failure', () => {
  const failed = vitest(`
    test('works', () => {});
    test('does not', () => { expect(1).toBe(2); });
    test('leaves an error behind', () => { Promise.reject(new Error('nobody waits for me')); });
  `);
  expect(failed.lines.at(-1)).toBe('2 passed, 2 failed, 0 skipped');
  expect(failed.code).toBe(1);
});

test('a file that cannot be loaded is a failure', () => {
  const broken = vitest(`absent('docker', 'no engine answers', 'docker'); test('never', () => {});`);
  expect(broken.lines.at(-1)).toBe('0 passed, 1 failed, 0 skipped');
  expect(broken.code).toBe(1);
});
