import { describe, expect, test } from 'vitest';
import type { RevisionSpec } from '../platform/platform.ts';
import { ScriptedPlatform } from './scripted-platform.ts';
import { serviceSettings } from './service-settings.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { serving, WHEN_TOLD, withSlot } from './world.ts';

const spec: RevisionSpec = {
  id: 'new',
  service: 'backend',
  artifact: 'sha256:1',
  settings: serviceSettings(),
  createdAtMs: 0,
};
const fence = { epoch: 1 };

const platformWith = (stable = true) => {
  const clock = new SimulatedClock();
  const platform = new ScriptedPlatform(clock);
  if (stable) platform.change('backend', () => serving({ slot: 'blue', revision: 'old' }, 2));
  return { clock, platform };
};

describe('the scripted platform', () => {
  test('does what it is asked and remembers it', async () => {
    const { platform } = platformWith();
    await platform.stage('backend', 'green', spec, 2, fence);
    await platform.route('backend', { blue: 50, green: 50 }, 'blue', fence);
    const { slots, weights } = await platform.observe('backend');
    expect(slots.green).toMatchObject({ revision: 'new', healthy: 2 });
    expect(weights).toEqual({ blue: 50, green: 50 });
    expect(platform.calls.map(({ method }) => method)).toEqual(['stage', 'route']);
  });

  test('waits for the test where it is told to', async () => {
    const { platform } = platformWith();
    platform.manners = WHEN_TOLD;
    await platform.stage('backend', 'green', spec, 2, fence);
    await platform.run('backend', 'green', 'k', 'true', 1000, fence);
    expect(platform.world('backend').slots.green).toMatchObject({ running: 2, healthy: 0 });
    expect((await platform.observe('backend')).tasks['k']).toEqual({ state: 'running' });
    platform.change('backend', (world) => withSlot(world, 'green', { healthy: 2 }));
    expect((await platform.observe('backend')).slots.green.healthy).toBe(2);
  });

  test('never stops a revision with traffic', async () => {
    const { platform } = platformWith();
    await expect(platform.retire('backend', 'blue', fence)).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
    await expect(platform.stage('backend', 'blue', spec, 2, fence)).rejects.toMatchObject({
      code: 'NOT_SUPPORTED',
    });
  });

  test('refuses an epoch that is too old, and raises it when it takes the traffic back', async () => {
    const { platform } = platformWith();
    await platform.stage('backend', 'green', spec, 2, { epoch: 4 });
    await platform.route('backend', { blue: 50, green: 50 }, 'blue', { epoch: 4 });
    platform.failsafe('backend');
    expect(await platform.heartbeat({ epoch: 4 })).toBe(5);
    expect(await platform.observe('backend')).toMatchObject({
      failsafe: true,
      weights: { blue: 100, green: 0 },
    });
    await expect(platform.route('backend', null, null, { epoch: 4 })).rejects.toMatchObject({
      code: 'EDGE_EPOCH_STALE',
    });
  });

  test('fails as often as it is told to', async () => {
    const { platform } = platformWith();
    platform.fail('observe', undefined, 2);
    await expect(platform.observe('backend')).rejects.toMatchObject({ code: 'EDGE_UNREACHABLE' });
    await expect(platform.observe('backend')).rejects.toMatchObject({ code: 'EDGE_UNREACHABLE' });
    await expect(platform.observe('backend')).resolves.toMatchObject({ failsafe: false });
  });

  test('measures traffic in blocks after the one that is known', async () => {
    const { platform, clock } = platformWith();
    for (let second = 0; second < 3; second++) {
      await clock.advance(1000);
      platform.traffic('backend', { blue: { requests: 10, errors: 1, latencyMs: 80 }, green: null });
    }
    const { blocks } = await platform.measure('backend', 1, [50, 100]);
    expect(blocks.map(({ seq }) => seq)).toEqual([2, 3]);
    expect(blocks[0]?.slots.blue).toEqual({ requests: 10, errors: 1, latency: [0, 10, 0] });
  });

  test('hints at changes until nobody listens', async () => {
    const { platform } = platformWith();
    const heard: string[] = [];
    const stop = platform.onChange((service) => heard.push(service));
    await platform.stage('backend', 'green', spec, 2, fence);
    stop();
    await platform.stage('backend', 'green', spec, 3, fence);
    expect(heard).toEqual(['backend']);
  });
});

describe('the simulated clock', () => {
  test('wakes sleepers in their order, and those who go to sleep again', async () => {
    const clock = new SimulatedClock(0);
    const { signal } = new AbortController();
    const woken: string[] = [];
    const ticking = (async () => {
      for (let time = 0; time < 3; time++) {
        await clock.sleep(100, signal);
        woken.push(`tick ${clock.now()}`);
      }
    })();
    void clock.sleep(150, signal).then(() => woken.push(`once ${clock.now()}`));
    await clock.advance(1000);
    await ticking;
    expect(woken).toEqual(['tick 100', 'once 150', 'tick 200', 'tick 300']);
    expect(clock.now()).toBe(1000);
  });

  test('ends a sleep that is aborted', async () => {
    const clock = new SimulatedClock(0);
    const controller = new AbortController();
    const sleeping = clock.sleep(1e9, controller.signal);
    controller.abort();
    await sleeping;
    expect(clock.sleeping).toBe(0);
    expect(clock.now()).toBe(0);
  });

  test('lets time pass until something holds, and says when it never does', async () => {
    const clock = new SimulatedClock(0);
    await clock.until(() => clock.now() >= 500, 1000);
    expect(clock.now()).toBe(500);
    await expect(clock.until(() => false, 200)).rejects.toThrow(/within 200 simulated ms/);
  });
});
