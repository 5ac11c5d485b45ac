import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ResolvedService } from '../../config/resolved.ts';
import { FakeEdge } from '../../testing/fake-edge.ts';
import { holds, isEmpty, LocalBench } from '../../testing/local-machine.ts';
import type { TestServiceMode } from '../../testing/test-service.ts';
import { layoutOf } from './layout.ts';
import type { LocalPlatform } from './platform.ts';
import { systemProcessTable } from './process-table.ts';

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
const first = () => bench.first();
const shimOf = (id: string) => bench.identity(id);
const serve = (count?: number, mode?: TestServiceMode, over?: Partial<ResolvedService>) =>
  bench.serve(platform, count, mode, over);

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

  test('never go without a reason: whoever sees less capacity sees the exit as well', async () => {
    for (const signal of ['SIGKILL', 'SIGSEGV'] as const) {
      const spec = await serve(2);
      await expect.poll(() => bench.serving().every(({ healthyAtMs }) => healthyAtMs !== null)).toBe(true);
      const before = (await platform.observe('backend')).slots.blue.exitCount;
      for (const { id } of bench.serving()) process.kill(shimOf(id).main.pid, signal);
      for (;;) {
        const { blue } = (await platform.observe('backend')).slots;
        if (blue.healthy === 2 && blue.exitCount === before) continue;
        // A replacement may be healthy already.
        expect(blue.exitCount).toBeGreaterThanOrEqual(before + 2 - blue.healthy);
        expect(blue.exits.at(-1)?.reason).toBe(`signal ${signal}`);
        expect(blue.exits.at(-1)?.lastLines[0]).toBe(`starting serves ${spec.id}`);
        break;
      }
      const seen = await bench.until(platform, 'replacements', (now) => holds(now, 'blue', spec, 2));
      expect(seen.slots.blue.exitCount).toBe(before + 2);
      await platform.retire('backend', 'blue', FENCE);
      await bench.until(platform, 'empty', isEmpty);
    }
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
