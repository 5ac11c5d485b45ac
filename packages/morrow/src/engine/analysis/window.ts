import type { Block, Counts } from '../types.ts';

/** Buckets that a window is made of: it is exact to within one of them, and O(1) in the number of requests. */
const BUCKETS = 30;

/** What one revision did. */
export interface Tally {
  readonly requests: number;
  readonly errors: number;
  /** Requests slower than the guard's limit. */
  readonly slow: number;
}

interface Bucket {
  /** Number of the bucket since 1970. */
  readonly at: number;
  readonly candidate: Tally;
  readonly stable: Tally;
}

/** A sliding window over both revisions' counts; oldest bucket first. */
export type Window = readonly Bucket[];

export const NOTHING: Tally = { requests: 0, errors: 0, slow: 0 };

export const add = (a: Tally, b: Tally): Tally => ({
  requests: a.requests + b.requests,
  errors: a.errors + b.errors,
  slow: a.slow + b.slow,
});

/** Counts of a block as a tally; a request is slow in every bucket that begins at `limitMs` or above. */
export function tally(counts: Counts | null, boundsMs: readonly number[], limitMs: number): Tally {
  if (counts === null) return NOTHING;
  const slow = beyond(counts.latency, boundsMs, limitMs);
  return { requests: counts.requests, errors: counts.errors, slow };
}

/**
 * The requests of a block's end that have waited for an answer longer than `limitMs`: too slow already, whatever
 * becomes of them. Those that have waited less say nothing yet.
 */
export function overdue(counts: Counts | null, boundsMs: readonly number[], limitMs: number): Tally {
  const late = beyond(counts?.waiting ?? [], boundsMs, limitMs);
  return { requests: late, errors: 0, slow: late };
}

function beyond(buckets: readonly number[], boundsMs: readonly number[], limitMs: number): number {
  const first = boundsMs.findIndex((bound) => bound >= limitMs);
  return first < 0 ? 0 : buckets.slice(first + 1).reduce((sum, count) => sum + count, 0);
}

/** Puts a block's tallies where they belong in time and drops what is too old. */
export function addToWindow(
  window: Window,
  block: Block,
  windowMs: number,
  candidate: Tally,
  stable: Tally,
): Window {
  const at = Math.floor((block.toMs * BUCKETS) / windowMs);
  const newest = window.at(-1);
  // A clock set back by more than the window would hide all that comes: begin anew.
  if (newest === undefined || newest.at - at > BUCKETS) return [{ at, candidate, stable }];
  if (at > newest.at) {
    return [...window.filter((bucket) => bucket.at > at - BUCKETS), { at, candidate, stable }];
  }
  const merged = {
    at: newest.at,
    candidate: add(newest.candidate, candidate),
    stable: add(newest.stable, stable),
  };
  return [...window.slice(0, -1), merged];
}

/** What both revisions did in the whole window. */
export function total(window: Window): { readonly candidate: Tally; readonly stable: Tally } {
  let candidate = NOTHING;
  let stable = NOTHING;
  for (const bucket of window) {
    candidate = add(candidate, bucket.candidate);
    stable = add(stable, bucket.stable);
  }
  return { candidate, stable };
}
