import { describe, expect, test } from 'vitest';
import type { EdgeBlock, EdgeSlotCounts } from '../../edge/api.ts';
import { bucketOf } from '../../edge/histogram.ts';
import { toBlock, toBuckets } from './blocks.ts';

const counts = (over: Partial<EdgeSlotCounts> = {}): EdgeSlotCounts => ({
  revision: 'r1',
  requests: 10,
  status: [0, 8, 0, 0, 2],
  resets: 0,
  timeouts: 0,
  clientAborts: 0,
  retries: 0,
  errors: 2,
  bytesIn: 1,
  bytesOut: 1,
  latency: [],
  waiting: [],
  ...over,
});
const block = (over: Partial<EdgeBlock> = {}): EdgeBlock => ({
  seq: 7,
  fromMs: 1000,
  toMs: 2000,
  weights: { blue: 95, green: 5 },
  slots: { blue: counts(), green: null },
  ...over,
});

describe('a block of the edge', () => {
  test('becomes one of the engine', () => {
    const latency = [
      [bucketOf(400), 3],
      [bucketOf(5000), 7],
    ] as const;
    expect(
      toBlock(
        block({ slots: { blue: counts({ latency, waiting: [[bucketOf(20_000), 4]] }), green: null } }),
        [1, 10],
      ),
    ).toEqual({
      seq: 7,
      fromMs: 1000,
      toMs: 2000,
      weights: { blue: 95, green: 5 },
      boundsMs: [1, 10],
      slots: { blue: { requests: 10, errors: 2, latency: [3, 7, 0], waiting: [0, 0, 4] }, green: null },
    });
  });

  test('is left out where nothing was routed', () => {
    expect(toBlock(block({ weights: null }), [1])).toBeNull();
  });

  test('counts a retried attempt as a trial too, so that errors are never more than trials', () => {
    const slots = { blue: counts({ requests: 1, retries: 2, errors: 3 }), green: null };
    expect(toBlock(block({ slots }), [1])?.slots.blue).toMatchObject({ requests: 3, errors: 3 });
  });
});

describe('latencies', () => {
  test('are counted into the bucket of the first bound that they do not exceed', () => {
    const latency = [100, 900, 1500, 9000, 50_000].map((us) => [bucketOf(us), 1] as const);
    expect(toBuckets(latency, [1, 10])).toEqual([2, 2, 1]);
    expect(toBuckets(latency, [])).toEqual([5]);
    expect(toBuckets([], [1, 10])).toEqual([0, 0, 0]);
  });

  test('lose nobody, and are off by less than one per cent at a bound', () => {
    for (let us = 1; us < 4_000_000; us = Math.ceil(us * 1.07)) {
      const boundsMs = [us / 1000];
      const below = toBuckets([[bucketOf(us * 0.99), 1]], boundsMs);
      const above = toBuckets([[bucketOf(us * 1.01 + 1), 1]], boundsMs);
      expect(below, `${us} µs, just below`).toEqual([1, 0]);
      expect(above, `${us} µs, just above`).toEqual([0, 1]);
    }
  });
});
