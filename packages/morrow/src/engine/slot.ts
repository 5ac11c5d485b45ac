/** A colour: one of the two places on a platform that can hold a revision. Not a role: either may be stable. */
export type Slot = 'blue' | 'green';

/** Both slots, in a fixed order. */
export const SLOTS: readonly Slot[] = ['blue', 'green'];

/** The slot that is not `slot`. */
export const otherSlot = (slot: Slot): Slot => (slot === 'blue' ? 'green' : 'blue');

/** Share of the traffic per slot, in per cent (0–100, whole numbers); the two add up to exactly 100. */
export type Weights = Readonly<Record<Slot, number>>;

/** Weights that give `slot` `pct` per cent and the other slot the rest. */
export const weightsOf = (slot: Slot, pct: number): Weights =>
  slot === 'blue' ? { blue: pct, green: 100 - pct } : { blue: 100 - pct, green: pct };

/** Whether two weights (or their absence) are the same. */
export const sameWeights = (a: Weights | null, b: Weights | null): boolean =>
  a === b || (a !== null && b !== null && a.blue === b.blue && a.green === b.green);
