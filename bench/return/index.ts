/** `bench return`: from the decision to take traffic back to the last request that still went to the bad revision. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EPOCH, SERVICE, type StartedEdge, slotOf, startEdgeWith } from '../edge/morrow.ts';
import { quantile } from '../load/analysis.ts';
import { startLoad } from '../load/start.ts';
import type { Bench } from '../types.ts';

const RATE = 1000;
/** How long weights are split before traffic is taken back, ms: at random, so that no timer of the edge is favoured. */
const SPLIT_MS = { least: 40, most: 90 };
/** After the edge has acknowledged, for a request that went astray. */
const AFTER_MS = 40;
const GOAL_MS = 10;
const RETURNS = { full: 500, quick: 150 };

/** One return, ms from the decision. */
interface Return {
  /** To the arrival of the last request at the bad revision; 0 where none came after the decision. */
  readonly lastBad: number;
  /** To the edge's acknowledgement. */
  readonly acknowledged: number;
}

export const run: Bench = async ({ quick }) => {
  const [stable, bad] = [record(), record()];
  let edge: StartedEdge | null = null;
  try {
    const [blue, green] = [slotOf('good', await stable.port), slotOf('bad', await bad.port)];
    edge = await startEdgeWith({ core: null, workers: null }, { blue, green });
    const url = `http://127.0.0.1:${edge.port}`;
    const load = await startLoad({
      url,
      rate: RATE,
      webSockets: 0,
      postShare: 0,
      largeShare: 0,
      getPath: '/load',
    });
    const returns: Return[] = [];
    const count = quick ? RETURNS.quick : RETURNS.full;
    while (returns.length < count) returns.push(await takeBack(edge, bad));
    await load.stop();
    return report(returns);
  } finally {
    await edge?.stop();
    stable.stop();
    bad.stop();
  }
};

const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

async function takeBack({ client }: StartedEdge, bad: Recorder): Promise<Return> {
  await client.putWeights(SERVICE, { epoch: EPOCH, weights: { blue: 50, green: 50 } });
  await sleep(SPLIT_MS.least + Math.random() * (SPLIT_MS.most - SPLIT_MS.least));
  const decidedMs = nowMs();
  await client.putWeights(SERVICE, { epoch: EPOCH, weights: { blue: 100, green: 0 } });
  const acknowledged = nowMs() - decidedMs;
  await sleep(AFTER_MS);
  const lastMs = await bad.lastMs();
  if (lastMs === 0)
    throw new Error('No request reached the bad revision although it had half of the traffic.');
  return { lastBad: Math.max(0, lastMs - decidedMs), acknowledged };
}

interface Recorder {
  readonly port: Promise<number>;
  lastMs(): Promise<number>;
  stop(): void;
}

function record(): Recorder {
  const child = fork(join(import.meta.dirname, 'recorder.ts'), { execArgv: [] });
  const told = (asked: ChildProcess): Promise<number> =>
    once(asked, 'message').then(([value]) => Number(value));
  return {
    port: told(child),
    lastMs: () => {
      const answer = told(child);
      child.send('last');
      return answer;
    },
    stop: () => child.kill(),
  };
}

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
