import type { Slot, Weights } from '../../engine/slot.ts';
import type { EdgeListen } from '../api.ts';
import { type EdgeAnswer, edgeAnswer } from './edge-answer.ts';
import type { Routed } from './routes.ts';
import type { SlotState } from './slot-state.ts';

/** What the proxy knows of one service. */
export class ServiceState implements Routed {
  readonly name: string;
  listen: EdgeListen;
  weights: Weights | null = null;
  readonly slots: Record<Slot, SlotState | null> = { blue: null, green: null };

  constructor(name: string, listen: EdgeListen) {
    this.name = name;
    this.listen = listen;
  }

  /**
   * Draws a slot by weight, anew for each request and not in turn: a fault that comes every n-th time
   * must not always meet the same revision. A slot that drains or holds nothing gets none.
   */
  pickSlot(random: () => number): SlotState | EdgeAnswer {
    const { weights, slots } = this;
    if (weights === null) return edgeAnswer('NO_REVISION');
    const drawn: Slot = random() * 100 < weights.blue ? 'blue' : 'green';
    const slot = slots[drawn];
    if (slot !== null && !slot.draining) return slot;
    const other: Slot = drawn === 'blue' ? 'green' : 'blue';
    const spare = slots[other];
    if (spare !== null && !spare.draining && weights[other] > 0) return spare;
    return edgeAnswer('NO_REVISION');
  }
}
