import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { browserHead } from './head.ts';
import { Latencies } from './histogram.ts';
import { pacedLoad } from './load.ts';
import { cpuOf, family, rssMb, start } from './processes.ts';
import { startProxy } from './proxies.ts';

const cleanUps: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const onLinux = test.runIf(process.platform === 'linux');

test('the head is like a browser sends it', () => {
  const head = browserHead('/small').toString('latin1');
  expect(head.length).toBeGreaterThan(550);
  expect(head.length).toBeLessThan(650);
  expect(head.split('\r\n').filter((line) => line !== '')).toHaveLength(13);
});

test('quantiles of latencies are right to the microsecond, and far beyond 100 ms to a tenth of a millisecond', () => {
  const latencies = new Latencies();
  for (let ms = 0.0005; ms < 1; ms += 0.001) latencies.add(ms);
  expect(latencies.count).toBe(1000);
  expect(latencies.quantile(0.5)).toBeCloseTo(0.499, 6);
  expect(latencies.quantile(0.99)).toBeCloseTo(0.989, 6);
  for (let i = 0; i < 2000; i += 1) latencies.add(2500.07);
  expect(latencies.quantile(0.99)).toBeCloseTo(2500, 1);
  expect(new Latencies().quantile(0.5)).toBe(0);
});

const BUSY_CHILD = `
for (; process.cpuUsage().user < 300_000; );
console.log('ready');
process.stdin.on('end', () => process.exit()).resume();`;
const PARENT = `
require('node:child_process').spawn(process.execPath, ['-e', process.argv[1]], { stdio: ['pipe', 'inherit', 'inherit'] });`;

onLinux('CPU time and memory of a whole family of processes are summed', async () => {
  const running = start([process.execPath, '-e', PARENT, BUSY_CHILD]);
  cleanUps.push(() => running.stop());
  await running.firstLine();
  const pids = family(running.pid);
  expect(pids).toHaveLength(2);
  expect(cpuOf(pids).userMs).toBeGreaterThanOrEqual(cpuOf([running.pid]).userMs + 200);
  expect(rssMb(pids)).toBeGreaterThan(rssMb([running.pid]) + 10);
});

test('a process that ends at once says why', async () => {
  const running = start([process.execPath, '-e', 'console.error("no such luck"); process.exit(3)']);
  await expect(running.firstLine()).rejects.toThrow('no such luck');
  const absent = start(['/no/such/program']);
  await expect(absent.firstLine()).rejects.toThrow('ENOENT');
});

test('the paced load keeps its rate, counts answers that are no success, and notices closed connections', async () => {
  let broken = 0;
  const server = createServer((req, res) => {
    if (req.url === '/small') return res.setHeader('content-length', 5).end('hello');
    broken += 1;
    if (broken % 2 === 0) return req.socket.destroy();
    return res.writeHead(503, { 'content-length': 0 }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const ask = { port: (server.address() as AddressInfo).port, connections: 4, seconds: 1, core: null };
  const good = await pacedLoad({ ...ask, path: '/small' }, 200);
  expect(good).toMatchObject({ errors: 0, seconds: 1 });
  expect(good.requests).toBeGreaterThan(20);
  // Those that fell due while the last were awaited are sent as well: more on a busy machine.
  expect(good.requests).toBeLessThan(300);
  expect((await pacedLoad({ ...ask, path: '/bad' }, 200)).errors).toBe(4);
  const full = await pacedLoad({ ...ask, path: '/small' }, 0);
  expect(full.requests).toBeGreaterThan(good.requests);
});

onLinux('our own edge is started, passes the upstream on, and is gone afterwards', async () => {
  const upstream = start([process.execPath, fileURLToPath(new URL('upstream.ts', import.meta.url))]);
  cleanUps.push(() => upstream.stop());
  const upstreamPort = Number(await upstream.firstLine());
  const edge = await startProxy('edge', { core: null, upstreamPort });
  const pids = family(edge?.pid ?? 0);
  expect(pids).toHaveLength(2);
  const answer = await fetch(`http://127.0.0.1:${edge?.port}/large`);
  expect(answer.headers.get('x-morrow-revision')).toMatch(/^r-(blue|green)$/);
  expect((await answer.arrayBuffer()).byteLength).toBe(100_000);
  await edge?.stop();
  await expect.poll(() => pids.filter(isAlive)).toEqual([]);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
