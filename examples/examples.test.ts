import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { absentFolders } from '../packages/morrow/src/config/folders.ts';
import { loadConfig } from '../packages/morrow/src/config/load.ts';
import { environmentsOf, findService, resolveConfig } from '../packages/morrow/src/config/resolve.ts';
import { requires } from '../packages/morrow/src/testing/requires.ts';

const EXAMPLES = fileURLToPath(new URL('.', import.meta.url));
const folders = readdirSync(EXAMPLES, { withFileTypes: true }).filter((entry) => entry.isDirectory());

describe('every example', () => {
  it.each(folders.map(({ name }) => name))(
    '%s has a configuration without mistakes or warnings',
    async (name) => {
      const source = await loadConfig(join(EXAMPLES, name));
      expect(source.root).toBe(join(EXAMPLES, name));
      expect(source.warnings).toEqual([]);
      for (const environment of environmentsOf(source.config)) {
        const config = resolveConfig(source, environment);
        expect(absentFolders(config)).toEqual([]);
        expect(config.services.map(({ start }) => start)).not.toContain(null);
      }
    },
  );
});

describe('the Python server', requires('python3'), () => {
  let server: ChildProcess | undefined;

  afterEach(async () => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    server.kill('SIGKILL');
    await once(server, 'exit');
  });

  async function start(): Promise<{ url: string; process: ChildProcess }> {
    const source = await loadConfig(join(EXAMPLES, 'python-hello'));
    const { start: command, folder } = findService(resolveConfig(source, 'development'), 'hello');
    const port = await freePort();
    const child = spawn('sh', ['-c', `exec ${command}`], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOST: '127.0.0.1', PORT: String(port), PYTHONDONTWRITEBYTECODE: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    server = child;
    const [line] = await once(createInterface(child.stdout), 'line');
    expect(line).toBe(`listening on 127.0.0.1:${port}`);
    return { url: `http://127.0.0.1:${port}`, process: child };
  }

  it('answers where PORT and HOST say, and on /health', async () => {
    const { url } = await start();
    for (const [path, status, text] of [
      ['/', 200, 'Hello from Python\n'],
      ['/health', 200, 'ok\n'],
      ['/nowhere', 404, 'There is no such page.\n'],
    ] as const) {
      const answer = await fetch(url + path);
      expect([answer.status, await answer.text()]).toEqual([status, text]);
    }
  });

  it('finishes what is under way when it is told to stop', async () => {
    const { url, process: child } = await start();
    await (await fetch(`${url}/`)).text();
    // Its head is here, its body is not.
    const slow = await fetch(`${url}/wait`);
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await slow.text()).toBe('Hello from Python\n');
    expect(await ended).toEqual([0, null]);
  });
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}
