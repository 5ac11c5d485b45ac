import { otherSlot, type Slot, sameWeights, type Weights, weightsOf } from './slot.ts';

/** How long a return to stable waits for stable's capacity, ms; then it shifts wholly, if stable has any healthy target. */
export const RETURN_PATIENCE_MS = 60_000;

/** Targets that a side needs for its weight: ⌈weight × full count⌉. */
export const targetsNeeded = (weightPct: number, full: number): number => Math.ceil((weightPct * full) / 100);

/** The greatest weight (whole per cent) that so many healthy targets carry. */
export const carriesPct = (healthy: number, full: number): number =>
  full === 0 ? 100 : Math.min(100, Math.floor((healthy * 100) / full));

/** What a return of the traffic has to know. */
export interface Return {
  readonly slot: Slot;
  /** Healthy targets of that slot, and how many carry the full load. */
  readonly healthy: number;
  readonly full: number;
  /** Healthy targets of the slot that the traffic leaves. */
  readonly otherHealthy: number;
  readonly shown: Weights | null;
  /** How long ago the return was decided, ms. */
  readonly sinceMs: number;
}

/**
 * The weights to ask for now so that all traffic comes to `slot`: at once as far as it carries, wholly where the other
 * side serves nobody or after {@link RETURN_PATIENCE_MS}; never less than it has.
 * @returns null while it has no healthy target: moving traffic to it would help nobody
 */
export function returnWeights({ slot, healthy, full, otherHealthy, shown, sinceMs }: Return): Weights | null {
  const whole = weightsOf(slot, 100);
  if (sameWeights(shown, whole)) return whole;
  if (healthy === 0) return null;
  const otherPct = shown?.[otherSlot(slot)] ?? 0;
  if (otherPct === 0 || otherHealthy === 0 || sinceMs >= RETURN_PATIENCE_MS) return whole;
  return weightsOf(slot, Math.max(100 - otherPct, carriesPct(healthy, full)));
}
