import { SLOTS } from '../../engine/slot.ts';
import { Known } from '../http1/known-fields.ts';
import type { ParsedRequest } from '../http1/request-reader.ts';
import type { Entrance } from './client-connection.ts';
import { type EdgeAnswer, edgeAnswer } from './edge-answer.ts';
import { firstOf } from './request-head.ts';
import type { RouteTable } from './routes.ts';
import type { ServiceState } from './service-state.ts';
import { SlotCounter } from './slot-counter.ts';
import type { SlotState } from './slot-state.ts';

/** Routes by the revision that the request names, whatever its weight; nothing of it is counted. */
export class PreviewEntrance implements Entrance {
  readonly #services: ReadonlyMap<string, ServiceState>;
  readonly #routes: () => RouteTable<ServiceState>;
  /** Never read. */
  readonly #counter = new SlotCounter();

  constructor(services: ReadonlyMap<string, ServiceState>, routes: () => RouteTable<ServiceState>) {
    this.#services = services;
    this.#routes = routes;
  }

  route(head: ParsedRequest): SlotState | EdgeAnswer {
    const revision = firstOf(head.fields, Known.XMorrowRevision);
    if (revision === null) return edgeAnswer('REVISION_MISSING');
    const slots = this.#candidates(head)
      .flatMap((service) => SLOTS.map((slot) => service.slots[slot]))
      .filter((slot) => slot !== null && slot.revision === revision && !slot.draining);
    const [only] = slots;
    if (only === undefined || only === null) return edgeAnswer('UNKNOWN_REVISION');
    if (slots.length === 1) return only;
    const named = this.#routes().findOnAnyPort(head.host, head.target)?.name;
    return slots.find((slot) => slot?.service === named) ?? only;
  }

  counterOf(): SlotCounter {
    return this.#counter;
  }

  #candidates(head: ParsedRequest): ServiceState[] {
    const name = firstOf(head.fields, Known.XMorrowService);
    if (name === null) return [...this.#services.values()];
    const service = this.#services.get(name);
    return service === undefined ? [] : [service];
  }
}
