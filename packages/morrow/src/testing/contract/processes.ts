import { expect, test } from 'vitest';
import { weightsOf } from '../../engine/slot.ts';
import { type Now, SERVICE, type Steps } from './steps.ts';

/** What becomes of processes, and of what controllers before had begun. */
export function processContract(now: Now, { bring, until, up }: Steps): void {
  test('replaces a target that crashed, and says how it ended with its last lines', async () => {
    const spec = await bring('blue', 2);
    await now().crash('blue');
    const seen = await until('an exit', ({ slots }) => slots.blue.exitCount === 1);
    expect(seen.slots.blue.exits[0]?.reason).toMatch(/\S/);
    expect(seen.slots.blue.exits[0]?.lastLines.at(-1)).toBe('crashing as told');
    const again = await up('blue', spec, 2);
    expect(again.slots.blue).toMatchObject({
      exitCount: 1,
      exits: [expect.objectContaining({ reason: expect.stringMatching(/\S/) })],
    });
  });

  test('counts the exits of a revision that crashes at start, and shows the true reason', async () => {
    const { platform, fence } = now();
    const spec = await now().revision('crashes');
    await platform.stage(SERVICE, 'green', spec, 1, fence);
    const seen = await until('three exits', ({ slots }) => slots.green.exitCount >= 3);
    expect(seen.slots.green.healthy).toBe(0);
    expect(seen.slots.green.exits[0]?.reason).toContain('3');
    expect(seen.slots.green.exits[0]?.lastLines.join('\n')).toContain('cannot go on: no such table');
    expect(new Set(seen.slots.green.exits.map(({ target }) => target)).size).toBe(
      seen.slots.green.exits.length,
    );
  });

  test('says why a revision does not become healthy', async () => {
    const { platform, fence } = now();
    const spec = await now().revision('never-healthy');
    await platform.ensure(spec.settings, fence);
    await platform.stage(SERVICE, 'green', spec, 2, fence);
    const seen = await until(
      'the reason',
      ({ slots }) => slots.green.running === 2 && /503/.test(slots.green.unhealthyReason ?? ''),
    );
    expect(seen.slots.green).toMatchObject({ healthy: 0, running: 2 });
  });

  test('keeps what runs when another controller takes over', async () => {
    const spec = await bring('blue', 2);
    await now().platform.route(SERVICE, weightsOf('blue', 100), 'blue', now().fence);
    await now().takeOver();
    await now().platform.heartbeat(now().fence);
    const first = await now().platform.observe(SERVICE);
    expect(first.slots.blue).toMatchObject({ revision: spec.id, running: 2, healthy: 2 });
    await now().pause(1000);
    const seen = await up('blue', spec, 2);
    expect(seen).toMatchObject({
      weights: weightsOf('blue', 100),
      slots: { blue: { exitCount: 0, wanted: 2 } },
    });
  });

  test('goes on with a retirement that the controller before had asked for', async () => {
    const { platform, fence } = now();
    await bring('blue', 1);
    await platform.retire(SERVICE, 'blue', fence);
    await now().takeOver();
    await now().platform.heartbeat(now().fence);
    await until('empty', ({ slots }) => slots.blue.revision === null);
  });
}
