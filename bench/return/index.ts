/** `bench return`: from the decision to take traffic back to the last request that still went to the bad revision. */
import { busyNotes } from '../edge/machine.ts';
import { quantile } from '../load/analysis.ts';
import type { Bench } from '../types.ts';
import { measureReturns, RATE, type Return } from './returns.ts';

const GOAL_MS = 10;
const RETURNS = { full: 500, quick: 150 };

export const run: Bench = async ({ quick }) => {
  const busy = busyNotes();
  const { notes, ...result } = report(await measureReturns(quick ? RETURNS.quick : RETURNS.full));
  return { ...result, notes: [...notes, ...busy] };
};

function report(returns: readonly Return[]): Awaited<ReturnType<Bench>> {
  const rows = [
    rowOf(
      'last request that reached the bad revision',
      returns.map(({ lastBad }) => lastBad),
    ),
    rowOf(
      'acknowledgement: every worker serves by it',
      returns.map(({ acknowledged }) => acknowledged),
    ),
  ];
  const p99 = rows[0]?.['p99 ms'] ?? Number.NaN;
  const hit = returns.filter(({ lastBad }) => lastBad > 0).length;
  return {
    title: `From the decision to take traffic back, ${returns.length} times at 50 to 50 and ${RATE} requests/s`,
    rows,
    metrics: {
      decision_to_last_bad_request_ms_p50: rows[0]?.['p50 ms'] ?? Number.NaN,
      decision_to_last_bad_request_ms_p99: p99,
      decision_to_acknowledgement_ms_p99: rows[1]?.['p99 ms'] ?? Number.NaN,
    },
    notes: [
      `${p99 <= GOAL_MS ? 'Reached' : 'MISSED'}: decision_to_last_bad_request_ms_p99 ${p99} (goal: at most ${GOAL_MS}, on an idle machine).`,
      `In ${hit} of ${returns.length} returns a request still reached the bad revision after the decision; the others count as 0.`,
      'The decision is the moment before the call to the edge; the bad revision itself notes when requests arrive, by the same clock.',
    ],
  };
}

function rowOf(
  what: string,
  values: readonly number[],
): { [name: string]: string | number; 'p50 ms': number; 'p99 ms': number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (q: number): number => Number((quantile(sorted, q) ?? Number.NaN).toFixed(3));
  return {
    'from the decision to': what,
    'p50 ms': at(0.5),
    'p90 ms': at(0.9),
    'p99 ms': at(0.99),
    'max ms': at(1),
  };
}
