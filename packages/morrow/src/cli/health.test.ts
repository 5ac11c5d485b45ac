import { spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { morrow } from '../testing/command-line.ts';

const SCRIPTS = fileURLToPath(new URL('../../../../scripts', import.meta.url));
const servers: Server[] = [];

/** A server that answers `/health` with these codes, one after the other, the last for ever; 0: never. */
async function serving(...codes: number[]): Promise<string> {
  let at = 0;
  const server = createServer((request, response) => {
    const code = codes[Math.min(at++, codes.length - 1)] ?? 0;
    if (code !== 0)
      response.writeHead(request.url === '/health' ? code : 404).end('a body that nobody reads');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const health = (...words: string[]) => morrow(tmpdir(), ['health', ...words]).ended;

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

test('a healthy service ends it with 0 at once', async () => {
  const url = await serving(200);
  const { code, stdout, stderr } = await health(url);
  expect(stdout).toMatch(/^✓ Service is healthy \(after .*\)\n$/);
  expect(stderr).toBe(`Checking ${url}/health …\n`);
  expect(code).toBe(0);
});

test('it asks again until the service is ready, and says why it was not', async () => {
  const url = await serving(503, 500, 204);
  const { code, stderr } = await health(`${url}/`, '--interval', '50ms', '--timeout', '10s');
  expect(stderr).toContain('Waiting for the service to be ready (1/200): answered 503 Service Unavailable\n');
  expect(stderr).toContain('(2/200): answered 500 Internal Server Error\n');
  expect(code).toBe(0);
});

test('it gives up with 1 after its time, as JSON if asked', async () => {
  const url = await serving(503);
  const { code, stdout } = await health(url, '--interval', '1s', '--timeout', '3s', '--json');
  expect(JSON.parse(stdout)).toEqual({
    url: `${url}/health`,
    healthy: false,
    attempts: 3,
    problem: 'answered 503 Service Unavailable',
  });
  expect(code).toBe(1);
});

test('a service that hangs and one that is not there are told apart', async () => {
  const hanging = await health(await serving(0), '--interval', '500ms', '--timeout', '500ms');
  expect(hanging.stdout).toMatch(/no answer within \d+ ms \(asked 1 time in 500 ms\)/);
  const url = await serving(200);
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  const absent = await health(url, '--interval', '100ms', '--timeout', '100ms');
  expect(absent.stdout).toContain('connection refused, nothing listens there');
});

test('what is no URL or no duration is a mistake in the command line', async () => {
  expect((await health('http://')).code).toBe(2);
  const { code, stderr } = await health('http://127.0.0.1', '--timeout', 'soon');
  expect(stderr).toContain("--timeout takes a duration such as 30s, 500ms or 2m, not 'soon'.");
  expect(code).toBe(2);
});

test('scripts/health-check.sh does the same, and keeps its usage line', async () => {
  const bare = spawnSync(`${SCRIPTS}/health-check.sh`, { encoding: 'utf8' });
  expect(bare.stdout).toMatch(/^Usage: \S+health-check\.sh <endpoint>\n$/);
  expect(bare.status).toBe(1);
  const absent = spawnSync(`${SCRIPTS}/health-check.sh`, ['http://127.0.0.1:1', '--timeout', '1ms'], {
    encoding: 'utf8',
  });
  expect(absent.stdout).toContain('Service health check failed');
  expect(absent.status).toBe(1);
});

test('scripts/deploy.sh keeps its usage line, and hands its arguments on', () => {
  const bare = spawnSync(`${SCRIPTS}/deploy.sh`, ['development'], { encoding: 'utf8' });
  expect(bare.stdout).toMatch(/^Usage: \S+deploy\.sh <environment> <service>\n$/);
  expect(bare.status).toBe(1);
  const unknown = spawnSync(`${SCRIPTS}/deploy.sh`, ['nowhere', 'backend'], { encoding: 'utf8' });
  expect(unknown.stderr).toContain("There is no environment 'nowhere'.");
  expect(unknown.status).toBe(2);
});
