import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type InstalledPackage, installPackage } from './pack.ts';

const ROOT = resolve(import.meta.dirname, '..');
let installed: InstalledPackage;

beforeAll(() => {
  installed = installPackage();
});
afterAll(() => installed.remove());

function node(...args: string[]) {
  return spawnSync(process.execPath, args, { cwd: installed.folder, encoding: 'utf8' });
}

describe('the published package', () => {
  test('brings no other package with it', () => {
    const others = readdirSync(join(installed.folder, 'node_modules')).filter(
      (name) => !name.startsWith('.'),
    );
    expect(others).toEqual(['morrow']);
  });

  test('holds its licence and those of the libraries bundled in it, and no source', () => {
    const folder = join(installed.folder, 'node_modules/morrow');
    expect(existsSync(join(folder, 'src'))).toBe(false);
    expect(readFileSync(join(folder, 'LICENSE'), 'utf8')).toContain('Apache License');
    const licences = readFileSync(join(folder, 'dist/third-party-licenses.txt'), 'utf8');
    for (const library of ['commander', 'zod', 'yaml', 'hono']) expect(licences).toContain(`${library} `);
  });

  test('helps as the checkout does', () => {
    const { stdout, status } = node(installed.bin, '--help');
    expect(stdout).toContain('deploy');
    expect(status).toBe(0);
    expect(stdout).toBe(node(join(ROOT, 'packages/morrow/bin/morrow.js'), '--help').stdout);
  });

  test('types a configuration, and refuses a wrong one', () => {
    writeFileSync(
      join(installed.folder, 'morrow.config.ts'),
      `import { defineConfig } from 'morrow';
       export default defineConfig({
         project: 'p',
         services: { web: { folder: 'web', start: 'node server.js', listen: 8080 } },
         environments: { development: { platform: 'local' } },
       });`,
    );
    writeFileSync(
      join(installed.folder, 'wrong.ts'),
      `import { defineConfig } from 'morrow';
       export default defineConfig({ project: 'p', services: { web: { folder: 7 } }, environments: {} });`,
    );
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const check = (file: string) =>
      node(
        tsc,
        '--noEmit',
        '--strict',
        '--module',
        'nodenext',
        '--types',
        '',
        '--skipLibCheck',
        'false',
        file,
      );
    expect(check('morrow.config.ts').stdout).toBe('');
    expect(check('wrong.ts').stdout).toMatch(/^wrong\.ts\(2,\d+\): error/);
  });

  test('reads a configuration in TypeScript that imports it', () => {
    const { stdout, stderr } = node(installed.bin, 'config', '--json', 'development');
    expect(stderr).toBe('');
    expect(stdout).toContain('"web"');
  });
});
