import type { EdgeSlotCounts } from '../api.ts';
import { mergeLatency } from '../histogram.ts';

/** Nothing has happened. */
export const noCounts = (revision: string): EdgeSlotCounts => ({
  revision,
  requests: 0,
  status: [0, 0, 0, 0, 0],
  resets: 0,
  timeouts: 0,
  clientAborts: 0,
  retries: 0,
  errors: 0,
  bytesIn: 0,
  bytesOut: 0,
  latency: [],
  waiting: [],
});

/** What two workers counted of one revision in one interval, together. */
export function addCounts(a: EdgeSlotCounts, b: EdgeSlotCounts): EdgeSlotCounts {
  const [a1, a2, a3, a4, a5] = a.status;
  const [b1, b2, b3, b4, b5] = b.status;
  return {
    revision: a.revision,
    requests: a.requests + b.requests,
    status: [a1 + b1, a2 + b2, a3 + b3, a4 + b4, a5 + b5],
    resets: a.resets + b.resets,
    timeouts: a.timeouts + b.timeouts,
    clientAborts: a.clientAborts + b.clientAborts,
    retries: a.retries + b.retries,
    errors: a.errors + b.errors,
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
    latency: mergeLatency(a.latency, b.latency),
    waiting: mergeLatency(a.waiting, b.waiting),
  };
}
