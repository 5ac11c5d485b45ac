/** One slice of load on one proxy, and what many slices say together. */
import { type Ask, fullLoad } from './load.ts';
import { cpuOf, family } from './processes.ts';
import type { RunningProxy } from './proxies.ts';

/** Connections that the load keeps open. */
export const CONNECTIONS = 32;

/** What one slice of full load showed. */
export interface Slice {
  /** CPU time of all the proxy's processes, user and system, µs per request. */
  readonly cpuUs: number;
  /** Of that in the kernel: reading, writing and waiting for sockets. */
  readonly systemUs: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Share of one core that the proxy used, per cent: where it is below about 90 something else was the limit. */
  readonly busyPct: number;
}

/**
 * Loads a proxy as far as it goes and counts its CPU.
 * @throws Error if any request failed: figures of a proxy that fails compare with nothing
 */
export async function slice(proxy: RunningProxy, ask: Omit<Ask, 'port'>, dir: string): Promise<Slice> {
  const pids = family(proxy.pid);
  const before = cpuOf(pids);
  const { requests, seconds, p50Ms, p99Ms, errors } = await fullLoad({ ...ask, port: proxy.port }, dir);
  const after = cpuOf(pids);
  const systemMs = after.systemMs - before.systemMs;
  const usedMs = after.userMs - before.userMs + systemMs;
  if (errors > 0) throw new Error(`${errors} of ${requests} requests through ${proxy.name} failed.`);
  return {
    cpuUs: (usedMs * 1000) / requests,
    systemUs: (systemMs * 1000) / requests,
    perSecond: requests / seconds,
    p50Ms,
    p99Ms,
    busyPct: usedMs / 10 / seconds,
  };
}

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return Number.isInteger(middle) ? (at(middle - 1) + at(middle)) / 2 : at(Math.floor(middle));
}

/** Each figure's median over slices. */
export function medianSlice(slices: readonly Slice[]): Slice {
  const of = (key: keyof Slice): number => median(slices.map((one) => one[key]));
  return {
    cpuUs: of('cpuUs'),
    systemUs: of('systemUs'),
    perSecond: of('perSecond'),
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    busyPct: of('busyPct'),
  };
}

/** Median of the ratios of slices that stood next to each other: what the machine did meanwhile hits both alike. */
export const medianRatio = (ours: readonly Slice[], theirs: readonly Slice[]): number =>
  median(ours.map(({ cpuUs }, round) => cpuUs / (theirs[round]?.cpuUs ?? Number.NaN)));
