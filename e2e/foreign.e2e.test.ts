import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../packages/morrow/src/testing/free-port.ts';
import { requires } from '../packages/morrow/src/testing/requires.ts';
import { type InstalledPackage, installPackage } from '../tools/pack.ts';

const EXAMPLE = fileURLToPath(new URL('../examples/python-hello', import.meta.url));

/** A service that is not ours and not JavaScript, shipped by the package as npm installs it. */
describe('the installed package and a Python server', requires('python3'), () => {
  let installed: InstalledPackage;
  const folders: string[] = [];

  beforeAll(() => {
    installed = installPackage();
  }, 120_000);

  afterAll(() => {
    for (const folder of folders) {
      morrow(folder, 'down');
      rmSync(folder, { recursive: true, force: true });
    }
    installed.remove();
  });

  function morrow(
    folder: string,
    ...args: string[]
  ): { status: number | null; stdout: string; stderr: string } {
    return spawnSync(process.execPath, [installed.bin, ...args], { cwd: folder, encoding: 'utf8' });
  }

  /** A copy of the example that listens on a free port. */
  async function copy(): Promise<{ folder: string; url: string }> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'morrow-foreign-')));
    folders.push(folder);
    cpSync(EXAMPLE, folder, { recursive: true });
    return { folder, url: `http://127.0.0.1:${await freePort()}/` };
  }

  const greeting = async (url: string): Promise<string> => (await fetch(url)).text();

  it('ships with the ten lines of its own configuration, and a changed greeting replaces it', async () => {
    const { folder, url } = await copy();
    const config = join(folder, 'morrow.config.yaml');
    const text = readFileSync(config, 'utf8').replace('listen: 8000', `listen: ${new URL(url).port}`);
    writeFileSync(config, text.replace('rollout:', 'rollout:\n  bake: 500ms'));
    expect(morrow(folder, 'up')).toMatchObject({ status: 0 });
    expect(morrow(folder, 'deploy')).toMatchObject({ status: 0 });
    expect(await greeting(url)).toBe('Hello from Python\n');
    const app = join(folder, 'app.py');
    writeFileSync(app, readFileSync(app, 'utf8').replace('Hello from Python', 'Good morning from Python'));
    expect(morrow(folder, 'deploy')).toMatchObject({ status: 0 });
    expect(await greeting(url)).toBe('Good morning from Python\n');
  }, 120_000);

  it('ships with what `morrow init` wrote for it', async () => {
    const { folder, url } = await copy();
    rmSync(join(folder, 'morrow.config.yaml'));
    expect(morrow(folder, 'init')).toMatchObject({ status: 0 });
    const written = readdirSync(folder).find((name) => name.startsWith('morrow.config.')) ?? '';
    const config = join(folder, written);
    const text = readFileSync(config, 'utf8');
    expect(text).toMatch(/listen: \d+/);
    writeFileSync(config, text.replace(/listen: \d+/, `listen: ${new URL(url).port}`));
    expect(morrow(folder, 'up')).toMatchObject({ status: 0 });
    expect(morrow(folder, 'deploy')).toMatchObject({ status: 0 });
    expect(await greeting(url)).toBe('Hello from Python\n');
  }, 120_000);
});
