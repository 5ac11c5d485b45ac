/** Everything that must be seen of a service at one moment to say what is there. */
import type { Exit } from '../../engine/types.ts';
import type { LocalContext } from './context.ts';
import { comingExit } from './settle.ts';
import { targetsOf } from './targets.ts';
import type { Seen } from './views.ts';

/**
 * Looks at what is written down, at the edge, and then at every process, in this order: whatever the edge noticed of a
 * process that ended is seen of the process as well.
 * @returns `news`: whether something was seen that is not written down yet
 * @throws MorrowError `EDGE_UNREACHABLE`
 */
export async function look(
  context: LocalContext,
  service: string,
): Promise<Seen & { readonly news: boolean }> {
  const edge = await context.edge.state();
  const targets = targetsOf(context.layout, service);
  const records = targets.list();
  const living = new Set<string>();
  const endings = new Map<string, Exit>();
  let news = false;
  for (const record of records.filter(({ ended }) => ended === null)) {
    const vital = await context.runtime.look(targets.ref(record));
    const lives = vital.state === 'running' || vital.state === 'starting';
    if (lives) living.add(record.id);
    const exit = comingExit(context, record, 'exit' in vital ? vital.exit : null);
    if (exit !== null) endings.set(record.id, exit);
    if (!lives || record.healthyAtMs === null) news = true;
  }
  return { state: context.states.read(service), records, living, endings, edge, nowMs: context.now(), news };
}
