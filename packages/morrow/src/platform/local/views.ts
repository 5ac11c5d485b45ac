/** What `observe` shows: pure, from what is written down, what lives, and what the edge sees. */
import type { EdgeServiceState, EdgeState } from '../../edge/api.ts';
import type { Slot } from '../../engine/slot.ts';
import type { Exit, Observation, SlotView } from '../../engine/types.ts';
import { shownIn } from './edge-service.ts';
import { type ServiceState, withExit } from './service-state.ts';
import { recordsIn } from './slot-plan.ts';
import { isServing, type TargetRecord } from './targets.ts';

/**
 * An edge that has just started may not have asked every target yet. For so long a target that was healthy before
 * counts as healthy unless the edge says otherwise, ms: a restart of the edge must not make revisions look dead.
 */
const EDGE_SETTLES_MS = 5000;

export interface Seen {
  readonly state: ServiceState;
  readonly records: readonly TargetRecord[];
  /** Ids of the targets whose processes live. */
  readonly living: ReadonlySet<string>;
  /** Exits that are seen and not counted yet, by target: whoever sees capacity go must see why as well. */
  readonly endings: ReadonlyMap<string, Exit>;
  readonly edge: EdgeState;
  readonly nowMs: number;
}

/** The slots, weights and failsafe of a service; probes and tasks are added by the caller. */
export function viewOf(seen: Seen): Pick<Observation, 'slots' | 'weights' | 'failsafe'> {
  const { state, edge } = seen;
  const shown = shownIn(edge, state.service);
  return {
    slots: { blue: slotView(seen, shown, 'blue'), green: slotView(seen, shown, 'green') },
    weights: shown?.service.weights ?? null,
    failsafe: edge.failsafes.some(
      ({ service, atMs }) => service === state.service && atMs > state.steeredAtMs,
    ),
  };
}

function slotView(seen: Seen, shown: EdgeServiceState | null, slot: Slot): SlotView {
  const held = seen.state.slots[slot];
  if (held === null) return emptySlot(shown, slot);
  const { revision, wanted, retiring } = held;
  const records = recordsIn(seen.records, slot, revision.id);
  const { exits, exitCount } = records.flatMap(({ id }) => seen.endings.get(id) ?? []).reduce(withExit, held);
  const serving = records.filter((record) => isServing(record) && seen.living.has(record.id));
  const health = healthOf(seen, shown, serving);
  return {
    revision: revision.id,
    wanted,
    running: serving.length,
    healthy: health.healthy,
    inFlight: shown?.inFlight[slot] ?? 0,
    draining: retiring !== null,
    exits,
    exitCount,
    problem: held.problem ?? cannotListen(shown),
    unhealthyReason: health.reason,
  };
}

/**
 * A slot of which nothing is written down is empty, even if the edge should know more (our own file was lost): it will
 * be asked for again, and the targets that still serve are found and kept.
 */
const emptySlot = (shown: EdgeServiceState | null, slot: Slot): SlotView => ({
  revision: null,
  wanted: 0,
  running: 0,
  healthy: 0,
  inFlight: shown?.inFlight[slot] ?? 0,
  draining: false,
  exits: [],
  exitCount: 0,
  problem: null,
  unhealthyReason: null,
});

function healthOf(
  { edge, nowMs }: Seen,
  shown: EdgeServiceState | null,
  serving: readonly TargetRecord[],
): { healthy: number; reason: string | null } {
  const states = new Map((shown?.targets ?? []).map((state) => [state.id, state]));
  const settling = nowMs - edge.startedAtMs < EDGE_SETTLES_MS;
  let healthy = 0;
  let reason: string | null = null;
  for (const record of serving) {
    const state = states.get(record.id);
    const presumed = state?.health === 'starting' && settling && record.healthyAtMs !== null;
    if (state?.health === 'healthy' || presumed) healthy += 1;
    else reason ??= state?.problem ?? null;
  }
  return { healthy, reason };
}

/**
 * A port that the edge can't have is the problem of a service that has never served. One that serves is not helped by
 * blaming the candidate: the edge tries again every second.
 */
function cannotListen(shown: EdgeServiceState | null): SlotView['problem'] {
  if (shown === null || shown.listenProblem === null || shown.service.stable !== null) return null;
  return { text: shown.listenProblem, lastLines: [] };
}
