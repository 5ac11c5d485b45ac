/** `bench edge`: what a request costs in Morrow's edge and in other proxies, on the same core, in the same run. */
import { fileURLToPath } from 'node:url';
import type { Bench, BenchOptions } from '../types.ts';
import { atRates, type Paced } from './half-rate.ts';
import {
  busyNotes,
  type Cores,
  chooseCores,
  pinned,
  removeFolder,
  temporaryFolder,
  whereIs,
} from './machine.ts';
import { CONNECTIONS, medianSlice, type Slice, slice } from './measure.ts';
import { type Memory, memoryOf } from './memory.ts';
import { type Running, start } from './processes.ts';
import { type Place, PROXY_NAMES, type ProxyName, type RunningProxy, startProxy } from './proxies.ts';
import { type Findings, type Missing, report } from './report.ts';

/** How long everything takes. Seconds are whole: wrk knows no others. */
const FULL = { rounds: 5, seconds: 3, pacedRounds: 3, pacedSeconds: 4, requests: 1_000_000, idle: 5000 };
const QUICK = { rounds: 2, seconds: 1, pacedRounds: 1, pacedSeconds: 1, requests: 0, idle: 5000 };

/** What the just-in-time compiler needs to see; the other proxies were compiled long ago. */
const WARM_REQUESTS = 15_000;
const WARM_SECONDS_AT_MOST = 3;

const UPSTREAM = fileURLToPath(new URL('upstream.ts', import.meta.url));

/** What is loaded, from where, by which plan. */
interface Course {
  readonly plan: typeof FULL;
  readonly cores: Cores;
  readonly dir: string;
  readonly proxies: readonly RunningProxy[];
}

export const run: Bench = async ({ quick }: BenchOptions) => {
  if (process.platform !== 'linux') throw new Error('This benchmark reads /proc and needs Linux.');
  const cores = chooseCores();
  const busy = busyNotes();
  const dir = temporaryFolder('edge-load');
  const started: Pick<Running, 'stop'>[] = [];
  try {
    const upstream = start(pinned(cores.load, [process.execPath, UPSTREAM]));
    started.push(upstream);
    const place = { core: cores.proxy, upstreamPort: Number(await upstream.firstLine()) };
    const proxies: RunningProxy[] = [];
    const missing: Missing[] = [];
    for (const name of PROXY_NAMES) {
      const proxy = await startIfThere(name, place);
      if ('why' in proxy) missing.push(proxy);
      else {
        proxies.push(proxy);
        started.push(proxy);
      }
    }
    const course = { plan: quick ? QUICK : FULL, cores, dir, proxies };
    const { notes, ...result } = report(await measureAll(course, missing));
    return { ...result, notes: [...notes, ...busy] };
  } finally {
    for (const one of started) await one.stop();
    removeFolder(dir);
  }
};

/** A peer that is not there, or that doesn't get on with its configuration, is left out; our own edge must run. */
async function startIfThere(name: ProxyName, place: Place): Promise<RunningProxy | Missing> {
  try {
    return (await startProxy(name, place)) ?? { name, why: 'is not on this machine' };
  } catch (error) {
    if (name === 'edge') throw error;
    return { name, why: `did not start (${(error as Error).message})` };
  }
}

async function measureAll(course: Course, missing: readonly Missing[]): Promise<Findings> {
  const { cores, proxies } = course;
  const cold = { ...course, proxies: proxies.filter(({ name }) => name === 'edge') };
  for (const path of ['/small', '/large']) await warmUp(cold, path);
  const small = await rounds(course, '/small', course.plan.rounds, course.plan.seconds);
  const large = await rounds(course, '/large', course.plan.rounds, course.plan.seconds);
  const paced = await halfRate(course, small);
  const memory = await edgeMemory(course, small);
  return {
    cores,
    versions: proxies,
    missing,
    small,
    large,
    paced,
    memory,
    load: whereIs('wrk') ? 'wrk' : 'own',
  };
}

async function warmUp(course: Course, path: string): Promise<void> {
  let requests = 0;
  for (let second = 0; second < WARM_SECONDS_AT_MOST && requests < WARM_REQUESTS; second += 1) {
    const [[first] = []] = (await rounds(course, path, 1, 1)).values();
    requests += first?.perSecond ?? 0;
  }
}

/** Every proxy in turn, again and again (A B C A B C): what disturbs the machine disturbs all of them. */
async function rounds(
  { proxies, cores, dir }: Course,
  path: string,
  count: number,
  seconds: number,
): Promise<Map<ProxyName, Slice[]>> {
  const slices = new Map<ProxyName, Slice[]>(proxies.map(({ name }) => [name, []]));
  const ask = { path, connections: CONNECTIONS, seconds, core: cores.load };
  for (let round = 0; round < count; round += 1) {
    for (const proxy of proxies) slices.get(proxy.name)?.push(await slice(proxy, ask, dir));
  }
  return slices;
}

const topRate = (small: ReadonlyMap<ProxyName, readonly Slice[]>, name: ProxyName): number =>
  medianSlice(small.get(name) ?? []).perSecond;

/** Edge, Caddy and nginx at half of the edge's top rate; Caddy also at half of its own, in case that is too much. */
function halfRate(course: Course, small: ReadonlyMap<ProxyName, readonly Slice[]>): Promise<Paced[]> {
  const { proxies, plan, cores } = course;
  const half = topRate(small, 'edge') / 2;
  const some = proxies.filter(({ name }) => name === 'edge' || name === 'caddy' || name === 'nginx');
  const pairs = some.map((proxy) => ({ proxy, rate: half }));
  const caddy = proxies.find(({ name }) => name === 'caddy');
  const edge = proxies.find(({ name }) => name === 'edge');
  const own = topRate(small, 'caddy') / 2;
  if (caddy && edge && own < half) pairs.push({ proxy: caddy, rate: own }, { proxy: edge, rate: own });
  return atRates(pairs, plan.pacedRounds, { seconds: plan.pacedSeconds, core: cores.load });
}

async function edgeMemory(
  { proxies, plan, cores, dir }: Course,
  small: ReadonlyMap<ProxyName, readonly Slice[]>,
): Promise<Memory | null> {
  const edge = proxies.find(({ name }) => name === 'edge');
  if (edge === undefined) return null;
  const perSecond = topRate(small, 'edge');
  return memoryOf(edge, { requests: plan.requests, idle: plan.idle, core: cores.load, perSecond }, dir);
}
