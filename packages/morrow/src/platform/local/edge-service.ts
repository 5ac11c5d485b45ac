/** What the edge shall know of a service: pure, from what is written down and what the edge shows. */
import type { ResolvedService } from '../../config/resolved.ts';
import type { EdgeHealth, EdgeService, EdgeServiceState, EdgeSlot, EdgeState } from '../../edge/api.ts';
import { SLOTS, type Slot } from '../../engine/slot.ts';
import type { ServiceState } from './service-state.ts';
import { recordsIn } from './slot-plan.ts';
import { isServing, type TargetRecord } from './targets.ts';

/** What the edge shows of one service; null: it doesn't know it. */
export const shownIn = (edge: EdgeState, service: string): EdgeServiceState | null =>
  edge.services.find((shown) => shown.service.name === service) ?? null;

/** The traffic that a slot has now, per cent. */
export const weightOf = (shown: EdgeService | null, slot: Slot): number => shown?.weights?.[slot] ?? 0;

/**
 * The service as the edge shall hold it. Weights and `stable` stay as the edge shows them: only `route` changes them.
 * Listener, timeouts and body limit are those of the revision that is stable, so that a candidate can't take the
 * port away from it; before any is stable, those last given to `ensure`. Health checks are each revision's own.
 * @returns null where nothing is known to listen with
 */
export function edgeServiceOf(
  state: ServiceState,
  records: readonly TargetRecord[],
  shown: EdgeService | null,
): EdgeService | null {
  const settings = leadingSettings(state, shown);
  if (settings === null) return null;
  const slotOf = (slot: Slot): EdgeSlot | null => edgeSlotOf(state, records, shown, slot, settings.health);
  return {
    name: state.service,
    listen: settings.listen,
    slots: { blue: slotOf('blue'), green: slotOf('green') },
    weights: shown?.weights ?? null,
    stable: shown?.stable ?? null,
    health: settings.health,
    timeouts: settings.timeouts,
    maxBodyBytes: settings.maxBodyBytes,
  };
}

function leadingSettings(state: ServiceState, shown: EdgeService | null): ResolvedService | null {
  const stable = shown?.stable ? state.slots[shown.stable] : null;
  if (stable !== null) return stable.revision.settings;
  if (state.ensured !== null) return state.ensured;
  return (
    SLOTS.map((slot) => state.slots[slot]?.revision.settings).find((found) => found !== undefined) ?? null
  );
}

function edgeSlotOf(
  state: ServiceState,
  records: readonly TargetRecord[],
  shown: EdgeService | null,
  slot: Slot,
  common: EdgeHealth,
): EdgeSlot | null {
  const held = state.slots[slot];
  // A slot that has traffic and of which nothing is known here (a lost state file) is left as it serves.
  if (held === null) return weightOf(shown, slot) > 0 ? (shown?.slots[slot] ?? null) : null;
  const { revision, retiring } = held;
  const own = revision.settings.health;
  return {
    revision: revision.id,
    targets: recordsIn(records, slot, revision.id)
      .filter(isServing)
      .map(({ id, host, port }) => ({ id, host, port })),
    draining: retiring !== null,
    ...(sameJson(own, common) ? {} : { health: own }),
  };
}

/** Whether two pieces of plain data are the same, whatever the order of their keys. */
export function sameJson(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, sorted(one)]),
  );
}
