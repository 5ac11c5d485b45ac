import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ResolvedService } from '../../config/resolved.ts';
import { FakeEdge } from '../../testing/fake-edge.ts';
import { holds, isEmpty, LocalBench } from '../../testing/local-machine.ts';
import { requires } from '../../testing/requires.ts';
import type { TestServiceMode } from '../../testing/test-service.ts';
import type { LocalPlatform } from './platform.ts';

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

const first = () => bench.first();
const shimOf = (id: string) => bench.identity(id);
const serve = (count?: number, mode?: TestServiceMode, over?: Partial<ResolvedService>) =>
  bench.serve(platform, count, mode, over);

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

describe('on a full disk', requires('linux', 'root'), () => {
  test('traffic moves and everything is seen; what needs the disk goes on once there is room', async ({
    skip,
  }) => {
    mkdirSync(bench.stateDir, { recursive: true });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'morrow-test', bench.stateDir], {
        stdio: 'pipe',
      });
    } catch {
      skip('needs the right to mount a small file system');
    }
    try {
      const spec = await serve(1);
      await platform.route('backend', BLUE, 'blue', FENCE);
      const filler = join(bench.stateDir, 'filler');
      const fill = () => execFileSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k'], { stdio: 'pipe' });
      expect(fill).toThrow();
      await platform.route('backend', null, null, FENCE);
      expect(edge.service('backend')?.weights).toBeNull();
      expect(holds(await platform.observe('backend'), 'blue', spec, 1)).toBe(true);
      await expect(platform.resize('backend', 'blue', 2, FENCE)).rejects.toMatchObject({ code: 'DISK_FULL' });
      process.kill(bench.identity(bench.first().id).main.pid, 'SIGKILL');
      await bench.until(platform, 'the end seen', ({ slots }) => slots.blue.running === 0);
      rmSync(filler);
      const seen = await bench.until(platform, 'a replacement', (now) => holds(now, 'blue', spec, 1));
      expect(seen.slots.blue).toMatchObject({ exitCount: 1, problem: null });
      await platform.retire('backend', 'blue', FENCE);
      await bench.until(platform, 'empty', isEmpty);
    } finally {
      await bench.stop();
      execFileSync('umount', ['-l', bench.stateDir]);
    }
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

  test('settings that are no part of a revision’s id come into force when it is staged again, with the same processes', async () => {
    const spec = await serve(1);
    await platform.route('backend', BLUE, 'blue', FENCE);
    const before = bench.serving().map(({ id }) => id);
    const listen = { ...spec.settings.listen, port: 3 };
    await platform.stage('backend', 'blue', { ...spec, settings: { ...spec.settings, listen } }, 1, FENCE);
    await expect.poll(() => edge.service('backend')?.listen.port).toBe(3);
    expect(bench.serving().map(({ id }) => id)).toEqual(before);
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
