import { expect, test } from 'vitest';
import { SLOTS, weightsOf } from '../../engine/slot.ts';
import { type Now, SERVICE, type Steps } from './steps.ts';

/** What slots hold, and what becomes of it. */
export function slotsContract(now: Now, { observe, up, bring }: Steps): void {
  test('shows an empty service before anything was asked for', async () => {
    const seen = await observe();
    for (const slot of SLOTS)
      expect(seen.slots[slot]).toMatchObject({
        revision: null,
        wanted: 0,
        running: 0,
        healthy: 0,
        exitCount: 0,
        problem: null,
      });
    expect(seen).toMatchObject({ weights: null, failsafe: false, probes: {}, tasks: {} });
  });

  test('ensures as often as it is asked', async () => {
    const { platform, fence, service } = now();
    await platform.ensure(service, fence);
    await platform.ensure(service, fence);
    expect((await observe()).weights).toBeNull();
  });

  test('starts as many targets as are staged, and shows when they are healthy', async () => {
    const spec = await bring('blue', 2);
    const seen = await observe();
    expect(seen.slots.blue).toMatchObject({
      revision: spec.id,
      wanted: 2,
      running: 2,
      healthy: 2,
      exits: [],
      problem: null,
    });
    expect(seen.slots.green.revision).toBeNull();
    expect(seen.weights).toBeNull();
  });

  test('staged again with the same is as it was', async () => {
    const { platform, fence } = now();
    const spec = await bring('blue', 2);
    for (let again = 0; again < 3; again += 1) await platform.stage(SERVICE, 'blue', spec, 2, fence);
    await now().pause(300);
    const seen = await up('blue', spec, 2);
    expect(seen.slots.blue).toMatchObject({ exitCount: 0, exits: [] });
  });

  test('grows and shrinks, by stage and by resize', async () => {
    const { platform, fence } = now();
    const spec = await bring('blue', 1);
    await platform.resize(SERVICE, 'blue', 3, fence);
    await up('blue', spec, 3);
    await platform.stage(SERVICE, 'blue', spec, 2, fence);
    const seen = await up('blue', spec, 2);
    expect(seen.slots.blue.exitCount).toBe(0);
  });
}

/** How slots change hands. */
export function changesContract(now: Now, { up, empty, bring, until }: Steps): void {
  test('gives a slot without traffic to another revision', async () => {
    const { platform, fence } = now();
    await bring('green', 1);
    const other = await now().revision();
    await platform.stage(SERVICE, 'green', other, 2, fence);
    const seen = await up('green', other, 2);
    expect(seen.slots.green).toMatchObject({ exitCount: 0, exits: [] });
  });

  test('empties a slot that is retired, as often as it is asked, and one that is empty already', async () => {
    const { platform, fence } = now();
    await bring('blue', 1);
    for (let again = 0; again < 3; again += 1) await platform.retire(SERVICE, 'blue', fence);
    const seen = await empty('blue');
    expect(seen.slots.blue).toMatchObject({ wanted: 0, running: 0, draining: false });
    await platform.retire(SERVICE, 'blue', fence);
    await platform.retire(SERVICE, 'green', fence);
  });

  test('brings a retired revision back from what is kept of it', async () => {
    const { platform, fence } = now();
    const spec = await bring('blue', 1);
    await platform.retire(SERVICE, 'blue', fence);
    await empty('blue');
    await platform.prune(SERVICE, [spec.id], fence);
    await platform.stage(SERVICE, 'green', spec, 1, fence);
    await up('green', spec, 1);
  });

  test('holds two revisions side by side', async () => {
    const blue = await bring('blue', 1);
    const green = await bring('green', 1);
    const seen = await until('both', ({ slots }) => slots.blue.healthy === 1 && slots.green.healthy === 1);
    expect(SLOTS.map((slot) => seen.slots[slot].revision)).toEqual([blue.id, green.id]);
  });

  test('tells listeners that something changed', async () => {
    const { platform } = now();
    const told: string[] = [];
    const stop = platform.onChange((service) => told.push(service));
    await bring('blue', 1);
    expect(told).toContain(SERVICE);
    stop();
  });
}

/** Who may have traffic, and that it is never taken from whoever has it. */
export function trafficContract(now: Now, { observe, bring, up, empty }: Steps): void {
  const refused = { code: 'NOT_SUPPORTED' };

  test('moves traffic at one stroke and shows by which weights it serves', async () => {
    const { platform, fence } = now();
    await bring('blue', 1);
    await bring('green', 1);
    for (const weights of [
      weightsOf('blue', 100),
      weightsOf('green', 5),
      weightsOf('green', 50),
      weightsOf('green', 100),
    ]) {
      await platform.route(SERVICE, weights, 'blue', fence);
      expect((await observe()).weights).toEqual(weights);
      await platform.route(SERVICE, weights, 'blue', fence);
      expect((await observe()).weights).toEqual(weights);
    }
    await platform.route(SERVICE, null, null, fence);
    expect((await observe()).weights).toBeNull();
  });

  test('never gives the slot of a revision with traffic to another', async () => {
    const { platform, fence } = now();
    const spec = await bring('blue', 1);
    await platform.route(SERVICE, weightsOf('blue', 100), 'blue', fence);
    const other = await now().revision();
    await expect(platform.stage(SERVICE, 'blue', other, 1, fence)).rejects.toMatchObject(refused);
    await now().pause(300);
    await up('blue', spec, 1);
  });

  test('never stops a revision with traffic', async () => {
    const { platform, fence } = now();
    const blue = await bring('blue', 1);
    const green = await bring('green', 1);
    await platform.route(SERVICE, weightsOf('green', 1), 'blue', fence);
    for (const slot of SLOTS)
      await expect(platform.retire(SERVICE, slot, fence)).rejects.toMatchObject(refused);
    await now().pause(300);
    await up('blue', blue, 1);
    await up('green', green, 1);
    await platform.route(SERVICE, weightsOf('blue', 100), 'blue', fence);
    await platform.retire(SERVICE, 'green', fence);
    await empty('green');
    await up('blue', blue, 1);
  });
}
