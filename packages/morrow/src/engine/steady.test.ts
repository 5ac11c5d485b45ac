import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  AT_ONCE,
  carryOut,
  EMPTY_WORLD,
  observationOf,
  serving,
  WHEN_TOLD,
  type World,
  withSlot,
} from '../testing/world.ts';
import { steady } from './steady.ts';
import type { Effect } from './types.ts';

const stable = { slot: 'blue', revision: 'new' } as const;
const asked = (world: World, count = 2, what: typeof stable | null = stable): readonly Effect[] =>
  steady({ stable: what, count }, observationOf(world));

const other = (world: World, revision = 'old'): World =>
  carryOut(world, { type: 'stage', slot: 'green', revision, count: 2 }, AT_ONCE);
const weighing = (world: World, green: number): World => ({
  ...world,
  weights: { blue: 100 - green, green },
});
const well = serving(stable, 2);

describe('a service with no rollout under way', () => {
  test('is left alone while it simply serves', () => {
    expect(asked(well)).toEqual([]);
  });

  test('has its other slot emptied', () => {
    expect(asked(other(well))).toEqual([{ type: 'retire', slot: 'green' }]);
    expect(asked(withSlot(other(well), 'green', { draining: true }))).toEqual([]);
  });

  test('gets weights put right before anything is stopped', () => {
    const world = weighing(other(well), 50);
    expect(asked(world)).toEqual([{ type: 'route', weights: { blue: 100, green: 0 }, stable: 'blue' }]);
  });

  test('is started again where it is gone', () => {
    const gone = { ...EMPTY_WORLD, weights: { blue: 100, green: 0 } };
    expect(asked(gone)).toEqual([{ type: 'stage', slot: 'blue', revision: 'new', count: 2 }]);
  });

  test('is routed once it has a healthy target', () => {
    const started = carryOut(
      EMPTY_WORLD,
      { type: 'stage', slot: 'blue', revision: 'new', count: 2 },
      WHEN_TOLD,
    );
    expect(asked(started)).toEqual([]);
    const [effect] = asked(withSlot(started, 'blue', { healthy: 1 }));
    expect(effect).toEqual({ type: 'route', weights: { blue: 100, green: 0 }, stable: 'blue' });
  });

  test('is taken out of its drain', () => {
    expect(asked(withSlot(well, 'blue', { draining: true }))).toEqual([
      { type: 'stage', slot: 'blue', revision: 'new', count: 2 },
    ]);
  });

  test('is sized as wanted', () => {
    expect(asked(well, 5)).toEqual([{ type: 'resize', slot: 'blue', count: 5 }]);
  });

  test('keeps traffic on a slot that serves while stable does not', () => {
    const world = weighing(other(withSlot(well, 'blue', { healthy: 0 })), 50);
    expect(asked(world)).toEqual([]);
  });

  test('takes as much traffic back as stable carries', () => {
    const world = weighing(other(withSlot(well, 'blue', { healthy: 1 })), 100);
    expect(asked(world)).toEqual([{ type: 'route', weights: { blue: 50, green: 50 }, stable: 'blue' }]);
  });

  test('never stages over another revision that has traffic', () => {
    expect(asked(serving({ slot: 'blue', revision: 'other' }, 2))).toEqual([]);
  });

  test('is stopped by a count of 0: traffic first', () => {
    expect(asked(well, 0)).toEqual([{ type: 'route', weights: null, stable: null }]);
    expect(asked({ ...well, weights: null }, 0)).toEqual([{ type: 'retire', slot: 'blue' }]);
    expect(asked(EMPTY_WORLD, 0)).toEqual([]);
  });

  test('that was never promoted is nothing', () => {
    expect(asked(other(EMPTY_WORLD), 0, null)).toEqual([{ type: 'retire', slot: 'green' }]);
  });
});

describe('from any state', () => {
  const view = fc.record({
    revision: fc.constantFrom(null, 'new', 'old'),
    wanted: fc.nat(3),
    healthy: fc.nat(2),
    draining: fc.boolean(),
  });
  const weights = fc.option(fc.nat(100).map((green) => ({ blue: 100 - green, green })));
  const worlds = fc.record({ blue: view, green: view, weights }).map((drawn) => {
    let world: World = { ...EMPTY_WORLD, weights: drawn.weights };
    for (const slot of ['blue', 'green'] as const) {
      const { revision, wanted, healthy, draining } = drawn[slot];
      const held =
        revision === null
          ? {}
          : { revision, wanted, running: wanted, healthy: Math.min(healthy, wanted), draining };
      world = withSlot(world, slot, held);
    }
    return world;
  });
  /** Whether stable could not be put where it belongs without stopping another revision that serves. */
  const blocked = ({ slots, weights: shown }: World): boolean =>
    slots.blue.revision === 'old' && (shown?.blue ?? 0) > 0;

  test('the service comes to rest with all traffic on stable and the other slot empty', () => {
    fc.assert(
      fc.property(worlds, (start) => {
        fc.pre(!blocked(start));
        let world = start;
        for (let turn = 0; turn < 12; turn++) {
          for (const effect of asked(world)) world = carryOut(world, effect, AT_ONCE);
          for (const slot of ['blue', 'green'] as const) {
            const { draining, wanted } = world.slots[slot];
            world = draining
              ? withSlot(world, slot, { revision: null, draining: false, wanted: 0, healthy: 0 })
              : withSlot(world, slot, { healthy: wanted });
          }
        }
        expect(asked(world)).toEqual([]);
        expect(world.weights).toEqual({ blue: 100, green: 0 });
        expect(world.slots.blue).toMatchObject({ revision: 'new', wanted: 2, healthy: 2 });
        expect(world.slots.green.revision).toBeNull();
      }),
      { seed: 11, numRuns: 2000 },
    );
  });
});
