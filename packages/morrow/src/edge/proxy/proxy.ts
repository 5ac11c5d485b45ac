import { SLOTS, type Slot } from '../../engine/slot.ts';
import type { EdgeService, EdgeSlot } from '../api.ts';
import { ClientConnection, type Entrance } from './client-connection.ts';
import type { ProxyContext } from './context.ts';
import { edgeAnswer } from './edge-answer.ts';
import { DEFAULT_PROXY_LIMITS } from './limits.ts';
import { PreviewEntrance } from './preview.ts';
import { isLoopback } from './request-head.ts';
import { RouteTable } from './routes.ts';
import { ServiceState } from './service-state.ts';
import { SlotState } from './slot-state.ts';
import { TimerWheel } from './timer-wheel.ts';
import type {
  ClientSocket,
  InFlight,
  ProxyCounts,
  ProxyLimits,
  ProxyOptions,
  Proxy as WorkerProxy,
} from './types.ts';

/** How coarse timeouts are. */
const TICK_MS = 50;

/** The data plane of one worker; see {@link WorkerProxy}. */
export function createProxy(options: ProxyOptions = {}): WorkerProxy {
  return new DataPlane(options);
}

class DataPlane implements WorkerProxy {
  readonly #context: ProxyContext;
  readonly #connections = new Set<ClientConnection>();
  readonly #services = new Map<string, ServiceState>();
  #routes = new RouteTable<ServiceState>([]);
  /** Slots that were replaced or taken away, until their last request is over and counted. */
  readonly #retired = new Set<SlotState>();
  readonly #health = new Map<string, boolean>();
  readonly #refused = new Map<string, number>();
  readonly #entrances = new Map<number, Entrance>();
  readonly #preview: PreviewEntrance;
  readonly #onDrained: NonNullable<ProxyOptions['onDrained']>;
  readonly #ended: (() => void)[] = [];

  constructor(options: ProxyOptions) {
    const limits: ProxyLimits = { ...DEFAULT_PROXY_LIMITS, ...options.limits };
    const monotonicMs = options.monotonicMs ?? (() => performance.now());
    this.#onDrained = options.onDrained ?? (() => {});
    this.#context = {
      limits,
      headLimits: { headBytes: limits.headBytes, targetBytes: limits.targetBytes, fields: limits.fields },
      wheel: new TimerWheel(TICK_MS, monotonicMs),
      random: options.random ?? Math.random,
      monotonicMs,
      trusted: options.trusted ?? isLoopback,
      suspect: options.onSuspect ?? (() => {}),
      refused: (code) => this.#refused.set(code, (this.#refused.get(code) ?? 0) + 1),
      ending: false,
    };
    this.#preview = new PreviewEntrance(this.#services, () => this.#routes);
  }

  apply(services: readonly EdgeService[]): void {
    const wanted = new Set(services.map((service) => service.name));
    for (const [name, state] of this.#services) {
      if (wanted.has(name)) continue;
      for (const slot of SLOTS) this.#retire(state.slots[slot]);
      this.#services.delete(name);
    }
    for (const service of services) this.#applyService(service);
    const targets = services.flatMap(({ slots }) => SLOTS.flatMap((slot) => slots[slot]?.targets ?? []));
    const known = new Set(targets.map((target) => target.id));
    for (const id of this.#health.keys()) if (!known.has(id)) this.#health.delete(id);
    this.#routes = new RouteTable(this.#services.values());
  }

  #applyService(service: EdgeService): void {
    const state = this.#services.get(service.name) ?? new ServiceState(service.name, service.listen);
    this.#services.set(service.name, state);
    state.listen = service.listen;
    state.weights = service.weights;
    for (const slot of SLOTS) {
      const wanted = service.slots[slot];
      const before = state.slots[slot];
      const stays = before !== null && wanted !== null && before.revision === wanted.revision;
      if (!stays) this.#retire(before);
      state.slots[slot] =
        wanted === null ? null : stays ? before : this.#newSlot(service, slot, wanted.revision);
      if (wanted !== null) this.#updateSlot(state.slots[slot] as SlotState, service, wanted);
    }
  }

  #newSlot(service: EdgeService, slot: Slot, revision: string): SlotState {
    return new SlotState(service.name, slot, revision, service.timeouts, {
      drained: (state) => this.#drained(state),
      limit: (state) => {
        for (const connection of this.#connections) if (connection.slot === state) connection.cut();
      },
    });
  }

  #updateSlot(state: SlotState, service: EdgeService, wanted: EdgeSlot): void {
    const gone = state.update(wanted, service, (id) => this.#health.get(id) ?? false);
    if (gone.length > 0)
      for (const connection of this.#connections)
        if (gone.some((target) => connection.uses(target))) connection.drain();
    if (wanted.draining) this.#drainSlot(state);
    else if (state.draining) {
      state.draining = false;
      this.#context.wheel.disarm(state);
    }
  }

  #drainSlot(state: SlotState): void {
    if (state.draining) return;
    state.draining = true;
    if (state.inFlight === 0) {
      this.#drained(state);
      return;
    }
    this.#context.wheel.arm(state, this.#context.monotonicMs(), state.timeouts.drainMs);
    for (const connection of this.#connections) if (connection.slot === state) connection.drain();
  }

  /** Its place is taken: it drains, and is forgotten when it is empty and counted. */
  #retire(state: SlotState | null): void {
    if (state === null) return;
    this.#retired.add(state);
    this.#drainSlot(state);
  }

  #drained(state: SlotState): void {
    this.#context.wheel.remove(state);
    state.closeIdle();
    this.#onDrained(state.service, state.slot, state.revision);
  }

  setHealthy(targetId: string, healthy: boolean): void {
    this.#health.set(targetId, healthy);
    for (const state of this.#slots()) state.setHealthy(targetId, healthy);
  }

  *#slots(): Iterable<SlotState> {
    for (const service of this.#services.values())
      for (const slot of SLOTS) {
        const state = service.slots[slot];
        if (state !== null) yield state;
      }
    yield* this.#retired;
  }

  handleConnection(socket: ClientSocket, port: number): void {
    let entrance = this.#entrances.get(port);
    if (entrance === undefined) {
      entrance = this.#entrance(port);
      this.#entrances.set(port, entrance);
    }
    this.#accept(socket, entrance);
  }

  #entrance(port: number): Entrance {
    return {
      route: (head) => {
        const service = this.#routes.find(port, head.host, head.target);
        return service === null ? edgeAnswer('NO_SERVICE') : service.pickSlot(this.#context.random);
      },
      counterOf: (slot) => slot.counter,
    };
  }

  handlePreviewConnection(socket: ClientSocket): void {
    this.#accept(socket, this.#preview);
  }

  #accept(socket: ClientSocket, entrance: Entrance): void {
    const connection = new ClientConnection(socket, this.#context, entrance, () => {
      this.#connections.delete(connection);
      if (this.#connections.size === 0) this.#allGone();
    });
    this.#connections.add(connection);
    if (this.#context.ending) connection.end();
  }

  takeCounts(): ProxyCounts {
    const slots: ProxyCounts['slots'][number][] = [];
    this.#noteWaiting();
    for (const state of this.#slots()) {
      const counts = state.counter.take(state.revision);
      if (counts !== null) slots.push({ service: state.service, slot: state.slot, counts });
      if (state.inFlight === 0) this.#retired.delete(state);
    }
    const refused = Object.fromEntries(this.#refused);
    this.#refused.clear();
    return { slots, refused };
  }

  /** Once an interval, so that requests need no record of their own. */
  #noteWaiting(): void {
    const nowMs = this.#context.monotonicMs();
    for (const { waiting } of this.#connections) {
      if (waiting?.waitingSinceMs == null) continue;
      waiting.counter.waits((nowMs - waiting.waitingSinceMs) * 1000);
    }
  }

  inFlight(): readonly InFlight[] {
    return [...this.#slots()]
      .filter((state) => state.inFlight > 0)
      .map(({ service, slot, revision, inFlight }) => ({ service, slot, revision, requests: inFlight }));
  }

  get connections(): number {
    return this.#connections.size;
  }

  async drain(limitMs: number): Promise<void> {
    this.#context.ending = true;
    for (const connection of this.#connections) connection.end();
    if (this.#connections.size > 0) {
      const limit = setTimeout(() => this.#cutAll(), limitMs);
      await new Promise<void>((resolve) => this.#ended.push(resolve));
      clearTimeout(limit);
    }
    this.close();
  }

  #cutAll(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  #allGone(): void {
    for (const resolve of this.#ended.splice(0)) resolve();
  }

  close(): void {
    this.#cutAll();
    for (const state of this.#slots()) state.closeIdle();
    this.#context.wheel.stop();
  }
}
