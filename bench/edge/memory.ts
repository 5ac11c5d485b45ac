/** Whether a proxy's memory stays where it is: over many requests, and with many connections that do nothing. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { browserHead } from './head.ts';
import { fullLoad } from './load.ts';
import { CONNECTIONS } from './measure.ts';
import { family, rssMb } from './processes.ts';
import type { RunningProxy } from './proxies.ts';

/** Resident memory of all a proxy's processes, MB. */
export interface Memory {
  /** After it had warmed up. */
  readonly warm: number;
  /** After so many requests more; null where there was no time for that. */
  readonly afterRequests: number | null;
  readonly requests: number;
  /** With idle connections once load has run beside them, and after more such load. */
  readonly withIdle: number;
  readonly withIdleLater: number;
  readonly idle: number;
  /** After they were closed. */
  readonly afterIdle: number;
}

const SETTLE_MS = 500;
const OPEN_AT_ONCE = 100;

/** How much to ask of the proxy. */
export interface MemoryPlan {
  readonly requests: number;
  readonly idle: number;
  readonly core: number | null;
  /** What the proxy can do, requests per second: says how long the load must last. */
  readonly perSecond: number;
}

/** Measures a proxy's memory; it must have served some load before. */
export async function memoryOf(proxy: RunningProxy, plan: MemoryPlan, dir: string): Promise<Memory> {
  const pids = family(proxy.pid);
  const ask = { port: proxy.port, path: '/small', connections: CONNECTIONS, core: plan.core };
  const load = async (requests: number): Promise<number> => {
    let done = 0;
    while (done < requests) {
      const seconds = Math.ceil((requests - done) / plan.perSecond);
      done += (await fullLoad({ ...ask, seconds }, dir)).requests;
    }
    await sleep(SETTLE_MS);
    return done;
  };
  await sleep(SETTLE_MS);
  const warm = rssMb(pids);
  const requests = plan.requests > 0 ? await load(plan.requests) : 0;
  const afterRequests = requests > 0 ? rssMb(pids) : null;
  const idle = await openIdle(proxy.port, plan.idle);
  await load(plan.perSecond / 2);
  const withIdle = rssMb(pids);
  await load(plan.perSecond);
  const alive = idle.filter((socket) => socket.readyState === 'open').length;
  if (alive < plan.idle) throw new Error(`${proxy.name} closed ${plan.idle - alive} idle connections.`);
  const withIdleLater = rssMb(pids);
  for (const socket of idle) socket.destroy();
  await sleep(SETTLE_MS);
  return { warm, afterRequests, requests, withIdle, withIdleLater, idle: plan.idle, afterIdle: rssMb(pids) };
}

/** Connections that have had one answer each and now keep still. */
async function openIdle(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(OPEN_AT_ONCE, count - sockets.length) }, () => openOne(port));
    sockets.push(...(await Promise.all(batch)));
  }
  return sockets;
}

function openOne(port: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect(port, '127.0.0.1', () => socket.write(browserHead('/small')));
  socket.once('data', () => resolve(socket));
  socket.on('error', reject);
  return promise;
}
