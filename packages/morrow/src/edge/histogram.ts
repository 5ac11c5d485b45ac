/**
 * Latencies in buckets that are log-linear in µs: below 64 µs each bucket is 1 µs wide, above it 64 buckets
 * per power of two, so that none is wider than 1/64 (1.6 %) of its lower bound. From 0 to 2³² µs (71 minutes);
 * longer ones go to the last bucket. Bucket numbers never change their meaning: they are stored and sent about.
 */
import type { LatencyCounts } from './api.ts';

/** Buckets per power of two, as a shift. */
const SHIFT = 6;
const LARGEST_US = 2 ** 32 - 1;

/** The bucket of a latency in µs (fractions are cut off; negative counts as 0). */
export function bucketOf(us: number): number {
  const whole = us > LARGEST_US ? LARGEST_US : us > 0 ? us >>> 0 : 0;
  if (whole < 1 << SHIFT) return whole;
  const octave = 31 - Math.clz32(whole) - SHIFT;
  return (octave << SHIFT) + (whole >>> octave);
}

/** How many buckets there are; numbers go from 0 to one less. */
export const BUCKETS = bucketOf(LARGEST_US) + 1;

/** Smallest latency in µs that belongs to the bucket. */
export function lowerBoundUs(bucket: number): number {
  if (bucket < 2 << SHIFT) return bucket;
  const octave = (bucket >> SHIFT) - 1;
  return (bucket - (octave << SHIFT)) * 2 ** octave;
}

/** Smallest latency in µs that is above the bucket. */
export const upperBoundUs = (bucket: number): number => lowerBoundUs(bucket + 1);

/** Counts latencies; one per slot, cheap to add to. */
export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS);

  /** Adds one latency, in µs. */
  record(us: number): void {
    const bucket = bucketOf(us);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
  }

  /** All counts since the last `take`, which are then forgotten. */
  take(): LatencyCounts {
    const counts: [number, number][] = [];
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const count = this.#counts[bucket] ?? 0;
      if (count > 0) counts.push([bucket, count]);
    }
    if (counts.length > 0) this.#counts.fill(0);
    return counts;
  }
}

/** How many latencies were counted. */
export function totalCount(counts: LatencyCounts): number {
  let total = 0;
  for (const [, count] of counts) total += count;
  return total;
}

/**
 * How many latencies were above `us`. Exact where `us` is a bucket's lower bound; else those in the bucket of `us`
 * count as not above, so the answer may be too low by that bucket.
 */
export function countAbove(counts: LatencyCounts, us: number): number {
  const limit = bucketOf(us);
  let above = 0;
  for (const [bucket, count] of counts) if (bucket > limit) above += count;
  return above;
}

/**
 * The latency in µs that the share `quantile` (0 to 1) of the latencies does not exceed: the upper bound of its
 * bucket, so at most 1.6 % (or 1 µs) too high. Null where nothing was counted.
 */
export function quantileUs(counts: LatencyCounts, quantile: number): number | null {
  const total = totalCount(counts);
  if (total === 0) return null;
  const rank = Math.max(1, Math.ceil(quantile * total));
  let seen = 0;
  for (const [bucket, count] of counts) {
    seen += count;
    if (seen >= rank) return upperBoundUs(bucket);
  }
  return null;
}

/** The counts of both together; each must have rising bucket numbers, and so has the outcome. */
export function mergeLatency(a: LatencyCounts, b: LatencyCounts): LatencyCounts {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const merged: [number, number][] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const [bucketA, countA] = a[i] ?? [Number.POSITIVE_INFINITY, 0];
    const [bucketB, countB] = b[j] ?? [Number.POSITIVE_INFINITY, 0];
    const bucket = Math.min(bucketA, bucketB);
    merged.push([bucket, (bucketA === bucket ? countA : 0) + (bucketB === bucket ? countB : 0)]);
    if (bucketA === bucket) i++;
    if (bucketB === bucket) j++;
  }
  return merged;
}
