import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeEdge } from '../../testing/fake-edge.ts';
import { holds, isEmpty, LocalBench } from '../../testing/local-machine.ts';
import { layoutOf } from './layout.ts';
import type { LocalPlatform } from './platform.ts';
import { systemProcessTable } from './process-table.ts';

const BLUE = { blue: 100, green: 0 };
const FENCE = { epoch: 1 };

let edge: FakeEdge;
let bench: LocalBench;
let platform: LocalPlatform;

beforeEach(() => {
  edge = new FakeEdge();
  bench = new LocalBench(edge);
  platform = bench.platform();
});
afterEach(async () => {
  await bench.close();
  edge.close();
});

const table = systemProcessTable();
const shimOf = (id: string): { shim: { pid: number }; main: { pid: number } } =>
  JSON.parse(readFileSync(join(layoutOf(bench.stateDir).target('backend', id), 'identity.json'), 'utf8'));
const first = () => {
  const [record] = bench.serving();
  if (record === undefined) throw new Error('nothing serves');
  return record;
};

/** Ensures, stages in blue and waits until every target is healthy. */
async function serve(count = 1, mode: Parameters<LocalBench['revision']>[0] = 'serves', over = {}) {
  const spec = await bench.revision(mode, over);
  await platform.ensure(spec.settings, FENCE);
  await platform.stage('backend', 'blue', spec, count, FENCE);
  await bench.until(platform, 'healthy', (seen) => holds(seen, 'blue', spec, count));
  return spec;
}

describe('processes of a revision', () => {
  test('get a port, their identity and a clean environment', async () => {
    process.env['MORROW_TEST_LEAK'] = 'x';
    const secret = (_service: string, name: string) => (name === 'DB_PASSWORD' ? 'hunter2' : null);
    platform = bench.platform({ secret });
    const spec = await serve(1, 'serves', { env: { KIND: 'small' }, secrets: ['DB_PASSWORD'] });
    delete process.env['MORROW_TEST_LEAK'];
    const record = first();
    const env = JSON.parse(await bench.ask(record, '/env'));
    expect(env).toMatchObject({
      PORT: String(record.port),
      HOST: '127.0.0.1',
      MORROW_ENVIRONMENT: 'test',
      MORROW_SERVICE: 'backend',
      MORROW_REVISION: spec.id,
      MORROW_SLOT: 'blue',
      MORROW_TARGET: record.id,
      KIND: 'small',
      DB_PASSWORD: 'hunter2',
      PATH: process.env['PATH'],
    });
    expect(env).not.toHaveProperty('MORROW_TEST_LEAK');
    // Nothing that is written down holds the secret's value.
    const { main } = shimOf(record.id);
    expect(await table.commandLine(main.pid)).not.toContain('hunter2');
    const found = spawn('grep', ['-rl', 'hunter2', bench.stateDir]);
    const [code] = await once(found, 'exit');
    expect(code).toBe(1);
  });

  test('whose secret has no value are not started, and the slot says why', async () => {
    const spec = await bench.revision('serves', { secrets: ['API_KEY'] });
    await platform.stage('backend', 'blue', spec, 1, FENCE);
    const seen = await bench.until(platform, 'a problem', ({ slots }) => slots.blue.problem !== null);
    expect(seen.slots.blue.problem?.text).toBe('The secret API_KEY of backend has no value here.');
    expect(bench.records()).toEqual([]);
  });

  test('whose files are gone are not started, and the slot says why', async () => {
    const spec = await bench.revision();
    rmSync(layoutOf(bench.stateDir).snapshots, { recursive: true, force: true });
    await platform.stage('backend', 'blue', spec, 1, FENCE);
    const seen = await bench.until(platform, 'a problem', ({ slots }) => slots.blue.problem !== null);
    expect(seen.slots.blue.problem?.text).toMatch(/The files of revision .* are no longer there\./);
  });

  test('that crash at start say how, with their last lines, and are started again ever later', async () => {
    const spec = await bench.revision('crashes');
    await platform.stage('backend', 'blue', spec, 1, FENCE);
    const seen = await bench.until(platform, 'three exits', ({ slots }) => slots.blue.exitCount >= 3);
    const { exits } = seen.slots.blue;
    expect(exits[0]).toMatchObject({
      target: 'backend-blue-0-1',
      reason: 'exit code 3',
      lastLines: [`starting crashes ${spec.id}`, 'cannot go on: no such table'],
    });
    const starts = bench.records().map(({ createdAtMs }) => createdAtMs);
    const waits = starts.slice(1).map((start, index) => start - (exits[index]?.atMs ?? 0));
    expect(waits[0]).toBeGreaterThanOrEqual(190);
    expect(waits[1]).toBeGreaterThanOrEqual(390);
    expect(new Set(bench.records().map(({ port }) => port)).size).toBeGreaterThan(1);
  });

  test('whose start command is missing, or not executable, say so', async () => {
    const missing = await bench.revision('serves', { start: 'no-such-program' });
    await platform.stage('backend', 'blue', missing, 1, FENCE);
    const seen = await bench.until(platform, 'an exit', ({ slots }) => slots.blue.exitCount > 0);
    expect(seen.slots.blue.exits[0]).toMatchObject({
      reason: 'exit code 127 (the start command was not found)',
      lastLines: [expect.stringContaining('no-such-program')],
    });
    const plain = await bench.revision('serves', { start: './text' });
    await platform.stage('backend', 'green', plain, 1, FENCE);
    const again = await bench.until(platform, 'an exit', ({ slots }) => slots.green.exitCount > 0);
    expect(again.slots.green.exits[0]?.reason).toBe('exit code 126 (the start command is not executable)');
  });

  test('that never become healthy are replaced after their time to start, and the slot says what they answer', async () => {
    const spec = await bench.revision('never-healthy', { startTimeoutMs: 1000 });
    await platform.stage('backend', 'blue', spec, 1, FENCE);
    await bench.until(platform, 'a reason', ({ slots }) => slots.blue.unhealthyReason === 'answered 503');
    const seen = await bench.until(platform, 'an exit', ({ slots }) => slots.blue.exitCount > 0);
    expect(seen.slots.blue.exits[0]?.reason).toBe('was not healthy within 1 s (answered 503)');
  });

  test('killed by kill -9 are replaced, and the slot says so', async () => {
    const spec = await serve(2);
    const victim = first();
    process.kill(shimOf(victim.id).main.pid, 'SIGKILL');
    const seen = await bench.until(
      platform,
      'a replacement',
      (now) => now.slots.blue.exitCount === 1 && holds(now, 'blue', spec, 2),
    );
    expect(seen.slots.blue.exits[0]).toMatchObject({ target: victim.id, reason: 'signal SIGKILL' });
    expect(edge.service('backend')?.slots.blue?.targets.map(({ id }) => id)).not.toContain(victim.id);
  });

  test('whose shim is killed by kill -9 serve on, and are replaced when they end', async () => {
    const spec = await serve(1);
    const record = first();
    const { shim, main } = shimOf(record.id);
    process.kill(shim.pid, 'SIGKILL');
    await expect.poll(() => table.find(shim.pid)).toBeNull();
    const seen = await platform.observe('backend');
    expect(seen.slots.blue).toMatchObject({ running: 1, healthy: 1, exitCount: 0 });
    process.kill(main.pid, 'SIGKILL');
    const later = await bench.until(
      platform,
      'a replacement',
      (now) => now.slots.blue.exitCount === 1 && holds(now, 'blue', spec, 1),
    );
    expect(later.slots.blue.exits[0]?.reason).toBe('it is gone, and how it ended is unknown');
  });

  test('that leave children behind when they crash have them ended before they are replaced', async () => {
    const spec = await serve(1, 'forks');
    const record = first();
    const { shim } = shimOf(record.id);
    await bench.ask(record, '/crash?code=9').catch(() => undefined);
    await bench.until(
      platform,
      'a replacement',
      (now) => now.slots.blue.exitCount === 1 && holds(now, 'blue', spec, 1),
    );
    const left = (await table.list()).filter(({ group }) => group === shim.pid);
    expect(left).toEqual([]);
  });

  test('that use more memory than they may are killed, with that reason', async () => {
    const spec = await bench.revision('leaks', { memoryBytes: 200 * 1024 * 1024 });
    await platform.stage('backend', 'blue', spec, 1, FENCE);
    const seen = await bench.until(platform, 'an exit', ({ slots }) => slots.blue.exitCount > 0);
    expect(seen.slots.blue.exits[0]?.reason).toBe('memory limit of 200 MiB exceeded (killed)');
  });

  test('that hang are replaced after a while, with that reason', async () => {
    platform = bench.platform({ hungMs: 700 });
    const spec = await serve(1);
    const hung = first();
    await bench.ask(hung, '/hang');
    const seen = await bench.until(
      platform,
      'a replacement',
      (now) => now.slots.blue.exitCount === 1 && holds(now, 'blue', spec, 1),
    );
    expect(seen.slots.blue.exits[0]).toMatchObject({
      target: hung.id,
      reason: 'did not answer /health/live for 1 s',
    });
  });

  test('that live but are not ready are taken out of rotation, never replaced', async () => {
    platform = bench.platform({ hungMs: 300 });
    await serve(1, 'serves', { health: { ...bench.service.health, livePath: '/health' } });
    const record = first();
    // The live check is the ready check here: it fails, so the target is unhealthy; asked directly it lives.
    await bench.ask(record, '/unready');
    await bench.until(platform, 'unhealthy', ({ slots }) => slots.blue.healthy === 0);
    const other = await bench.revision();
    await platform.stage('backend', 'green', other, 1, FENCE);
    await bench.until(platform, 'healthy', (seen) => holds(seen, 'green', other, 1));
    const lives = bench.serving('green')[0];
    await bench.ask(lives, '/unready');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect((await platform.observe('backend')).slots.green).toMatchObject({ exitCount: 0, running: 1 });
  });

  test('that ignore SIGTERM are killed after their grace', async () => {
    await serve(1, 'ignores-sigterm', { stopGraceMs: 300 });
    const record = first();
    const { main } = shimOf(record.id);
    await platform.retire('backend', 'blue', FENCE);
    await bench.until(platform, 'empty', isEmpty);
    expect(await table.find(main.pid)).toBeNull();
    const log = readFileSync(join(layoutOf(bench.stateDir).target('backend', record.id), 'log'), 'utf8');
    expect(log).toContain('asked to end');
  });

  test('whose port somebody else took first get another one, and it is not counted against them', async () => {
    // Takes each port as soon as it is written down, and only then starts to listen: the first target must lose.
    const spec = await bench.revision('serves', {
      start: `sh -c 'sleep 0.4; exec ${process.execPath} server.js'`,
    });
    await platform.stage('backend', 'blue', spec, 1, FENCE);
    await expect.poll(() => bench.records().length).toBe(1);
    const [record] = bench.records();
    const thief = createServer().listen(record?.port, '127.0.0.1');
    await once(thief, 'listening');
    try {
      const seen = await bench.until(platform, 'healthy', (now) => holds(now, 'blue', spec, 1));
      expect(seen.slots.blue.exitCount).toBe(0);
      expect(bench.serving()[0]?.port).not.toBe(record?.port);
      expect(bench.records()[0]?.ended).toMatchObject({ portTaken: true, planned: false });
    } finally {
      thief.close();
    }
  });
});

describe('a slot', () => {
  test('is emptied only once its requests have ended', async () => {
    await serve(1);
    edge.inFlight.blue = 3;
    await platform.retire('backend', 'blue', FENCE);
    await expect.poll(() => edge.service('backend')?.slots.blue?.draining).toBe(true);
    await bench.until(platform, 'draining', ({ slots }) => slots.blue.draining);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect((await platform.observe('backend')).slots.blue).toMatchObject({ running: 1, draining: true });
    edge.inFlight.blue = 0;
    await bench.until(platform, 'empty', isEmpty);
    expect(edge.service('backend')?.slots.blue).toBeNull();
    expect(bench.records()[0]?.ended).toMatchObject({ planned: true, reason: 'exit code 0' });
  });

  test('is emptied after the drain’s limit even if requests hang', async () => {
    await serve(1, 'serves', { timeouts: { ...bench.service.timeouts, drainMs: 200 } });
    edge.inFlight.blue = 3;
    await platform.retire('backend', 'blue', FENCE);
    await bench.until(platform, 'empty', isEmpty);
  });

  test('staged again while it drains stays, with the same processes', async () => {
    const spec = await serve(1);
    const before = bench.serving().map(({ id }) => id);
    edge.inFlight.blue = 1;
    await platform.retire('backend', 'blue', FENCE);
    await expect.poll(() => edge.service('backend')?.slots.blue?.draining).toBe(true);
    await platform.stage('backend', 'blue', spec, 1, FENCE);
    await expect.poll(() => edge.service('backend')?.slots.blue?.draining).toBe(false);
    edge.inFlight.blue = 0;
    const seen = await bench.until(platform, 'healthy', (now) => holds(now, 'blue', spec, 1));
    expect(seen.slots.blue.draining).toBe(false);
    expect(bench.serving().map(({ id }) => id)).toEqual(before);
  });

  test('given traffic while it drains stays', async () => {
    const spec = await serve(1);
    edge.inFlight.blue = 1;
    await platform.retire('backend', 'blue', FENCE);
    await expect.poll(() => edge.service('backend')?.slots.blue?.draining).toBe(true);
    await platform.route('backend', BLUE, 'blue', FENCE);
    expect(edge.service('backend')).toMatchObject({
      weights: BLUE,
      stable: 'blue',
      slots: { blue: { draining: false } },
    });
    edge.inFlight.blue = 0;
    await bench.until(platform, 'healthy', (now) => holds(now, 'blue', spec, 1));
  });

  test('given traffic by somebody’s hand while it is retired is not stopped', async () => {
    await serve(1);
    edge.inFlight.blue = 1;
    await platform.retire('backend', 'blue', FENCE);
    await expect.poll(() => edge.service('backend')?.slots.blue?.draining).toBe(true);
    await edge.putWeights('backend', { epoch: 1, weights: BLUE });
    edge.inFlight.blue = 0;
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(bench.serving()).toHaveLength(1);
  });

  test('gives its place to another revision once it is drained', async () => {
    await serve(1);
    edge.inFlight.blue = 1;
    const other = await bench.revision();
    await platform.stage('backend', 'blue', other, 2, FENCE);
    await bench.until(platform, 'draining', ({ slots }) => slots.blue.draining);
    edge.inFlight.blue = 0;
    await bench.until(platform, 'the other', (seen) => holds(seen, 'blue', other, 2));
  });

  test('shrinks without touching a target that still gets requests', async () => {
    await serve(3);
    await platform.route('backend', BLUE, 'blue', FENCE);
    await platform.resize('backend', 'blue', 1, FENCE);
    await bench.until(platform, 'one', ({ slots }) => slots.blue.running === 1 && slots.blue.wanted === 1);
    expect(edge.service('backend')?.slots.blue?.targets).toHaveLength(1);
    await expect
      .poll(() => bench.records().filter(({ ended }) => ended !== null), { timeout: 15_000 })
      .toHaveLength(2);
    expect((await platform.observe('backend')).slots.blue.exitCount).toBe(0);
  });

  test('with traffic is neither stopped nor given away', async () => {
    await serve(1);
    await platform.route('backend', BLUE, 'blue', FENCE);
    const other = await bench.revision();
    const refused = { code: 'NOT_SUPPORTED', message: expect.stringContaining('100 % of the traffic') };
    await expect(platform.stage('backend', 'blue', other, 1, FENCE)).rejects.toMatchObject(refused);
    await expect(platform.retire('backend', 'blue', FENCE)).rejects.toMatchObject(refused);
    await expect(platform.resize('backend', 'blue', 0, FENCE)).rejects.toMatchObject(refused);
    expect(bench.serving()).toHaveLength(1);
  });

  test('that holds nothing gets no traffic and runs nothing', async () => {
    await serve(1);
    const refused = { code: 'NOT_SUPPORTED', message: 'The slot green of backend holds no revision.' };
    await expect(platform.route('backend', { blue: 50, green: 50 }, 'blue', FENCE)).rejects.toMatchObject(
      refused,
    );
    await expect(platform.run('backend', 'green', 'k', 'true', 1000, FENCE)).rejects.toMatchObject(refused);
    await expect(platform.resize('backend', 'green', 1, FENCE)).rejects.toMatchObject(refused);
    await expect(platform.retire('backend', 'green', FENCE)).resolves.toBeUndefined();
  });
});

describe('what the edge is told', () => {
  test('a candidate’s listener and limits come into force when it is stable, its health checks at once', async () => {
    const spec = await serve(1);
    await platform.route('backend', BLUE, 'blue', FENCE);
    const candidate = await bench.revision('serves', {
      listen: { ...bench.service.listen, port: 2 },
      health: { ...bench.service.health, readyPath: '/other' },
    });
    await platform.ensure(candidate.settings, FENCE);
    await platform.stage('backend', 'green', candidate, 1, FENCE);
    await bench.until(platform, 'healthy', (seen) => holds(seen, 'green', candidate, 1));
    expect(edge.service('backend')).toMatchObject({
      listen: { port: 1 },
      health: { readyPath: '/health' },
      slots: { blue: { revision: spec.id }, green: { health: { readyPath: '/other' } } },
    });
    expect(edge.service('backend')?.slots.blue).not.toHaveProperty('health');
    await platform.route('backend', { blue: 0, green: 100 }, 'green', FENCE);
    await expect.poll(() => edge.service('backend')?.listen.port).toBe(2);
    expect(edge.service('backend')?.slots.blue).toHaveProperty('health.readyPath', '/health');
  });

  test('is told again where it lost everything, and traffic can be given again', async () => {
    const spec = await serve(1);
    await platform.route('backend', BLUE, 'blue', FENCE);
    edge.lose();
    await platform.route('backend', BLUE, 'blue', FENCE);
    expect(edge.service('backend')).toMatchObject({
      weights: BLUE,
      stable: 'blue',
      slots: { blue: { revision: spec.id } },
    });
    await bench.until(platform, 'healthy', (seen) => holds(seen, 'blue', spec, 1));
  });

  test('a restart of the edge does not make a revision look dead', async () => {
    const spec = await serve(2);
    await expect.poll(() => bench.serving().every(({ healthyAtMs }) => healthyAtMs !== null)).toBe(true);
    edge.restart();
    const seen = await platform.observe('backend');
    expect(holds(seen, 'blue', spec, 2)).toBe(true);
  });

  test('while the edge does not answer nothing is shown rather than something false, and processes are looked after', async () => {
    const spec = await serve(1);
    const victim = first();
    edge.unreachable = true;
    await expect(platform.observe('backend')).rejects.toMatchObject({ code: 'EDGE_UNREACHABLE' });
    process.kill(shimOf(victim.id).main.pid, 'SIGKILL');
    await expect
      .poll(() => bench.serving().map(({ id }) => id), { timeout: 10_000 })
      .toEqual(['backend-blue-0-2']);
    edge.unreachable = false;
    const seen = await bench.until(platform, 'healthy', (now) => holds(now, 'blue', spec, 1));
    expect(seen.slots.blue.exitCount).toBe(1);
  });

  test('that the edge took traffic back shows until somebody steers again', async () => {
    const spec = await serve(1);
    await platform.stage('backend', 'green', spec, 1, FENCE);
    await bench.until(platform, 'healthy', (seen) => holds(seen, 'green', spec, 1));
    await platform.route('backend', { blue: 50, green: 50 }, 'blue', FENCE);
    expect((await platform.observe('backend')).failsafe).toBe(false);
    edge.failsafe('backend');
    expect(await platform.observe('backend')).toMatchObject({ failsafe: true, weights: BLUE });
    await expect(platform.route('backend', BLUE, 'blue', FENCE)).rejects.toMatchObject({
      code: 'EDGE_EPOCH_STALE',
    });
    expect(await platform.heartbeat(FENCE)).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await platform.route('backend', { blue: 50, green: 50 }, 'blue', { epoch: 3 });
    expect((await platform.observe('backend')).failsafe).toBe(false);
  });

  test('a port that cannot be had is the problem of a service that never served', async () => {
    edge.listenProblem = 'port 80 is taken';
    const spec = await serve(1);
    expect((await platform.observe('backend')).slots.blue.problem?.text).toBe('port 80 is taken');
    await platform.route('backend', BLUE, 'blue', FENCE);
    expect((await platform.observe('backend')).slots.blue.problem).toBeNull();
    expect(spec.service).toBe('backend');
  });
});

describe('a controller that comes after another', () => {
  test('finds every process again, keeps it, and goes on counting', async () => {
    const spec = await serve(2);
    const before = bench.serving().map(({ id, nonce }) => `${id} ${nonce}`);
    await platform.close();
    const next = bench.platform();
    await next.heartbeat({ epoch: 2 });
    await bench.until(next, 'healthy', (seen) => holds(seen, 'blue', spec, 2));
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(bench.serving().map(({ id, nonce }) => `${id} ${nonce}`)).toEqual(before);
    process.kill(shimOf(first().id).main.pid, 'SIGTERM');
    const seen = await bench.until(
      next,
      'a replacement',
      (now) => now.slots.blue.exitCount === 1 && holds(now, 'blue', spec, 2),
    );
    expect(seen.slots.blue.exits[0]?.reason).toMatch(/^(exit code 0|signal SIGTERM)$/);
  });

  test('replaces what ended while there was none, and knows how it ended', async () => {
    const spec = await serve(1);
    const victim = first();
    await platform.close();
    await bench.ask(victim, '/crash?code=42').catch(() => undefined);
    await expect.poll(() => table.find(shimOf(victim.id).shim.pid)).toBeNull();
    const next = bench.platform();
    await next.heartbeat({ epoch: 2 });
    const seen = await bench.until(
      next,
      'a replacement',
      (now) => now.slots.blue.exitCount === 1 && holds(now, 'blue', spec, 1),
    );
    expect(seen.slots.blue.exits[0]).toMatchObject({
      reason: 'exit code 42',
      lastLines: expect.arrayContaining(['crashing as told']),
    });
  });

  test('goes on with a drain that another had begun', async () => {
    await serve(1);
    edge.inFlight.blue = 1;
    await platform.retire('backend', 'blue', FENCE);
    await expect.poll(() => edge.service('backend')?.slots.blue?.draining).toBe(true);
    await platform.close();
    const next = bench.platform();
    await next.heartbeat({ epoch: 2 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(bench.serving()).toHaveLength(1);
    edge.inFlight.blue = 0;
    await bench.until(next, 'empty', isEmpty);
  });

  test('kills what did not end in its grace while there was none', async () => {
    await serve(1, 'ignores-sigterm', { stopGraceMs: 500 });
    const { main } = shimOf(first().id);
    await platform.retire('backend', 'blue', FENCE);
    await expect.poll(() => bench.records()[0]?.stopping?.askedAtMs ?? null).not.toBeNull();
    await platform.close();
    expect(await table.find(main.pid)).not.toBeNull();
    const next = bench.platform();
    await next.heartbeat({ epoch: 2 });
    await bench.until(next, 'empty', isEmpty);
    expect(await table.find(main.pid)).toBeNull();
  });

  test('neither takes nor kills a stranger that has the number of a process on record', async () => {
    const spec = await serve(1);
    const record = first();
    const { shim } = shimOf(record.id);
    await platform.close();
    process.kill(-shim.pid, 'SIGKILL');
    await expect.poll(() => table.find(shim.pid)).toBeNull();
    const stranger = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    await once(stranger, 'spawn');
    try {
      const folder = layoutOf(bench.stateDir).target('backend', record.id);
      writeFileSync(join(folder, 'started'), `${record.nonce} ${stranger.pid}\n`);
      const forged = { pid: stranger.pid, started: 'another boot/12345' };
      writeFileSync(join(folder, 'identity.json'), JSON.stringify({ shim: forged, main: forged }));
      const next = bench.platform();
      await next.heartbeat({ epoch: 2 });
      const seen = await bench.until(
        next,
        'a replacement',
        (now) => now.slots.blue.exitCount === 1 && holds(now, 'blue', spec, 1),
      );
      expect(seen.slots.blue.running).toBe(1);
      await next.retire('backend', 'blue', { epoch: 2 });
      await bench.until(next, 'empty', isEmpty);
      expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    } finally {
      stranger.kill('SIGKILL');
    }
  });

  test('starts anew what was written down and never begun', async () => {
    const spec = await serve(1);
    const record = first();
    await platform.close();
    const forgotten = { ...record, id: 'backend-blue-1-99', serial: 99, place: 1, nonce: 'never-begun' };
    const folder = layoutOf(bench.stateDir).target('backend', forgotten.id);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'target.json'), JSON.stringify(forgotten));
    const next = bench.platform();
    await next.stage('backend', 'blue', spec, 2, { epoch: 2 });
    const seen = await bench.until(next, 'healthy', (now) => holds(now, 'blue', spec, 2));
    expect(seen.slots.blue.exitCount).toBe(0);
    expect(existsSync(folder)).toBe(false);
    expect(bench.serving().map(({ serial }) => serial)).not.toContain(99);
  });

  test('ends what a slot no longer holds', async () => {
    await serve(1);
    const { main } = shimOf(first().id);
    await platform.close();
    const layout = layoutOf(bench.stateDir);
    const state = JSON.parse(readFileSync(layout.serviceFile('backend'), 'utf8'));
    writeFileSync(
      layout.serviceFile('backend'),
      JSON.stringify({ ...state, slots: { blue: null, green: null } }),
    );
    const next = bench.platform();
    await next.heartbeat({ epoch: 2 });
    await expect.poll(() => table.find(main.pid), { timeout: 10_000 }).toBeNull();
  });

  test('keeps what serves though its own file was lost, and finds it when it is staged again', async () => {
    const spec = await serve(1);
    await platform.route('backend', BLUE, 'blue', FENCE);
    const before = bench.serving().map(({ id }) => id);
    await platform.close();
    writeFileSync(layoutOf(bench.stateDir).serviceFile('backend'), '{"servi');
    const next = bench.platform();
    await next.heartbeat({ epoch: 2 });
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(edge.service('backend')?.slots.blue?.targets).toHaveLength(1);
    await next.stage('backend', 'blue', spec, 1, { epoch: 2 });
    await bench.until(next, 'healthy', (seen) => holds(seen, 'blue', spec, 1));
    expect(bench.serving().map(({ id }) => id)).toEqual(before);
  });

  test('makes its predecessor powerless, whatever that was about to do', async () => {
    const spec = await serve(1);
    const successor = bench.platform();
    await successor.stage('backend', 'green', spec, 1, { epoch: 2 });
    const lost = { code: 'LEASE_LOST' };
    await expect(platform.stage('backend', 'green', spec, 3, FENCE)).rejects.toMatchObject(lost);
    await expect(platform.route('backend', BLUE, 'blue', FENCE)).rejects.toMatchObject(lost);
    await expect(platform.resize('backend', 'blue', 3, FENCE)).rejects.toMatchObject(lost);
    await expect(platform.retire('backend', 'blue', FENCE)).rejects.toMatchObject(lost);
    await expect(platform.ensure(spec.settings, FENCE)).rejects.toMatchObject(lost);
    await expect(platform.run('backend', 'blue', 'k', 'true', 1000, FENCE)).rejects.toMatchObject(lost);
    await expect(platform.probe('backend', 'blue', 'k', [], FENCE)).rejects.toMatchObject(lost);
    await expect(platform.prune('backend', [], FENCE)).rejects.toMatchObject(lost);
    expect(await platform.heartbeat(FENCE)).toBe(2);
    await bench.until(successor, 'healthy', (seen) => holds(seen, 'green', spec, 1));
    // Both look after the same slots at once: still there is one process for each place.
    process.kill(shimOf(bench.serving('green')[0]?.id ?? '').main.pid, 'SIGKILL');
    await bench.until(
      successor,
      'a replacement',
      (now) => now.slots.green.exitCount === 1 && holds(now, 'green', spec, 1),
    );
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(bench.serving('green')).toHaveLength(1);
    expect(bench.said.filter((line) => line.includes('LEASE_LOST'))).not.toEqual([]);
  });

  test('that only looks on starts and stops nothing', async () => {
    const spec = await bench.revision();
    const layout = layoutOf(bench.stateDir);
    mkdirSync(layout.services, { recursive: true });
    const slot = { revision: spec, wanted: 1, exits: [], exitCount: 0, problem: null, retiring: null };
    const state = {
      service: 'backend',
      ensured: spec.settings,
      slots: { blue: slot, green: null },
      nextSerial: 1,
      steeredAtMs: 0,
    };
    writeFileSync(layout.serviceFile('backend'), JSON.stringify(state));
    expect(await platform.heartbeat({ epoch: 0 })).toBe(0);
    expect((await platform.observe('backend')).slots.blue).toMatchObject({
      revision: spec.id,
      wanted: 1,
      running: 0,
    });
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(bench.records()).toEqual([]);
  });
});
