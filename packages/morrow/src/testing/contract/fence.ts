import { expect, test } from 'vitest';
import { weightsOf } from '../../engine/slot.ts';
import { check, type Now, SERVICE, type Steps } from './steps.ts';

/** Only the present controller acts. */
export function fenceContract(now: Now, { observe, up, bring }: Steps): void {
  test('refuses whoever has been succeeded, and changes nothing for him', async () => {
    const { platform, fence: old } = now();
    const spec = await bring('blue', 1);
    await platform.route(SERVICE, weightsOf('blue', 100), 'blue', old);
    const other = await now().revision();
    await now().takeOver();
    await now().platform.route(SERVICE, weightsOf('blue', 100), 'blue', now().fence);
    const before = await observe();
    const asked: readonly (() => Promise<unknown>)[] = [
      () => platform.ensure({ ...now().service, stopGraceMs: 1 }, old),
      () => platform.stage(SERVICE, 'green', other, 1, old),
      () => platform.route(SERVICE, null, null, old),
      () => platform.resize(SERVICE, 'blue', 2, old),
      () => platform.probe(SERVICE, 'blue', 'late', [check()], old),
      () => platform.run(SERVICE, 'blue', 'late', 'true', 1000, old),
      () => platform.retire(SERVICE, 'green', old),
      () => platform.prune(SERVICE, [], old),
    ];
    for (const ask of asked)
      await expect(ask()).rejects.toMatchObject({
        code: expect.stringMatching(/^(LEASE_LOST|EDGE_EPOCH_STALE)$/),
      });
    expect(await platform.heartbeat(old)).toBe(now().fence.epoch);
    await now().pause(300);
    await up('blue', spec, 1);
    const after = await observe();
    expect({ ...after.slots.blue, inFlight: 0 }).toEqual({ ...before.slots.blue, inFlight: 0 });
    expect({ weights: after.weights, tasks: after.tasks, probes: after.probes }).toEqual({
      weights: before.weights,
      tasks: before.tasks,
      probes: before.probes,
    });
  });

  test('tells the highest epoch that it has seen, to whoever asks', async () => {
    const { platform, fence } = now();
    expect(await platform.heartbeat(fence)).toBe(fence.epoch);
    expect(await platform.heartbeat({ epoch: 0 })).toBe(fence.epoch);
    await now().takeOver();
    expect(await now().platform.heartbeat(now().fence)).toBe(now().fence.epoch);
    expect(now().fence.epoch).toBeGreaterThan(fence.epoch);
  });
}

/** What has a key happens once. */
export function onceContract(now: Now, { bring, until, observe }: Steps): void {
  test('runs a probe once under its key and shows its result', async () => {
    const { platform, fence } = now();
    await bring('green', 1);
    const checks = [check(), check({ name: 'it is alive', path: '/health/live' })];
    for (let again = 0; again < 2; again += 1)
      await platform.probe(SERVICE, 'green', 'r1/smoke', checks, fence);
    await until('the probe', ({ probes }) => probes['r1/smoke']?.state === 'succeeded');
    await platform.probe(SERVICE, 'green', 'r1/smoke', [check({ path: '/broken' })], fence);
    expect((await observe()).probes).toEqual({ 'r1/smoke': { state: 'succeeded' } });
  });

  test('runs a task once under its key and shows its result, also after another controller has taken over', async () => {
    await bring('green', 1);
    for (let again = 0; again < 2; again += 1) {
      const { platform, fence } = now();
      await platform.run(SERVICE, 'green', 'r1/expand', 'true', 10_000, fence);
      await until('the task', ({ tasks }) => tasks['r1/expand']?.state === 'succeeded');
      await platform.run(SERVICE, 'green', 'r1/expand', 'false', 10_000, fence);
      expect((await observe()).tasks).toEqual({ 'r1/expand': { state: 'succeeded' } });
      await now().takeOver();
    }
  });
}
