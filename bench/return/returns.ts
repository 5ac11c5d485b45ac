/** Takes traffic back again and again, and notes how long the bad revision still got requests. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EPOCH, SERVICE, type StartedEdge, slotOf, startEdgeWith } from '../edge/morrow.ts';
import { startLoad } from '../load/start.ts';

/** Requests per second meanwhile. */
export const RATE = 1000;
/** From the first request of the bad revision until traffic is taken back, ms: at random, so that no timer of the edge is favoured. */
const SPLIT_MS = { least: 20, most: 70 };
const PATIENCE_MS = 10_000;
/** After the edge has acknowledged, for a request that went astray. */
const AFTER_MS = 40;

/** One return, ms from the decision. */
export interface Return {
  /** To the arrival of the last request at the bad revision; 0 where none came after the decision. */
  readonly lastBad: number;
  /** To the edge's acknowledgement. */
  readonly acknowledged: number;
}

/** Starts an edge in front of two revisions, under load, splits the traffic and takes it back `count` times. */
export async function measureReturns(count: number): Promise<Return[]> {
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
    while (returns.length < count) returns.push(await takeBack(edge, bad));
    await load.stop();
    return returns;
  } finally {
    await edge?.stop();
    stable.stop();
    bad.stop();
  }
}

const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

async function takeBack({ client }: StartedEdge, bad: Recorder): Promise<Return> {
  await client.putWeights(SERVICE, { epoch: EPOCH, weights: { blue: 50, green: 50 } });
  await requestAfter(nowMs(), bad);
  await sleep(SPLIT_MS.least + Math.random() * (SPLIT_MS.most - SPLIT_MS.least));
  const decidedMs = nowMs();
  await client.putWeights(SERVICE, { epoch: EPOCH, weights: { blue: 100, green: 0 } });
  const acknowledged = nowMs() - decidedMs;
  await sleep(AFTER_MS);
  return { lastBad: Math.max(0, (await bad.lastMs()) - decidedMs), acknowledged };
}

/** Waits until the bad revision has its share of the traffic. */
async function requestAfter(ms: number, bad: Recorder): Promise<void> {
  for (const end = ms + PATIENCE_MS; nowMs() < end; await sleep(5)) if ((await bad.lastMs()) > ms) return;
  throw new Error('No request reached the bad revision although it had half of the traffic.');
}

interface Recorder {
  readonly port: Promise<number>;
  lastMs(): Promise<number>;
  stop(): void;
}

function record(): Recorder {
  const child = fork(fileURLToPath(new URL('recorder.ts', import.meta.url)), { execArgv: [] });
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
