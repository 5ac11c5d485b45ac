import { chmod, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { MorrowError } from '../errors.ts';
import type { Platform, PlatformLogs } from '../platform/platform.ts';
import type { Clock } from '../runner/clock.ts';
import { Controller } from '../runner/controller.ts';
import type { Store } from '../store/store.ts';
import { AgentService } from './agent-service.ts';
import type { ShutdownRequest, StatusReport } from './api.ts';
import { createApp } from './app.ts';

/** How long the services may take to drain and stop when the environment goes down, ms. */
const DOWN_LIMIT_MS = 90_000;

export interface AgentOptions {
  readonly environment: string;
  readonly socketPath: string;
  /** Unique per process, see {@link Controller}. */
  readonly owner: string;
  readonly isDead: (owner: string) => boolean;
  readonly store: Store;
  readonly platform: Platform & PlatformLogs;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly secret: (service: string, name: string) => string | null;
  readonly edge: () => Promise<StatusReport['edge']>;
  /** Called after each heartbeat that the platform has heard, with the epoch in force. */
  readonly onHeartbeat: (epoch: number) => Promise<void>;
  /** Called before an orderly end, so that nobody starts the agent again. */
  readonly beforeDown: () => Promise<void>;
  /** Ends the agent when aborted; what it steers goes on running. */
  readonly signal: AbortSignal;
}

/**
 * The agent of one environment: the controller and its API on a Unix socket (0600). Resolves when it has ended.
 * @throws MorrowError `LEASE_HELD` when an agent lives already, or `LEASE_LOST` when another has taken over
 */
export async function runAgent(options: AgentOptions): Promise<void> {
  const { environment, socketPath, store, platform, clock, log, edge } = options;
  await refuseSecondAgent(socketPath, environment);
  const controller = await Controller.start(options);
  const asked = Promise.withResolvers<ShutdownRequest>();
  options.signal.addEventListener('abort', () => asked.resolve({ everything: false }), { once: true });
  const agent = new AgentService({
    environment,
    controller,
    platform,
    store,
    clock,
    edge,
    startedAtMs: clock.now(),
  });
  const app = createApp({ agent, store, logs: platform, onShutdown: (request) => asked.resolve(request) });
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  try {
    await listen(server, socketPath);
    log(`agent of ${environment} steers with epoch ${controller.epoch} (pid ${process.pid})`);
    const ending = await Promise.race([asked.promise, controller.ended]);
    if (ending instanceof MorrowError) throw ending;
    if (ending?.everything === true) {
      await options.beforeDown();
      await controller.stopServices(DOWN_LIMIT_MS);
    } else {
      await controller.stop();
    }
    log('agent ended');
  } finally {
    server.close();
    server.closeAllConnections();
    await store.close();
  }
}

/** A socket file that a dead agent left is removed; a living agent is not disturbed. */
async function refuseSecondAgent(socketPath: string, environment: string): Promise<void> {
  const alive = await new Promise<boolean>((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
  if (alive) {
    throw new MorrowError('LEASE_HELD', `An agent of ${environment} runs already.`, {
      hint: '`morrow status` asks it.',
    });
  }
  await rm(socketPath, { force: true });
}

async function listen(server: Server, socketPath: string): Promise<void> {
  // The file appears with these rights; a chmod afterwards alone would leave a gap.
  const umask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socketPath, resolve);
    });
  } catch (error) {
    throw new MorrowError(
      'AGENT_START_FAILED',
      `The agent cannot listen on ${socketPath}: ${String((error as Error).message)}.`,
      { cause: error },
    );
  } finally {
    process.umask(umask);
  }
  await chmod(socketPath, 0o600);
}
