/** Stopping an environment: services, agent and edge, and being sure that they are gone. */
import { MorrowError } from '../errors.ts';
import type { EnvironmentPaths } from '../paths.ts';
import { agentClient } from './agent-client.ts';
import { agentStatus, bringUp, DEFAULT_MARKER, edgeState, readMarker, removeMarker } from './background.ts';
import type { Programs } from './pieces.ts';
import { request, Unreachable } from './unix-http.ts';
import { wait } from './wait.ts';

/** Drains and grace periods of every service have to fit into this, ms; the agent itself takes 90 s at most. */
const STOP_MS = 120_000;
/** The edge ends by the agent's word; where it has not after this long it is told directly, ms. */
const EDGE_MS = 5_000;
/** For processes that have said goodbye to be gone, ms. */
const END_MS = 3_000;
const POLL_MS = 50;
const TELL_MS = 5_000;

/**
 * Stops everything; what is down already stays so.
 * @param say called with progress
 * @returns whether there was anything to stop
 * @throws MorrowError `AGENT_GONE` when something still runs at the end of the time allowed
 */
export async function takeDown(
  paths: EnvironmentPaths,
  programs: Programs,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const marker = readMarker(paths);
  const [agent, edge] = [await agentStatus(paths, signal), await edgeState(paths, signal)];
  if (!marker && !agent && !edge) return false;
  if (!agent) {
    // Services outlive their agent, and only an agent knows how to stop them.
    say('The agent does not run; starting it so that it can stop the services.');
    await bringUp(paths, marker ?? DEFAULT_MARKER, programs, signal);
  }
  const pids = await pidsOf(paths, signal);
  try {
    await agentClient(paths, signal).shutdown({ everything: true });
  } catch (error) {
    if (!(error instanceof Unreachable) || error.kind === 'denied') throw error;
  }
  await untilGone(paths, say, signal);
  await untilEnded(pids, signal);
  removeMarker(paths);
  return true;
}

async function pidsOf(paths: EnvironmentPaths, signal: AbortSignal): Promise<number[]> {
  const [agent, edge] = [await agentStatus(paths, signal), await edgeState(paths, signal)];
  return [agent?.agent.pid, edge?.pid, ...(edge?.workers ?? [])].filter((pid) => pid !== undefined);
}

/** A process that answers no more may still be ending; whoever looks after `down` shall find nothing. */
async function untilEnded(pids: readonly number[], signal: AbortSignal): Promise<void> {
  const limit = performance.now() + END_MS;
  while (pids.some(isThere) && performance.now() < limit) await wait(POLL_MS, signal);
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function untilGone(
  paths: EnvironmentPaths,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const begin = performance.now();
  let agentGoneAt: number | null = null;
  let told = begin;
  let edgeTold = false;
  for (;;) {
    const agent = await agentStatus(paths, signal);
    const edge = await edgeState(paths, signal);
    const now = performance.now();
    if (!agent && !edge) return;
    agentGoneAt = agent ? null : (agentGoneAt ?? now);
    if (edge && agentGoneAt !== null && now - agentGoneAt > EDGE_MS && !edgeTold) {
      edgeTold = true;
      await stopEdge(paths, edge.epoch, signal);
    }
    if (now - begin > STOP_MS) {
      const still = [agent ? `agent (pid ${agent.agent.pid})` : '', edge ? `edge (pid ${edge.pid})` : ''];
      throw new MorrowError(
        'AGENT_GONE',
        `Still running after ${STOP_MS / 1000} s: ${still.filter(Boolean).join(' and ')}.`,
        {
          hint: `Run \`morrow down ${paths.environment}\` again; \`morrow agent logs ${paths.environment}\` says what it does.`,
        },
      );
    }
    if (now - told > TELL_MS) {
      told = now;
      say(
        agent
          ? 'Still stopping the services (they may finish what they are doing) …'
          : 'Still stopping the edge …',
      );
    }
    await wait(POLL_MS, signal);
  }
}

async function stopEdge(paths: EnvironmentPaths, epoch: number, signal: AbortSignal): Promise<void> {
  const message = {
    socketPath: paths.edgeSocket,
    method: 'POST',
    path: '/v1/shutdown',
    timeoutMs: 5_000,
    signal,
  } as const;
  await request({ ...message, body: { epoch } }).catch((error: unknown) => {
    if (!(error instanceof Unreachable)) throw error;
  });
}
