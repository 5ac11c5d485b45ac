import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');

/** The published package, installed as a user would have it. */
export interface InstalledPackage {
  /** A folder of its own, with the package in its node_modules and nothing else. */
  readonly folder: string;
  /** The command line's file, to be run with `node`. */
  readonly bin: string;
  remove(): void;
}

/**
 * Packs packages/morrow as `npm publish` would and installs it into an empty folder outside of the checkout.
 * @throws Error with npm's output when either fails
 */
export function installPackage(): InstalledPackage {
  const folder = mkdtempSync(join(tmpdir(), 'morrow-package-'));
  const npm = (cwd: string, ...args: string[]) =>
    execFileSync('npm', [...args, '--loglevel=error'], {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const packed = npm(ROOT, 'pack', '--workspace', 'packages/morrow', '--pack-destination', folder, '--json');
  const [{ filename }] = Object.values(JSON.parse(packed.slice(packed.search(/^[[{]/m)))) as [
    { filename: string },
  ];
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  npm(folder, 'install', '--offline', '--no-audit', '--no-fund', join(folder, filename));
  return {
    folder,
    bin: join(folder, 'node_modules/morrow/bin/morrow.js'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
