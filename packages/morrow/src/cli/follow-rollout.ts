/** Following a rollout in a command: shows it, prints how it ended, and turns that into an exit code. */
import type { RolloutView, SideView } from '../server/api.ts';
import { type Context, Interrupted } from './context.ts';
import { follow } from './follow.ts';
import { renderOutcome } from './render/outcome.ts';
import type { Session } from './session.ts';
import { viewerFor } from './viewers.ts';

export interface FollowChoice {
  /** Whether to stop where the rollout waits for a person. */
  readonly stopAtPerson: boolean;
  /** The exit code; by default the one that the agent names. */
  readonly exitCode?: (view: RolloutView) => number;
}

const FOOTER = 'Ctrl-C leaves; the rollout goes on.';

/**
 * Follows a rollout and prints its end.
 * @returns the exit code
 * @throws Interrupted after Ctrl-C, with words on how to come back
 */
export async function followRollout(
  context: Context,
  session: Session,
  id: string,
  { stopAtPerson, exitCode }: FollowChoice,
): Promise<number> {
  const { out, signal } = context;
  const { client, paths } = session;
  const viewer = viewerFor(out, FOOTER);
  try {
    const { view, trafficSinceMs } = await follow({ client, paths, id, viewer, signal, stopAtPerson });
    viewer.close();
    const code = await printEnded(context, session, view, trafficSinceMs);
    return exitCode ? exitCode(view) : code;
  } catch (error) {
    viewer.close();
    if (error instanceof Interrupted) {
      const back = `morrow watch ${paths.environment} --rollout ${id}`;
      out.say(`Left; the rollout goes on by itself. Come back: ${back}`);
    }
    throw error;
  } finally {
    viewer.close();
  }
}

/** Prints how a rollout ended (or waits) and what serves now; resolves to the exit code. */
export async function printEnded(
  { out }: Context,
  session: Session,
  view: RolloutView,
  trafficSinceMs: number | null,
): Promise<number> {
  if (out.json) {
    out.document(view);
  } else {
    const serving = await servingNow(session, view.service);
    const lastLines = await lastLinesOf(session, view);
    out.data(renderOutcome(view, { serving, trafficSinceMs, lastLines }, out.look));
  }
  return view.exitCode ?? 0;
}

/** What serves as the agent says; undefined where it does not answer. */
async function servingNow({ client }: Session, service: string): Promise<SideView | null | undefined> {
  try {
    const status = await client.status(5_000);
    return status.services.find((one) => one.service === service)?.serving;
  } catch {
    return undefined;
  }
}

/** The last lines that the candidate wrote; none where it did well, or nobody knows. */
async function lastLinesOf({ client }: Session, view: RolloutView): Promise<string[]> {
  if (view.phase === 'promoted' || !view.outcome) return [];
  const { slot, revision } = view.candidate;
  const lines: string[] = [];
  try {
    for await (const line of client.logs({ service: view.service, slot, tail: 100, follow: false })) {
      if (line.revision === revision.id) lines.push(line.line);
    }
  } catch {
    return [];
  }
  return lines;
}
