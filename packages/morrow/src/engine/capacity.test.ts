import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { carriesPct, RETURN_PATIENCE_MS, returnWeights, targetsNeeded } from './capacity.ts';

describe('capacity', () => {
  test.each([
    [5, 10, 1],
    [10, 10, 1],
    [11, 10, 2],
    [50, 3, 2],
    [95, 3, 3],
    [100, 3, 3],
    [0, 3, 0],
    [1, 100, 1],
    [7, 100, 7],
    [29, 100, 29],
  ])('%i %% of a service of %i targets needs %i', (pct, full, needed) => {
    expect(targetsNeeded(pct, full)).toBe(needed);
  });

  test('what so many targets carry needs no more than they are, and one per cent more would', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.integer({ min: 1, max: 50 }), (healthy, full) => {
        const pct = carriesPct(healthy, full);
        expect(targetsNeeded(pct, full)).toBeLessThanOrEqual(healthy);
        if (pct < 100) expect(targetsNeeded(pct + 1, full)).toBeGreaterThan(healthy);
      }),
      { seed: 3 },
    );
  });
});

describe('a return of the traffic', () => {
  const base = {
    slot: 'blue',
    healthy: 2,
    full: 4,
    otherHealthy: 4,
    shown: { blue: 0, green: 100 },
    sinceMs: 0,
  } as const;

  test('goes as far as the slot carries', () => {
    expect(returnWeights(base)).toEqual({ blue: 50, green: 50 });
  });

  test('never takes away what the slot has', () => {
    expect(returnWeights({ ...base, healthy: 1, shown: { blue: 95, green: 5 } })).toEqual({
      blue: 95,
      green: 5,
    });
  });

  test('is whole after a minute, or where the other side serves nobody, or where nothing is routed', () => {
    const whole = { blue: 100, green: 0 };
    expect(returnWeights({ ...base, sinceMs: RETURN_PATIENCE_MS })).toEqual(whole);
    expect(returnWeights({ ...base, otherHealthy: 0 })).toEqual(whole);
    expect(returnWeights({ ...base, shown: null })).toEqual(whole);
  });

  test('does not go to a slot that serves nobody', () => {
    expect(returnWeights({ ...base, healthy: 0, sinceMs: RETURN_PATIENCE_MS })).toBeNull();
  });
});
