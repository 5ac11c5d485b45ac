/** Latency at a rate that a proxy can carry with ease: half of what the edge can do at most. */
import type { Ask } from './load.ts';
import { pacedLoad } from './load.ts';
import { CONNECTIONS, median } from './measure.ts';
import type { RunningProxy } from './proxies.ts';

/** Latency of one proxy at one rate; medians over the rounds. */
export interface Paced {
  readonly proxy: RunningProxy;
  /** What was asked for, and what was answered, per second. */
  readonly rate: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How late the generator itself sent, p99, ms. */
  readonly lagMs: number;
}

/**
 * Latencies of small requests at given rates, the pairs in turn, several times.
 * @param pairs which proxy at which rate
 */
export async function atRates(
  pairs: readonly { readonly proxy: RunningProxy; readonly rate: number }[],
  rounds: number,
  ask: Pick<Ask, 'seconds' | 'core'>,
): Promise<Paced[]> {
  const results = pairs.map(() => [] as Awaited<ReturnType<typeof pacedLoad>>[]);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, { proxy, rate }] of pairs.entries()) {
      const whole = { ...ask, port: proxy.port, path: '/small', connections: CONNECTIONS };
      results[index]?.push(await pacedLoad(whole, rate));
    }
  }
  return pairs.map(({ proxy, rate }, index) => {
    const own = results[index] ?? [];
    return {
      proxy,
      rate,
      perSecond: median(own.map(({ requests, seconds }) => requests / seconds)),
      p50Ms: median(own.map(({ p50Ms }) => p50Ms)),
      p99Ms: median(own.map(({ p99Ms }) => p99Ms)),
      lagMs: median(own.map(({ lagP99Ms }) => lagP99Ms)),
    };
  });
}
