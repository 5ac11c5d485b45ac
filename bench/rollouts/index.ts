import type { BenchOptions, BenchResult } from '../types.ts';
import { deployTimes } from './deploy-time.ts';
import { shipUnderLoad } from './under-load.ts';

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** What shipping costs users, and how long it takes beyond what the service itself needs. */
export async function run({ quick }: BenchOptions): Promise<BenchResult> {
  const times = await deployTimes(quick ? 1 : 5);
  const deployMs = median(times.map((time) => time.deployMs));
  const ownStartMs = median(times.map((time) => time.ownStartMs));
  const rollouts = quick ? 10 : 50;
  const seen = await shipUnderLoad(rollouts, quick ? '100ms' : '300ms');
  return {
    title:
      'Rollouts 5 % → 50 % → 100 % under 500 requests/s (new and kept connections, POSTs, 100 kB answers, 20 WebSockets)',
    rows: [
      {
        rollouts,
        requests: seen.requests,
        'failed by shipping': seen.failedByShipping,
        'WebSocket messages': seen.webSockets.messages,
        'told to reconnect': seen.webSockets.drained,
        'p99 ms': round(seen.p99Ms),
        'deploy ms': round(deployMs),
        'own start ms': round(ownStartMs),
        ratio: round(deployMs / ownStartMs),
      },
    ],
    metrics: {
      rollouts,
      requests: seen.requests,
      failed_by_shipping: seen.failedByShipping,
      deploy_ratio_limit: round(deployMs / ownStartMs),
    },
    notes: [
      'deploy: one step, no bake, a service that needs 2 s to listen; from the command to its end. The earlier revision drains after that.',
      ...seen.shippingFailures.slice(0, 5).map((failure) => `failed by shipping: ${JSON.stringify(failure)}`),
    ],
  };
}

const round = (value: number | null): number => (value === null ? Number.NaN : Math.round(value * 100) / 100);
