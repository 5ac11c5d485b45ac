import { expect, test } from 'vitest';
import { otherSlot, SLOTS, type Slot, weightsOf } from '../../engine/slot.ts';
import type { Block } from '../../engine/types.ts';
import { LIMIT_MS, LOOK_MS, type Now, SERVICE, type Steps } from './steps.ts';

const BOUNDS_MS = [1, 10, 100, 1000];

const asker = (now: Now) => async () => {
  const answer = await now().request?.();
  if (answer === undefined) throw new Error('this platform serves nobody');
  return answer;
};

/** What users notice of it. */
export function servingContract(now: Now, { bring, up, empty }: Steps): void {
  const ask = asker(now);

  test('serves by its weights from the moment that route resolves', async () => {
    const { platform, fence } = now();
    const specs = { blue: await bring('blue', 1), green: await bring('green', 1) };
    for (let round = 0; round < 10; round += 1) {
      const slot: Slot = round % 2 === 0 ? 'blue' : 'green';
      await platform.route(SERVICE, weightsOf(slot, 100), 'blue', fence);
      const answers = await Promise.all(Array.from({ length: 8 }, ask));
      for (const answer of answers) expect(answer).toEqual({ status: 200, revision: specs[slot].id });
    }
  });

  test('loses no request while traffic moves, targets come and go, and a slot is retired', async () => {
    const { platform, fence } = now();
    const blue = await bring('blue', 2);
    await platform.route(SERVICE, weightsOf('blue', 100), 'blue', fence);
    const failures: unknown[] = [];
    let stop = false;
    let served = 0;
    const users = Array.from({ length: 4 }, async () => {
      while (!stop) {
        const answer = await ask().catch((error: unknown) => ({ status: 0, revision: String(error) }));
        if (answer.status === 200) served += 1;
        else failures.push(answer);
      }
    });
    try {
      const green = await bring('green', 2);
      for (const share of [5, 50, 100])
        await platform.route(SERVICE, weightsOf('green', share), 'blue', fence);
      await platform.route(SERVICE, weightsOf('green', 100), 'green', fence);
      await platform.resize(SERVICE, 'green', 1, fence);
      await platform.retire(SERVICE, 'blue', fence);
      await empty('blue');
      await up('green', green, 1);
      await platform.stage(SERVICE, 'blue', blue, 1, fence);
      await up('blue', blue, 1);
      await platform.route(SERVICE, weightsOf('blue', 100), 'blue', fence);
    } finally {
      stop = true;
      await Promise.all(users);
    }
    expect(failures).toEqual([]);
    expect(served).toBeGreaterThan(50);
  });
}

/** What is measured of it. */
export function measuringContract(now: Now, { bring }: Steps): void {
  const ask = asker(now);
  const measured = async (): Promise<readonly Block[]> =>
    (await now().platform.measure(SERVICE, 0, BOUNDS_MS)).blocks;
  const total = (slot: Slot, blocks: readonly Block[]): number =>
    blocks.reduce((sum, block) => sum + (block.slots[slot]?.requests ?? 0), 0);

  test('measures in blocks whose weights did not change, with rising numbers', async () => {
    const { platform, fence } = now();
    await bring('blue', 1);
    await bring('green', 1);
    const used = [weightsOf('blue', 100), weightsOf('green', 100)];
    for (const weights of used) {
      await platform.route(SERVICE, weights, 'blue', fence);
      for (let request = 0; request < 20; request += 1) await ask();
    }
    const end = performance.now() + LIMIT_MS;
    let blocks = await measured();
    while (total('blue', blocks) < 20 || total('green', blocks) < 20) {
      if (performance.now() > end) throw new Error(`not measured: ${JSON.stringify(blocks)}`);
      await now().pause(LOOK_MS);
      blocks = await measured();
    }
    expect(SLOTS.map((slot) => total(slot, blocks))).toEqual([20, 20]);
    for (const [index, block] of blocks.entries()) {
      expect(block.seq).toBeGreaterThan(blocks[index - 1]?.seq ?? 0);
      expect(block.toMs).toBeGreaterThanOrEqual(block.fromMs);
      expect(used).toContainEqual(block.weights);
      expect(block.boundsMs).toEqual(BOUNDS_MS);
      for (const slot of SLOTS) {
        const counts = block.slots[slot];
        if (counts === null) continue;
        expect(counts.latency).toHaveLength(BOUNDS_MS.length + 1);
        expect(counts.latency.reduce((sum, count) => sum + count, 0)).toBe(counts.requests);
        // All traffic was on one side: a block with requests of the other would mix two weights.
        if (counts.requests > 0) expect(block.weights[otherSlot(slot)]).toBe(0);
      }
    }
    const after = blocks.at(-2)?.seq ?? 0;
    for (const block of (await platform.measure(SERVICE, after, BOUNDS_MS)).blocks)
      expect(block.seq).toBeGreaterThan(after);
  });
}
