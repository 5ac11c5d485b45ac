import { SLOTS, type Slot } from '../../engine/slot.ts';
import type { EdgeBlock, EdgeService, EdgeSlotCounts } from '../api.ts';
import { addCounts, noCounts } from './counts.ts';
import type { Interval } from './cuts.ts';

const KEPT_MS = 15 * 60_000;

/** What each slot of a service did in an interval. Counts of revisions that the slot no longer holds are left out. */
export function slotsOf(
  service: EdgeService,
  answers: Interval['answers'],
): Record<Slot, EdgeSlotCounts | null> {
  const slots: Record<Slot, EdgeSlotCounts | null> = { blue: null, green: null };
  for (const slot of SLOTS) {
    const held = service.slots[slot];
    if (!held) continue;
    let sum = noCounts(held.revision);
    for (const answer of answers) {
      for (const part of answer.counts.slots) {
        const ours =
          part.service === service.name && part.slot === slot && part.counts.revision === held.revision;
        if (ours) sum = addCounts(sum, part.counts);
      }
    }
    slots[slot] = sum;
  }
  return slots;
}

/** The blocks of the last 15 minutes, per service. */
export class Blocks {
  readonly #seqBase: number;
  readonly #byService = new Map<string, { lastSeq: number; blocks: EdgeBlock[] }>();

  /** @param seqBase the first block of a service gets the number after it */
  constructor(seqBase: number) {
    this.#seqBase = seqBase;
  }

  /** Makes a block of each service out of an interval. */
  add({ services, fromMs, toMs, answers }: Interval): void {
    for (const service of services) {
      const slots = slotsOf(service, answers);
      const counted = SLOTS.some((slot) => (slots[slot]?.requests ?? 0) + (slots[slot]?.retries ?? 0) > 0);
      // Two changes in one millisecond: there was no time in which anything could have been measured.
      if (toMs <= fromMs && !counted) continue;
      const kept = this.#byService.get(service.name) ?? { lastSeq: this.#seqBase, blocks: [] };
      kept.lastSeq += 1;
      kept.blocks.push({ seq: kept.lastSeq, fromMs, toMs, weights: service.weights, slots });
      const old = kept.blocks.findIndex((block) => block.toMs > toMs - KEPT_MS);
      if (old > 0) kept.blocks.splice(0, old);
      this.#byService.set(service.name, kept);
    }
  }

  /** Blocks of a service with a higher number than `seq`, oldest first. */
  after(service: string, seq: number): readonly EdgeBlock[] {
    return (this.#byService.get(service)?.blocks ?? []).filter((block) => block.seq > seq);
  }
}

/**
 * Where the numbers of this start's blocks begin: at the clock, in ms, since blocks are made far more slowly than
 * milliseconds pass. A clock that was set back must not make numbers fall.
 */
export const nextSeqBase = (before: number, nowMs: number): number =>
  nowMs > before ? nowMs : before + 10_000_000;
