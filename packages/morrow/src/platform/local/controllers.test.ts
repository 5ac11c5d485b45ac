import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ResolvedService } from '../../config/resolved.ts';
import { FakeEdge } from '../../testing/fake-edge.ts';
import { holds, isEmpty, LocalBench } from '../../testing/local-machine.ts';
import type { TestServiceMode } from '../../testing/test-service.ts';
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
const first = () => bench.first();
const shimOf = (id: string) => bench.identity(id);
const serve = (count?: number, mode?: TestServiceMode, over?: Partial<ResolvedService>) =>
  bench.serve(platform, count, mode, over);

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
