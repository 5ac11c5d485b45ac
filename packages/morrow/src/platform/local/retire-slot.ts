/** Empties a slot: the edge drains it, then its targets are stopped. Each call goes as far as it can now. */
import type { EdgeState } from '../../edge/api.ts';
import { SLOTS, type Slot } from '../../engine/slot.ts';
import type { LocalContext } from './context.ts';
import { shownIn, weightOf } from './edge-service.ts';
import { freshSlot, type SlotState, withSlot } from './service-state.ts';
import { stopTarget } from './stopping.ts';
import { targetsOf } from './targets.ts';

/** What a drain may take beyond its limit before nobody waits for the edge any more, ms. */
const DRAIN_SLACK_MS = 1000;

/**
 * Takes every slot on its way to being empty one step further.
 * @returns whether something changed
 */
export function retireSlots(context: LocalContext, service: string, edge: EdgeState): boolean {
  let changed = false;
  for (const slot of SLOTS) {
    const held = context.states.read(service).slots[slot];
    if (held?.retiring) changed = retireSlot(context, service, slot, held, edge) || changed;
  }
  return changed;
}

function retireSlot(
  context: LocalContext,
  service: string,
  slot: Slot,
  held: SlotState,
  edge: EdgeState,
): boolean {
  const { retiring } = held;
  const save = (next: SlotState | null): void =>
    context.states.write(withSlot(context.states.read(service), slot, next));
  if (retiring === null) return false;
  if (retiring.stopping) {
    const left = targetsOf(context.layout, service)
      .list()
      .some((one) => one.slot === slot && one.ended === null);
    if (left) return stopAll(context, service, slot, held);
    save(retiring.next === null ? null : freshSlot(retiring.next.revision, retiring.next.wanted));
    context.changed(service);
    return true;
  }
  const shown = shownIn(edge, service);
  // Somebody gave it traffic by hand: what has traffic is never stopped.
  if (weightOf(shown?.service ?? null, slot) > 0) return false;
  const inEdge = shown?.service.slots[slot] ?? null;
  if (inEdge !== null && !inEdge.draining) return false;
  const since = retiring.drainingSinceMs ?? context.now();
  const limitMs = held.revision.settings.timeouts.drainMs + DRAIN_SLACK_MS;
  const drained = inEdge === null || shown?.inFlight[slot] === 0 || context.now() - since >= limitMs;
  if (drained) {
    save({ ...held, retiring: { ...retiring, drainingSinceMs: since, stopping: true } });
    stopAll(context, service, slot, held);
    return true;
  }
  if (retiring.drainingSinceMs === null) save({ ...held, retiring: { ...retiring, drainingSinceMs: since } });
  return false;
}

function stopAll(context: LocalContext, service: string, slot: Slot, held: SlotState): boolean {
  const running = targetsOf(context.layout, service)
    .list()
    .filter((one) => one.slot === slot && one.ended === null && one.stopping === null);
  for (const record of running) stopTarget(context, record, held.revision.settings.stopGraceMs, 0);
  return running.length > 0;
}
