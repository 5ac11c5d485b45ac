/** Following a rollout until it has ended, across restarts of the agent. */
import { existsSync } from 'node:fs';
import type { EnvironmentPaths } from '../paths.ts';
import type { RolloutView } from '../server/api.ts';
import type { AgentClient } from './agent-client.ts';
import { gone } from './reach.ts';
import { Unreachable } from './unix-http.ts';
import { wait } from './wait.ts';

/** How long a follower waits for an agent that is gone, ms. */
const GIVE_UP_MS = 60_000;
const RETRY_MS = 200;

/** Shows the rollout while it is followed. */
export interface Viewer {
  /** The present state; may repeat. */
  show(view: RolloutView): void;
  /** Something to tell beside the rollout; empty: it is over. */
  notice(text: string): void;
  /** Nothing more will come. */
  close(): void;
}

export interface FollowOptions {
  readonly client: Pick<AgentClient, 'watch'>;
  readonly paths: EnvironmentPaths;
  readonly id: string;
  readonly viewer: Viewer;
  readonly signal: AbortSignal;
  /** Whether to stop where it waits for a person; else only at its end. */
  readonly stopAtPerson: boolean;
  /** How long to wait for an agent that is gone, ms; 60 s if left out. */
  readonly giveUpMs?: number;
}

export interface Followed {
  readonly view: RolloutView;
  /** When the candidate was first seen with traffic, agent's clock; null: never. */
  readonly trafficSinceMs: number | null;
}

/**
 * Follows a rollout to its end, or to where a person must decide.
 * @throws MorrowError `AGENT_GONE` when no agent answers for too long; the signal's reason once it is aborted
 */
export async function follow(options: FollowOptions): Promise<Followed> {
  const { client, paths, id, viewer, signal, stopAtPerson } = options;
  const giveUpMs = options.giveUpMs ?? GIVE_UP_MS;
  let trafficSinceMs: number | null = null;
  let lastSeen = performance.now();
  let away = false;
  for (;;) {
    try {
      for await (const view of client.watch(id)) {
        lastSeen = performance.now();
        if (away) viewer.notice('');
        away = false;
        if (trafficSinceMs === null && hasTraffic(view)) trafficSinceMs = view.nowMs;
        viewer.show(view);
        if (ended(view, stopAtPerson)) return { view, trafficSinceMs };
      }
    } catch (error) {
      if (!(error instanceof Unreachable) || error.kind === 'denied') throw error;
    }
    if (signal.aborted) throw signal.reason;
    if (!existsSync(paths.upMarker)) throw gone(`${paths.environment} was taken down meanwhile.`, paths);
    if (performance.now() - lastSeen > giveUpMs) {
      throw gone(
        `No agent of ${paths.environment} has answered for ${Math.round(giveUpMs / 1000)} s.`,
        paths,
      );
    }
    if (!away)
      viewer.notice(
        'The agent does not answer; waiting for it to be started again. Traffic is served meanwhile.',
      );
    away = true;
    await wait(RETRY_MS, signal);
  }
}

const ended = (view: RolloutView, stopAtPerson: boolean): boolean =>
  view.outcome !== null || (view.exitCode !== null && (stopAtPerson || view.exitCode !== 6));

const hasTraffic = (view: RolloutView): boolean => (view.weights?.[view.candidate.slot] ?? 0) > 0;
