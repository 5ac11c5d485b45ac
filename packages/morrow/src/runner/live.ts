import { SLOTS, type Slot } from '../engine/slot.ts';
import type { Block, Counts } from '../engine/types.ts';

/** How far back rates and percentiles look, ms. */
const RATE_WINDOW_MS = 10_000;
const LATENCY_WINDOW_MS = 60_000;

/** Latency bounds (ms) fine enough for percentiles that people look at; the guard's own limit is added by the caller. */
export const DISPLAY_BOUNDS_MS: readonly number[] = [
  1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 40, 50, 70, 100, 150, 200, 300, 400, 500, 700, 1000, 1500, 2000,
  3000, 5000, 10_000,
];

/** What one side of a rollout did, from measurements. */
export interface SideLive {
  readonly requests: number;
  readonly errors: number;
  /** Over the last ten seconds. */
  readonly requestsPerSecond: number;
  /** Over the last minute, ms; null without requests. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** Figures of one slot since the rollout began, with the blocks of the last minute. */
interface SideTally {
  readonly requests: number;
  readonly errors: number;
  readonly recent: readonly { readonly fromMs: number; readonly toMs: number; readonly counts: Counts }[];
  readonly boundsMs: readonly number[];
}

/** What was measured of both slots; for people only, the engine decides on its own state. */
export type Tally = Readonly<Record<Slot, SideTally>>;

const EMPTY_SIDE: SideTally = { requests: 0, errors: 0, recent: [], boundsMs: [] };

export const EMPTY_TALLY: Tally = { blue: EMPTY_SIDE, green: EMPTY_SIDE };

/** Adds blocks to a tally. */
export function addBlocks(tally: Tally, blocks: readonly Block[]): Tally {
  let next = tally;
  for (const block of blocks) {
    const sides = { ...next };
    for (const slot of SLOTS) {
      const counts = block.slots[slot];
      const side = sides[slot];
      const recent = side.recent.filter((old) => old.toMs > block.toMs - LATENCY_WINDOW_MS);
      sides[slot] =
        counts === null
          ? { ...side, recent }
          : {
              requests: side.requests + counts.requests,
              errors: side.errors + counts.errors,
              recent: [...recent, { fromMs: block.fromMs, toMs: block.toMs, counts }],
              boundsMs: block.boundsMs,
            };
    }
    next = sides;
  }
  return next;
}

/**
 * The figures of one side as people see them.
 * @param nowMs the clock that the blocks were stamped by
 */
export function sideLive(tally: Tally, slot: Slot, nowMs: number): SideLive {
  const side = tally[slot];
  let rated = 0;
  let from = nowMs;
  for (const { fromMs, toMs, counts } of side.recent) {
    if (toMs <= nowMs - RATE_WINDOW_MS) continue;
    rated += counts.requests;
    from = Math.min(from, fromMs);
  }
  const seconds = Math.max(1, (nowMs - from) / 1000);
  const latency = side.recent.map((one) => one.counts.latency);
  return {
    requests: side.requests,
    errors: side.errors,
    requestsPerSecond: Math.round((rated / seconds) * 10) / 10,
    p50Ms: quantile(latency, side.boundsMs, 0.5),
    p99Ms: quantile(latency, side.boundsMs, 0.99),
  };
}

/** Quantile by linear interpolation within its bucket, ms; beyond the last bound, that bound. Null without requests. */
function quantile(
  latencies: readonly (readonly number[])[],
  boundsMs: readonly number[],
  q: number,
): number | null {
  const counts = new Array<number>(boundsMs.length + 1).fill(0);
  let total = 0;
  for (const latency of latencies) {
    latency.forEach((count, bucket) => {
      counts[bucket] = (counts[bucket] ?? 0) + count;
      total += count;
    });
  }
  if (total === 0) return null;
  let rank = q * total;
  for (const [bucket, count] of counts.entries()) {
    if (count > 0 && rank <= count) {
      const upper = boundsMs[bucket];
      if (upper === undefined) break;
      const lower = bucket === 0 ? 0 : (boundsMs[bucket - 1] ?? 0);
      return Math.round((lower + (upper - lower) * (rank / count)) * 10) / 10;
    }
    rank -= count;
  }
  return boundsMs[boundsMs.length - 1] ?? null;
}
