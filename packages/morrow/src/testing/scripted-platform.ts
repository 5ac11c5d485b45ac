import type { ResolvedService } from '../config/resolved.ts';
import { SLOTS, type Slot, type Weights } from '../engine/slot.ts';
import type { Block, Check, Counts, Effect, Observation } from '../engine/types.ts';
import { MorrowError } from '../errors.ts';
import type { Fence, Measurements, Platform, RevisionSpec } from '../platform/platform.ts';
import type { Clock } from '../runner/clock.ts';
import {
  AT_ONCE,
  carryOut,
  EMPTY_WORLD,
  type Manners,
  observationOf,
  type World,
  withFailsafe,
} from './world.ts';

type Method =
  | 'observe'
  | 'ensure'
  | 'stage'
  | 'route'
  | 'resize'
  | 'probe'
  | 'measure'
  | 'run'
  | 'retire'
  | 'prune';

/** One thing that the platform was asked for. */
export interface Call {
  readonly method: Method;
  readonly service: string;
  readonly epoch: number | null;
  /** The effect that it amounts to; null for `observe`, `measure` and `prune`. */
  readonly effect: Effect | null;
}

/** Requests of one slot in one block: how many, how many of them failed, and the latency of all (ms). */
export interface Traffic {
  readonly requests: number;
  readonly errors?: number;
  readonly latencyMs?: number;
}

interface Measured extends Omit<Block, 'boundsMs' | 'slots'> {
  readonly slots: Readonly<Record<Slot, Traffic | null>>;
}

/**
 * A platform that a test writes the script of. It does what it is asked, at once unless `manners` say otherwise,
 * remembers every call, and fails or changes when told to. Fenced like any other.
 */
export class ScriptedPlatform implements Platform {
  /** Every call in order; `observe` and `measure` are left out, there are so many. */
  readonly calls: Call[] = [];
  manners: Manners = AT_ONCE;
  readonly #clock: Clock;
  readonly #worlds = new Map<string, World>();
  readonly #measured = new Map<string, Measured[]>();
  readonly #failures = new Map<Method, Error[]>();
  readonly #listeners = new Set<(service: string) => void>();
  #epoch = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The highest epoch seen. */
  get epoch(): number {
    return this.#epoch;
  }

  world(service: string): World {
    return this.#worlds.get(service) ?? EMPTY_WORLD;
  }

  /** Changes what is there, as a crash or somebody's hand does, and hints at it. */
  change(service: string, to: (world: World) => World): void {
    this.#worlds.set(service, to(this.world(service)));
    for (const listener of this.#listeners) listener(service);
  }

  /** Nobody steers: split traffic goes to stable and the epoch rises, as the edge does. */
  failsafe(service: string): void {
    const before = this.world(service);
    this.change(service, withFailsafe);
    if (this.world(service) !== before) this.#epoch += 1;
  }

  /** The next `times` calls of `method` throw. */
  fail(
    method: Method,
    error: Error = new MorrowError('EDGE_UNREACHABLE', 'The edge does not answer.'),
    times = 1,
  ): void {
    this.#failures.set(
      method,
      Array.from({ length: times }, () => error),
    );
  }

  /** Adds a block of measurements that ends now, by the weights of now. */
  traffic(service: string, slots: Readonly<Record<Slot, Traffic | null>>, lengthMs = 1000): void {
    const blocks = this.#measured.get(service) ?? [];
    const toMs = this.#clock.now();
    const { weights } = this.world(service);
    if (weights === null) return;
    const seq = (blocks.at(-1)?.seq ?? 0) + 1;
    this.#measured.set(service, [...blocks, { seq, fromMs: toMs - lengthMs, toMs, weights, slots }]);
  }

  async observe(service: string): Promise<Observation> {
    this.#mayFail('observe');
    return observationOf(this.world(service));
  }

  async ensure(service: ResolvedService, fence: Fence): Promise<void> {
    this.#ask('ensure', service.name, fence, { type: 'ensure' });
  }

  async stage(
    service: string,
    slot: Slot,
    revision: RevisionSpec,
    count: number,
    fence: Fence,
  ): Promise<void> {
    this.#ask('stage', service, fence, { type: 'stage', slot, revision: revision.id, count });
  }

  async route(service: string, weights: Weights | null, stable: Slot | null, fence: Fence): Promise<void> {
    this.#ask('route', service, fence, { type: 'route', weights, stable });
  }

  async resize(service: string, slot: Slot, count: number, fence: Fence): Promise<void> {
    this.#ask('resize', service, fence, { type: 'resize', slot, count });
  }

  async probe(
    service: string,
    slot: Slot,
    key: string,
    checks: readonly Check[],
    fence: Fence,
  ): Promise<void> {
    this.#ask('probe', service, fence, { type: 'probe', key, slot, checks });
  }

  async measure(service: string, afterSeq: number, boundsMs: readonly number[]): Promise<Measurements> {
    this.#mayFail('measure');
    const blocks = (this.#measured.get(service) ?? []).filter(({ seq }) => seq > afterSeq);
    return {
      blocks: blocks.map((block) => ({ ...block, boundsMs, slots: countsOf(block.slots, boundsMs) })),
    };
  }

  async run(
    service: string,
    slot: Slot,
    key: string,
    command: string,
    timeoutMs: number,
    fence: Fence,
  ): Promise<void> {
    this.#ask('run', service, fence, { type: 'run', key, slot, command, timeoutMs });
  }

  async retire(service: string, slot: Slot, fence: Fence): Promise<void> {
    this.#ask('retire', service, fence, { type: 'retire', slot });
  }

  async prune(service: string, _keep: readonly string[], fence: Fence): Promise<void> {
    this.#note('prune', service, fence, null);
  }

  async heartbeat({ epoch }: Fence): Promise<number> {
    this.#epoch = Math.max(this.#epoch, epoch);
    return this.#epoch;
  }

  onChange(listener: (service: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #ask(method: Method, service: string, fence: Fence, effect: Effect): void {
    this.#note(method, service, fence, effect);
    const before = this.world(service);
    const after = carryOut(before, effect, this.manners);
    if (after !== before) this.change(service, () => after);
  }

  #note(method: Method, service: string, { epoch }: Fence, effect: Effect | null): void {
    this.#mayFail(method);
    if (epoch < this.#epoch)
      throw new MorrowError('EDGE_EPOCH_STALE', `Epoch ${epoch} is older than ${this.#epoch}.`);
    this.#epoch = epoch;
    this.calls.push({ method, service, epoch, effect });
  }

  #mayFail(method: Method): void {
    const error = this.#failures.get(method)?.shift();
    if (error !== undefined) throw error;
  }
}

/** Traffic as counts with every request in the bucket of its latency. */
export function countsOf(
  traffic: Readonly<Record<Slot, Traffic | null>>,
  boundsMs: readonly number[],
): Readonly<Record<Slot, Counts | null>> {
  const [blue, green] = SLOTS.map((slot) => {
    const side = traffic[slot];
    if (side === null) return null;
    const { requests, errors = 0, latencyMs = 1 } = side;
    const latency = [...boundsMs, Number.POSITIVE_INFINITY].map(() => 0);
    const bucket = boundsMs.findIndex((bound) => latencyMs <= bound);
    latency[bucket < 0 ? boundsMs.length : bucket] = requests;
    return { requests, errors, latency };
  });
  return { blue: blue ?? null, green: green ?? null };
}
