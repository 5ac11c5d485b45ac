import { analyse } from '../bench/load/analysis.ts';
import { isRequest, type LoadRecord } from '../bench/load/records.ts';

/** What the demo needs of `morrow history show ROLLOUT --json`. */
export interface EndedRollout {
  readonly id: string;
  readonly candidate: { readonly revision: { readonly id: string } };
  readonly outcome: { readonly phase: string; readonly decidedAtMs: number | null } | null;
}

/** The demo's figures: all of them out of the load generator's own log but the moment of the decision. */
export interface Figures {
  readonly requests: number;
  readonly failedByShipping: number;
  readonly failedByBadRevision: number;
  readonly servedByBadRevision: number;
  /** From the first failure that a user saw to the decision to go back, s; null where it was never taken. */
  readonly detectedS: number | null;
  /** From that decision to the last request that the bad revision answered, ms; 0 where that came before. */
  readonly returnedMs: number | null;
  /** What made the failures by shipping, for a look at them. */
  readonly examples: readonly string[];
}

/** @param bad the rollout of the bad revision */
export function figures(records: readonly LoadRecord[], bad: EndedRollout): Figures {
  const id = bad.candidate.revision.id;
  const all = analyse(records, new Set([id]));
  const seen = all.revisions[id];
  const decidedAtMs = bad.outcome?.decidedAtMs ?? null;
  const firstFailureAt = seen?.firstFailureAt ?? null;
  const last = lastStart(records, id);
  return {
    requests: all.requests,
    failedByShipping: all.failedByShipping,
    failedByBadRevision: all.failedByBadRevision,
    servedByBadRevision: seen?.requests ?? 0,
    detectedS: decidedAtMs === null || firstFailureAt === null ? null : (decidedAtMs - firstFailureAt) / 1000,
    returnedMs: decidedAtMs === null || last === null ? null : Math.max(0, last - decidedAtMs),
    examples: all.shippingFailures.slice(0, 5).map((record) => JSON.stringify(record)),
  };
}

/** When the last request that a revision answered was sent. */
function lastStart(records: readonly LoadRecord[], revision: string): number | null {
  let last: number | null = null;
  for (const record of records) {
    if (isRequest(record) && record.revision === revision && (last === null || record.at > last))
      last = record.at;
  }
  return last;
}

/** The demo's last line. */
export function lastLine(of: Figures): string {
  const detected = of.detectedS === null ? 'never detected' : `detected in ${of.detectedS.toFixed(1)} s`;
  const returned = of.returnedMs === null ? 'never returned' : `returned in ${of.returnedMs.toFixed(0)} ms`;
  return `demo: ${of.requests} requests, ${of.failedByShipping} failed by shipping, ${of.failedByBadRevision} failed by the bad revision, ${detected}, ${returned}`;
}
