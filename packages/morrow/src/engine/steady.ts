import { returnWeights } from './capacity.ts';
import { otherSlot, SLOTS, type Slot, sameWeights } from './slot.ts';
import type { Effect, Observation, Placement, SlotView } from './types.ts';

/** A service while no rollout of it is under way. */
export interface SteadyService {
  /** What is to serve; null: nothing. */
  readonly stable: Placement | null;
  /** Targets wanted; 0: the service is stopped. */
  readonly count: number;
}

/**
 * What differs from a service that simply serves: stable at its count with all traffic, the other slot empty.
 * Traffic moves before anything is stopped, and only to a side that serves.
 */
export function steady({ stable, count }: SteadyService, observation: Observation): readonly Effect[] {
  if (stable === null || count === 0) return stopped(observation);
  return [...present(stable, count, observation), ...traffic(stable, count, observation)];
}

function stopped({ slots, weights }: Observation): readonly Effect[] {
  if (weights !== null) return [{ type: 'route', weights: null, stable: null }];
  return SLOTS.filter((slot) => mayRetire(slots[slot])).map(retire);
}

function present(
  { slot, revision }: Placement,
  count: number,
  { slots, weights }: Observation,
): readonly Effect[] {
  const view = slots[slot];
  if (view.revision === revision && !view.draining) {
    return view.wanted === count ? [] : [{ type: 'resize', slot, count }];
  }
  // What another revision serves with must not be taken away.
  const free = view.revision === null || view.revision === revision || (weights?.[slot] ?? 0) === 0;
  return free ? [{ type: 'stage', slot, revision, count }] : [];
}

function traffic({ slot, revision }: Placement, count: number, observation: Observation): readonly Effect[] {
  const { slots, weights: shown } = observation;
  const [view, other] = [slots[slot], slots[otherSlot(slot)]];
  const serves = (side: SlotView): number => (side.draining ? 0 : side.healthy);
  const healthy = view.revision === revision ? serves(view) : 0;
  const weights = returnWeights({
    slot,
    healthy,
    full: count,
    otherHealthy: serves(other),
    shown,
    sinceMs: 0,
  });
  if (weights === null) return [];
  if (!sameWeights(weights, shown)) return [{ type: 'route', weights, stable: slot }];
  return weights[slot] === 100 && mayRetire(other) ? [retire(otherSlot(slot))] : [];
}

const mayRetire = (view: SlotView): boolean => view.revision !== null && !view.draining;

const retire = (slot: Slot): Effect => ({ type: 'retire', slot });
