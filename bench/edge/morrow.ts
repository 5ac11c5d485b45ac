/** Morrow's own edge as it is in production, with one worker: both slots routed at random, health checks, counts. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EdgeService, EdgeSlot } from '../../packages/morrow/src/edge/api.ts';
import { EdgeClient } from '../../packages/morrow/src/edge/client.ts';
import { freePort, pinned, removeFolder, temporaryFolder } from './machine.ts';
import { start } from './processes.ts';

/** The epoch of whoever speaks to an edge that a benchmark started. */
export const EPOCH = 1;
/** The service's name. */
export const SERVICE = 'bench';
/** Nobody plays controller here, and 30 s of silence must change no weights. */
const FAILSAFE_MS = 3_600_000;
const START_MS = 10_000;
const MAIN = join(import.meta.dirname, '../../packages/morrow/src/edge/main.ts');

/** An edge process that a benchmark started. */
export interface StartedEdge {
  readonly version: string;
  readonly port: number;
  readonly pid: number;
  readonly client: EdgeClient;
  stop(): Promise<void>;
}

/** One slot whose only target is the upstream. */
export const slotOf = (revision: string, upstreamPort: number): EdgeSlot => ({
  revision,
  targets: [{ id: revision, host: '127.0.0.1', port: upstreamPort }],
  draining: false,
});

/** Starts an edge with both slots in front of the upstream, 95 to 5. */
export async function startEdge(place: { core: number | null; upstreamPort: number }): Promise<StartedEdge> {
  const { core, upstreamPort } = place;
  return startEdgeWith(
    { core, workers: 1 },
    {
      blue: slotOf('r-blue', upstreamPort),
      green: slotOf('r-green', upstreamPort),
    },
  );
}

/**
 * Starts an edge with those slots, weights 95 to 5; resolves when all targets are healthy.
 * @param how.core the core it may use; null: any
 * @param how.workers how many; null: as many as it chooses
 */
export async function startEdgeWith(
  how: { readonly core: number | null; readonly workers: number | null },
  slots: EdgeService['slots'],
): Promise<StartedEdge> {
  const dir = temporaryFolder('edge');
  const socket = join(dir, 'edge.sock');
  const command = [process.execPath, MAIN, '--dir', dir, '--socket', socket];
  command.push('--failsafe-ms', String(FAILSAFE_MS));
  if (how.workers !== null) command.push('--workers', String(how.workers));
  const { pid, stop } = start(pinned(how.core, command));
  const client = new EdgeClient({ socketPath: socket });
  const port = await freePort();
  await until('answers on its socket', () => client.state().then(() => true));
  await client.putService(EPOCH, service(port, slots));
  await until('finds its targets healthy', async () => {
    const state = await client.state();
    return state.services.every(({ targets }) => targets.every(({ health }) => health === 'healthy'));
  });
  return {
    version: process.version.slice(1),
    port,
    pid,
    client,
    stop: async () => {
      client.close();
      await stop();
      removeFolder(dir);
    },
  };
}

const service = (port: number, slots: EdgeService['slots']): EdgeService => ({
  name: SERVICE,
  listen: { address: '127.0.0.1', port, hosts: [], pathPrefix: '/' },
  slots,
  weights: { blue: 95, green: 5 },
  stable: 'blue',
  health: { readyPath: '/health', livePath: '/health/live', intervalMs: 1000, timeoutMs: 1000, failures: 3 },
  timeouts: { connectMs: 1000, answerMs: 30_000, idleMs: 60_000, drainMs: 1000 },
  maxBodyBytes: null,
});

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  let last: unknown = null;
  for (const end = performance.now() + START_MS; performance.now() < end; await sleep(20)) {
    try {
      if (await holds()) return;
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`The edge never ${what} within ${START_MS} ms.`, { cause: last });
}
