import { chmodSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { checkSocketFolder, environmentPaths, pathsOfState, prepareStateFolder } from './paths.ts';

const folders: string[] = [];

function folder(): string {
  const made = realpathSync(mkdtempSync(join(tmpdir(), 'morrow-paths-')));
  folders.push(made);
  return made;
}

afterEach(() => {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

test('state, sockets and logs lie below the project in a folder of the environment', () => {
  const paths = environmentPaths('/srv/shop', 'development');
  expect(paths.state).toBe('/srv/shop/.morrow/development');
  expect(paths.agentSocket).toBe('/srv/shop/.morrow/development/agent.sock');
  expect(paths.edgeSocket).toBe('/srv/shop/.morrow/development/edge.sock');
  expect(pathsOfState(paths.state)).toEqual(paths);
});

test('sockets move to a short folder of their own where the path is too long for a socket', () => {
  const root = `/srv/${'long/'.repeat(20)}shop`;
  const one = environmentPaths(root, 'development');
  const other = environmentPaths(root, 'staging');
  expect(Buffer.byteLength(one.agentSocket)).toBeLessThanOrEqual(100);
  expect(one.state.startsWith(root)).toBe(true);
  expect(one.agentSocket).not.toBe(other.agentSocket);
  expect(pathsOfState(one.state)).toEqual(one);
});

test('the state folder is private and git does not see it', () => {
  const paths = environmentPaths(folder(), 'development');
  prepareStateFolder(paths);
  prepareStateFolder(paths);
  expect(statSync(paths.state).mode & 0o777).toBe(0o700);
  expect(readFileSync(join(paths.root, '.morrow', '.gitignore'), 'utf8')).toBe('*\n');
});

test('a socket folder that is open to others is refused', () => {
  const paths = environmentPaths(join(folder(), 'x'.repeat(120)), 'development');
  prepareStateFolder(paths);
  folders.push(paths.sockets);
  expect(existsSync(paths.sockets)).toBe(true);
  expect(() => checkSocketFolder(paths)).not.toThrow();
  chmodSync(paths.sockets, 0o755);
  expect(() => checkSocketFolder(paths)).toThrow(/open to others/);
});
