import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LatencyCounts } from './api.ts';
import {
  BUCKETS,
  bucketOf,
  countAbove,
  Histogram,
  lowerBoundUs,
  mergeLatency,
  quantileUs,
  totalCount,
  upperBoundUs,
} from './histogram.ts';

const HOUR_US = 3_600_000_000;

test('every bucket holds exactly the latencies between its bounds, and none is wider than 1.6 % or 1 µs', () => {
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const lower = lowerBoundUs(bucket);
    const upper = upperBoundUs(bucket);
    expect(bucketOf(lower)).toBe(bucket);
    expect(bucketOf(upper - 1)).toBe(bucket);
    if (upper - lower > 1) expect((upper - lower) / lower).toBeLessThanOrEqual(0.016);
  }
});

test('buckets reach beyond an hour, and what is longer goes to the last', () => {
  expect(bucketOf(HOUR_US)).toBeLessThan(BUCKETS - 1);
  expect(bucketOf(HOUR_US * 100)).toBe(BUCKETS - 1);
  expect(bucketOf(-5)).toBe(0);
  expect(bucketOf(63.9)).toBe(63);
});

test('a longer latency is never in a lower bucket', () => {
  const us = fc.integer({ min: 0, max: HOUR_US });
  fc.assert(fc.property(us, us, (a, b) => bucketOf(Math.min(a, b)) <= bucketOf(Math.max(a, b))));
});

test('a quantile is at most one bucket above the true one', () => {
  const latencies = fc.array(fc.integer({ min: 0, max: 10_000_000 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(latencies, fc.double({ min: 0, max: 1, noNaN: true }), (values, quantile) => {
      const histogram = new Histogram();
      for (const value of values) histogram.record(value);
      const sorted = [...values].sort((a, b) => a - b);
      const exact = sorted[Math.max(1, Math.ceil(quantile * values.length)) - 1] ?? 0;
      const found = quantileUs(histogram.take(), quantile) ?? -1;
      expect(found).toBeGreaterThan(exact);
      expect(found).toBeLessThanOrEqual(Math.max(exact + 1, exact * 1.016 + 1));
    }),
  );
});

test('the count above a bucket bound is exact', () => {
  const histogram = new Histogram();
  for (const us of [1_000, 500_000, 512_000, 600_000, 600_000]) histogram.record(us);
  const counts = histogram.take();
  expect(countAbove(counts, 499_000)).toBe(4);
  expect(countAbove(counts, 550_000)).toBe(2);
  expect(countAbove(counts, 1_000_000)).toBe(0);
});

test('merging adds up bucket by bucket', () => {
  const a: LatencyCounts = [
    [1, 2],
    [5, 1],
  ];
  const b: LatencyCounts = [
    [1, 1],
    [3, 4],
    [9, 1],
  ];
  expect(mergeLatency(a, b)).toEqual([
    [1, 3],
    [3, 4],
    [5, 1],
    [9, 1],
  ]);
  expect(mergeLatency([], b)).toEqual(b);
  expect(totalCount(mergeLatency(a, b))).toBe(9);
});

test('taking the counts forgets them', () => {
  const histogram = new Histogram();
  histogram.record(100);
  expect(totalCount(histogram.take())).toBe(1);
  expect(histogram.take()).toEqual([]);
  expect(quantileUs([], 0.5)).toBeNull();
});
