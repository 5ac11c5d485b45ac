/** The edge's counts in the engine's terms: pure. */
import type { EdgeBlock, EdgeSlotCounts, LatencyCounts } from '../../edge/api.ts';
import { lowerBoundUs, upperBoundUs } from '../../edge/histogram.ts';
import type { Block, Counts } from '../../engine/types.ts';

/**
 * One block as the engine wants it.
 * @param boundsMs upper bounds of the latency buckets, ms, rising
 * @returns null where nothing was routed while it was counted
 */
export function toBlock(block: EdgeBlock, boundsMs: readonly number[]): Block | null {
  const { seq, fromMs, toMs, weights, slots } = block;
  if (weights === null) return null;
  const counts = (slot: EdgeSlotCounts | null): Counts | null =>
    slot === null ? null : toCounts(slot, boundsMs);
  return {
    seq,
    fromMs,
    toMs,
    weights,
    boundsMs,
    slots: { blue: counts(slots.blue), green: counts(slots.green) },
  };
}

/** Every attempt is a trial of the revision, as every attempt's failure is its error: a retry hides no fault. */
function toCounts(slot: EdgeSlotCounts, boundsMs: readonly number[]): Counts {
  return {
    requests: slot.requests + slot.retries,
    errors: slot.errors,
    latency: toBuckets(slot.latency, boundsMs),
    waiting: toBuckets(slot.waiting, boundsMs),
  };
}

/**
 * Counts latencies into buckets: one more than there are bounds; bucket i holds what is at most `boundsMs[i]`.
 * Each latency stands for the middle of the edge's own narrow bucket, so a bound is off by 0.8 % at most.
 */
export function toBuckets(latency: LatencyCounts, boundsMs: readonly number[]): readonly number[] {
  const buckets = new Array<number>(boundsMs.length + 1).fill(0);
  let index = 0;
  for (const [bucket, count] of latency) {
    const middleMs = (lowerBoundUs(bucket) + upperBoundUs(bucket)) / 2 / 1000;
    while (index < boundsMs.length && middleMs > (boundsMs[index] ?? 0)) index += 1;
    buckets[index] = (buckets[index] ?? 0) + count;
  }
  return buckets;
}
