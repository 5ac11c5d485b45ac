import type { Slot } from '../../engine/slot.ts';
import type { EdgeService, EdgeSlot, EdgeTarget, EdgeTimeouts } from '../api.ts';
import { SlotCounter } from './slot-counter.ts';
import { Target } from './target.ts';
import { Timed } from './timer-wheel.ts';

/** One revision in one slot of one service: its targets, its counts, what is under way. */
export class SlotState extends Timed {
  readonly service: string;
  readonly slot: Slot;
  readonly revision: string;
  /** The line that names it in answers. */
  readonly revisionLine: string;
  readonly counter = new SlotCounter();
  /** Takes no new request. */
  draining = false;
  /** Requests and long-lived connections under way. */
  inFlight = 0;
  /** Those targets that get requests. */
  healthy: readonly Target[] = [];
  timeouts: EdgeTimeouts;
  /** Null: no limit. */
  maxBodyBytes: number | null = null;
  #targets = new Map<string, Target>();
  readonly #onDrained: (slot: SlotState) => void;
  readonly #onLimit: (slot: SlotState) => void;

  /**
   * @param onDrained nothing is under way any more, while it drains
   * @param onLimit it drained for as long as it may
   */
  constructor(
    service: string,
    slot: Slot,
    revision: string,
    timeouts: EdgeTimeouts,
    on: { readonly drained: (slot: SlotState) => void; readonly limit: (slot: SlotState) => void },
  ) {
    super();
    this.service = service;
    this.slot = slot;
    this.revision = revision;
    this.revisionLine = `X-Morrow-Revision: ${revision}\r\n`;
    this.timeouts = timeouts;
    this.#onDrained = on.drained;
    this.#onLimit = on.limit;
  }

  /** Takes over the wanted targets; those that stay keep their health and connections. Gives back those that went. */
  update(wanted: EdgeSlot, service: EdgeService, healthOf: (id: string) => boolean): Target[] {
    this.timeouts = service.timeouts;
    this.maxBodyBytes = service.maxBodyBytes;
    const before = this.#targets;
    this.#targets = new Map();
    for (const description of wanted.targets) {
      const known = before.get(description.id);
      const target = known !== undefined && sameAddress(known, description) ? known : new Target(description);
      if (target !== known) target.healthy = healthOf(target.id);
      this.#targets.set(target.id, target);
    }
    const gone = [...before.values()].filter((target) => this.#targets.get(target.id) !== target);
    for (const target of gone) {
      target.healthy = false;
      target.idle.clear();
    }
    this.#collect();
    return gone;
  }

  /** Nothing happens where there is no such target here. */
  setHealthy(id: string, healthy: boolean): void {
    const target = this.#targets.get(id);
    if (target === undefined || target.healthy === healthy) return;
    target.healthy = healthy;
    target.suspectUntilMs = 0;
    if (!healthy) target.idle.clear();
    this.#collect();
  }

  /** One request or long-lived connection begins. */
  begin(): void {
    this.inFlight++;
  }

  /** One is over. */
  end(): void {
    this.inFlight--;
    if (this.draining && this.inFlight === 0) this.#onDrained(this);
  }

  /** Nothing here is needed any more: idle connections are closed. */
  closeIdle(): void {
    for (const target of this.#targets.values()) target.idle.clear();
  }

  expired(): void {
    if (this.draining) this.#onLimit(this);
  }

  #collect(): void {
    this.healthy = [...this.#targets.values()].filter((target) => target.healthy);
  }
}

const sameAddress = (target: Target, wanted: EdgeTarget): boolean =>
  target.host === wanted.host && target.port === wanted.port;
