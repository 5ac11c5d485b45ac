/** From what was measured to a table, figures by name, and what the reader must know. Pure. */
import type { BenchResult } from '../types.ts';
import type { Paced } from './half-rate.ts';
import type { Cores } from './machine.ts';
import { medianRatio, medianSlice, type Slice } from './measure.ts';
import type { Memory } from './memory.ts';
import { type ProxyName, type RunningProxy, TITLES } from './proxies.ts';

type Slices = ReadonlyMap<ProxyName, readonly Slice[]>;

/** A peer that was left out, and why: `HAProxy is not on this machine`. */
export interface Missing {
  readonly name: ProxyName;
  readonly why: string;
}

/** Everything that was measured. */
export interface Findings {
  readonly cores: Cores;
  readonly versions: readonly Pick<RunningProxy, 'name' | 'version'>[];
  readonly missing: readonly Missing[];
  readonly small: Slices;
  readonly large: Slices;
  readonly paced: readonly Paced[];
  readonly memory: Memory | null;
  readonly load: 'wrk' | 'own';
}

/** What Morrow's edge is to reach, by name of the figure: at most. */
const GOALS: Readonly<Record<string, number>> = {
  cpu_ratio_caddy: 0.4,
  cpu_ratio_nginx: 1.75,
  cpu_ratio_nginx_100kb: 1,
  p99_ratio_caddy_half_rate: 1,
};

/** Builds the result. */
export function report(findings: Findings): BenchResult {
  const metrics = metricsOf(findings);
  return {
    title:
      'Proxies in front of one upstream: a browser-sized head, 32 kept connections, one worker on one core',
    rows: [...rowsOf(findings.small, 'small'), ...rowsOf(findings.large, '100 kB')],
    metrics,
    notes: [
      ...goalNotes(metrics),
      ...limitNotes(findings),
      ...pacedNotes(findings),
      ...memoryNotes(findings.memory),
      ...machineNotes(findings),
    ],
  };
}

function rowsOf(slices: Slices, body: string): BenchResult['rows'] {
  const ours = slices.get('edge') ?? [];
  return [...slices].map(([name, own]) => {
    const { cpuUs, systemUs, perSecond, p50Ms, p99Ms, busyPct } = medianSlice(own);
    return {
      body,
      proxy: TITLES[name],
      'CPU µs/request': cpuUs,
      'of it kernel': systemUs,
      'edge ÷ it': medianRatio(ours, own),
      'requests/s': Math.round(perSecond),
      'p50 ms': p50Ms,
      'p99 ms': p99Ms,
      'core used %': Math.round(busyPct),
    };
  });
}

function metricsOf(findings: Findings): Record<string, number> {
  const metrics: Record<string, number> = {};
  for (const [slices, suffix] of [
    [findings.small, ''],
    [findings.large, '_100kb'],
  ] as const) {
    const ours = slices.get('edge');
    if (ours === undefined) continue;
    const { cpuUs, perSecond, p50Ms, p99Ms } = medianSlice(ours);
    Object.assign(metrics, {
      [`cpu_us_per_request${suffix}`]: cpuUs,
      [`requests_per_s${suffix}`]: perSecond,
      [`p50_ms${suffix}`]: p50Ms,
      [`p99_ms${suffix}`]: p99Ms,
    });
    for (const [name, theirs] of slices) {
      if (name !== 'edge') metrics[`cpu_ratio_${name}${suffix}`] = medianRatio(ours, theirs);
    }
  }
  return rounded({ ...metrics, ...pacedMetrics(findings.paced), ...memoryMetrics(findings.memory) });
}

function pacedMetrics(paced: readonly Paced[]): Record<string, number> {
  const [edge, ...others] = paced;
  if (edge?.proxy.name !== 'edge') return {};
  const metrics: Record<string, number> = { half_rate_per_s: edge.rate, p99_ms_half_rate: edge.p99Ms };
  for (const { proxy, rate, p99Ms } of others) {
    if (rate === edge.rate) metrics[`p99_ratio_${proxy.name}_half_rate`] = edge.p99Ms / p99Ms;
  }
  const [ours, caddy] = atCaddysRate(paced);
  if (ours && caddy) metrics['p99_ratio_caddy_own_half_rate'] = ours.p99Ms / caddy.p99Ms;
  return metrics;
}

/** Edge and Caddy at half of what Caddy can do, where that is less than half of what the edge can do. */
function atCaddysRate(paced: readonly Paced[]): [Paced | undefined, Paced | undefined] {
  const slower = paced.filter(({ rate }) => rate !== paced[0]?.rate);
  const of = (name: ProxyName): Paced | undefined => slower.find(({ proxy }) => proxy.name === name);
  return [of('edge'), of('caddy')];
}

function memoryMetrics(memory: Memory | null): Record<string, number> {
  if (memory === null) return {};
  const { warm, afterRequests, withIdle, withIdleLater } = memory;
  return {
    ...(afterRequests === null ? {} : { rss_growth_mb_1m_requests: afterRequests - warm }),
    rss_growth_mb_5000_idle: withIdle - (afterRequests ?? warm),
    rss_growth_mb_load_beside_5000_idle: withIdleLater - withIdle,
  };
}

const rounded = (metrics: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(metrics).map(([name, value]) => [
      name,
      Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)),
    ]),
  );

function goalNotes(metrics: Readonly<Record<string, number>>): string[] {
  return Object.entries(GOALS).flatMap(([name, goal]) => {
    const value = metrics[name];
    if (value === undefined) return [];
    return [`${value <= goal ? 'Reached' : 'MISSED'}: ${name} ${value} (goal: at most ${goal}).`];
  });
}

/** Where the edge's time goes, beside nginx, whose own share is as small as anybody's. */
function limitNotes({ small, large }: Findings): string[] {
  return [['small', small] as const, ['100 kB', large] as const].flatMap(([body, slices]) => {
    const ours = slices.get('edge');
    const nginx = slices.get('nginx');
    if (ours === undefined) return [];
    const split = (of: readonly Slice[]): string => {
      const { cpuUs, systemUs } = medianSlice(of);
      return `${systemUs.toFixed(1)} µs in the kernel and ${(cpuUs - systemUs).toFixed(1)} µs in its own code`;
    };
    const beside = nginx === undefined ? '' : ` (nginx: ${split(nginx)})`;
    return [`What limits the edge, ${body} answers: a request costs ${split(ours)}${beside}.`];
  });
}

const pacedNotes = ({ paced }: Findings): string[] => [
  ...paced.map(
    ({ proxy, rate, perSecond, p50Ms, p99Ms, lagMs }) =>
      `At ${Math.round(rate)} requests/s, ${TITLES[proxy.name]}: p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms` +
      (perSecond < rate * 0.98 ? `; it could not keep that rate (${Math.round(perSecond)}/s)` : '') +
      ` (the generator itself was up to ${lagMs.toFixed(2)} ms late, p99).`,
  ),
  ...(paced.length > 0
    ? [
        'Requests fall due at even distances and latency counts from then on, so that a stall is paid for in full.',
      ]
    : []),
];

function memoryNotes(memory: Memory | null): string[] {
  if (memory === null) return [];
  const { warm, afterRequests, requests, withIdle, withIdleLater, idle, afterIdle } = memory;
  const mb = (value: number): string => `${value.toFixed(0)} MB`;
  const many = `${mb(afterRequests ?? 0)} after ${requests.toLocaleString('en-US')} requests more, `;
  return [
    `Memory of the edge (all its processes): ${mb(warm)} warm, ${afterRequests === null ? '' : many}` +
      `${mb(withIdle)} with ${idle} idle connections and load beside them, ${mb(withIdleLater)} after more of it, ` +
      `${mb(afterIdle)} when they were closed.`,
    ...(afterRequests === null ? ['The quick form leaves out the million requests.'] : []),
  ];
}

function machineNotes({ cores, versions, missing, load }: Findings): string[] {
  const names = versions.map(
    ({ name, version }) => `${TITLES[name]} ${name === 'edge' ? `(Node ${version})` : version}`,
  );
  return [
    `Compared: ${names.join(', ')}.`,
    ...missing.map(({ name, why }) => `Left out: ${TITLES[name]} ${why}.`),
    cores.proxy === null
      ? 'Nothing could be pinned to a core here: ratios are less exact.'
      : `Proxies on core ${cores.proxy}, load and upstream on core ${cores.load}; CPU from /proc/<pid>/stat, all processes of a proxy.`,
    ...(load === 'own' ? ['wrk is not here: the load came from our own generator, which costs more.'] : []),
    'Where a proxy used less than about 90 % of its core, load and upstream were the limit of its requests/s, not it.',
  ];
}
