import { expect, test } from 'vitest';
import { median, medianRatio, type Slice } from './measure.ts';
import type { ProxyName, RunningProxy } from './proxies.ts';
import { type Findings, report } from './report.ts';

const slice = (cpuUs: number, given: Partial<Slice> = {}): Slice => ({
  cpuUs,
  systemUs: cpuUs / 2,
  perSecond: 1e6 / cpuUs,
  p50Ms: 1,
  p99Ms: 2,
  busyPct: 100,
  ...given,
});

const slices = (of: Partial<Record<ProxyName, number[]>>): Map<ProxyName, Slice[]> =>
  new Map(Object.entries(of).map(([name, costs]) => [name as ProxyName, costs.map((cost) => slice(cost))]));

const proxy = (name: ProxyName): RunningProxy => ({
  name,
  version: '1.0',
  port: 1,
  pid: 1,
  stop: async () => {},
});

const findings = (given: Partial<Findings> = {}): Findings => ({
  cores: { proxy: 1, load: 0 },
  versions: [],
  missing: [],
  small: slices({ edge: [20, 22, 90], nginx: [10, 11, 45], caddy: [100, 100, 100] }),
  large: slices({ edge: [80], nginx: [40] }),
  paced: [],
  memory: null,
  load: 'wrk',
  ...given,
});

test('the median of an even number of values is the mean of the middle two', () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([10, 9])]).toEqual([2, 2.5, 9.5]);
});

test('ratios are taken round by round, so that a round on a busy machine does not bend them', () => {
  expect(medianRatio([slice(20), slice(200)], [slice(10), slice(100)])).toBe(2);
});

test('each peer has its ratio by name for both bodies', () => {
  const { metrics } = report(findings());
  expect(metrics).toMatchObject({
    cpu_us_per_request: 22,
    cpu_ratio_nginx: 2,
    cpu_ratio_caddy: 0.22,
    cpu_us_per_request_100kb: 80,
    cpu_ratio_nginx_100kb: 2,
  });
});

test('a peer that is not there has no ratio, and is named', () => {
  const { metrics, notes } = report(
    findings({ missing: [{ name: 'haproxy', why: 'is not on this machine' }] }),
  );
  expect(metrics).not.toHaveProperty('cpu_ratio_haproxy');
  expect(notes).toContain('Left out: HAProxy is not on this machine.');
});

test('goals are compared with what was measured', () => {
  const { notes } = report(findings());
  expect(notes).toContain('Reached: cpu_ratio_caddy 0.22 (goal: at most 0.4).');
  expect(notes).toContain('MISSED: cpu_ratio_nginx 2 (goal: at most 1.75).');
});

test('latency at half rate is compared at the same rate, and a proxy that cannot keep it is named', () => {
  const base = { p50Ms: 1, lagMs: 0.1 };
  const { metrics, notes } = report(
    findings({
      paced: [
        { ...base, proxy: proxy('edge'), rate: 20_000, perSecond: 20_000, p99Ms: 2 },
        { ...base, proxy: proxy('caddy'), rate: 20_000, perSecond: 10_000, p99Ms: 1000 },
        { ...base, proxy: proxy('nginx'), rate: 20_000, perSecond: 20_000, p99Ms: 1 },
        { ...base, proxy: proxy('caddy'), rate: 5000, perSecond: 5000, p99Ms: 4 },
        { ...base, proxy: proxy('edge'), rate: 5000, perSecond: 5000, p99Ms: 1 },
      ],
    }),
  );
  expect(metrics).toMatchObject({
    half_rate_per_s: 20_000,
    p99_ratio_caddy_half_rate: 0.002,
    p99_ratio_nginx_half_rate: 2,
    p99_ratio_caddy_own_half_rate: 0.25,
  });
  expect(notes.join('\n')).toContain(
    'Caddy: p50 1.00 ms, p99 1000.00 ms; it could not keep that rate (10000/s)',
  );
});

test('growth of memory is counted from the warm proxy, and the million requests only where they were sent', () => {
  const memory = { warm: 200, withIdle: 240, withIdleLater: 245, idle: 5000, afterIdle: 230 };
  const full = report(findings({ memory: { ...memory, afterRequests: 205, requests: 1_000_000 } })).metrics;
  expect(full).toMatchObject({ rss_growth_mb_1m_requests: 5, rss_growth_mb_5000_idle: 35 });
  const quick = report(findings({ memory: { ...memory, afterRequests: null, requests: 0 } })).metrics;
  expect(quick).toMatchObject({ rss_growth_mb_5000_idle: 40 });
  expect(quick).not.toHaveProperty('rss_growth_mb_1m_requests');
});
