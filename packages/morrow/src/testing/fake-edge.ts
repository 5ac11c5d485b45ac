/**
 * An edge for tests of the platform that steers it: it keeps what it is told and checks the targets' health for real,
 * but forwards nothing. What a real one does by itself, a test does by hand.
 */
import { get } from 'node:http';
import type {
  EdgeAck,
  EdgeBlock,
  EdgeBlocks,
  EdgeEvent,
  EdgeService,
  EdgeState,
  EdgeTarget,
  EdgeTargetState,
  PutWeights,
} from '../edge/api.ts';
import type { EdgeClient, EdgeEventListener } from '../edge/client.ts';
import { SLOTS, type Slot, weightsOf } from '../engine/slot.ts';
import { MorrowError } from '../errors.ts';

const CHECK_MS = 20;

type Interface = Pick<EdgeClient, 'state' | 'putService' | 'putWeights' | 'heartbeat' | 'blocks' | 'events'>;

export class FakeEdge implements Interface {
  readonly blocksOf = new Map<string, EdgeBlock[]>();
  /** Set: every request fails, as if there were no edge. */
  unreachable = false;
  /** Requests under way, as the test says. */
  inFlight: Record<Slot, number> = { blue: 0, green: 0 };
  /** What is wrong with the listener of every service. */
  listenProblem: string | null = null;
  /** Each service that was put, in order. */
  readonly puts: EdgeService[] = [];
  epoch = 0;
  #generation = 0;
  #startedAtMs = Date.now() - 60_000;
  readonly #services = new Map<string, EdgeService>();
  #health = new Map<string, EdgeTargetState>();
  readonly #failsafes: { service: string; atMs: number }[] = [];
  readonly #listeners = new Set<EdgeEventListener>();
  readonly #timer = setInterval(() => void this.#check(), CHECK_MS);
  #checking = false;

  async state(): Promise<EdgeState> {
    this.#answer();
    return {
      pid: process.pid,
      workers: [],
      startedAtMs: this.#startedAtMs,
      epoch: this.epoch,
      generation: this.#generation,
      previewPort: 1,
      services: [...this.#services.values()].map((service) => ({
        service,
        targets: targetsOf(service).map(({ slot, target }) => this.#stateOf(slot, target)),
        inFlight: { ...this.inFlight },
        listenProblem: this.listenProblem,
      })),
      failsafes: [...this.#failsafes],
    };
  }

  async putService(epoch: number, service: EdgeService): Promise<EdgeAck> {
    this.#fence(epoch);
    for (const slot of SLOTS)
      if ((service.weights?.[slot] ?? 0) > 0 && service.slots[slot] === null)
        throw new MorrowError('EDGE_BAD_REQUEST', `weight on the empty slot ${slot}`);
    this.puts.push(service);
    this.#services.set(service.name, structuredClone(service));
    return this.#ack();
  }

  async putWeights(name: string, put: PutWeights): Promise<EdgeAck> {
    this.#fence(put.epoch);
    const service = this.#services.get(name);
    if (service === undefined) throw new MorrowError('UNKNOWN_SERVICE', `no service ${name}`);
    for (const slot of SLOTS)
      if ((put.weights?.[slot] ?? 0) > 0 && service.slots[slot] === null)
        throw new MorrowError('EDGE_BAD_REQUEST', `weight on the empty slot ${slot}`);
    const stable = put.stable === undefined ? service.stable : put.stable;
    this.#services.set(name, { ...service, weights: put.weights, stable });
    return this.#ack();
  }

  async heartbeat(epoch: number): Promise<EdgeAck> {
    this.#fence(epoch);
    return this.#ack();
  }

  async blocks(service: string, after: number): Promise<EdgeBlocks> {
    this.#answer();
    if (!this.#services.has(service)) throw new MorrowError('UNKNOWN_SERVICE', `no service ${service}`);
    return { service, blocks: (this.blocksOf.get(service) ?? []).filter(({ seq }) => seq > after) };
  }

  events(listener: EdgeEventListener): () => void {
    this.#listeners.add(listener);
    setImmediate(() => listener.onOpen?.());
    return () => this.#listeners.delete(listener);
  }

  service(name: string): EdgeService | undefined {
    return this.#services.get(name);
  }

  /** Takes the traffic back, as a real edge does when nobody has steered it for long. */
  failsafe(name: string): void {
    const service = this.#services.get(name);
    if (!service?.stable) return;
    this.epoch += 1;
    this.#services.set(name, { ...service, weights: weightsOf(service.stable, 100) });
    this.#failsafes.push({ service: name, atMs: Date.now() });
    this.#tell({ type: 'failsafe', service: name, epoch: this.epoch });
  }

  /** A new edge with the configuration of the old: no target has been asked yet. */
  restart(): void {
    this.#startedAtMs = Date.now();
    this.#health = new Map();
  }

  /** A new edge that has lost its configuration. */
  lose(): void {
    this.restart();
    this.#services.clear();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #answer(): void {
    if (this.unreachable) throw new MorrowError('EDGE_UNREACHABLE', 'The edge does not answer.');
  }

  #fence(epoch: number): void {
    this.#answer();
    if (epoch < this.epoch) throw new MorrowError('EDGE_EPOCH_STALE', `${epoch} is older than ${this.epoch}`);
    this.epoch = epoch;
  }

  #ack(): EdgeAck {
    this.#generation += 1;
    return { epoch: this.epoch, generation: this.#generation, appliedAtMs: Date.now() };
  }

  #stateOf(slot: Slot, { id }: EdgeTarget): EdgeTargetState {
    return this.#health.get(id) ?? { id, slot, health: 'starting', problem: 'not checked yet' };
  }

  async #check(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    for (const service of this.#services.values())
      await Promise.all(
        targetsOf(service).map(async ({ slot, target }) => {
          const before = this.#stateOf(slot, target);
          const health = service.slots[slot]?.health ?? service.health;
          const path = before.health === 'healthy' ? health.livePath : health.readyPath;
          const problem = await ask(target, path);
          const wasHealthy = before.health !== 'starting';
          const now = problem === null ? 'healthy' : wasHealthy ? 'unhealthy' : 'starting';
          const after: EdgeTargetState = { id: target.id, slot, health: now, problem };
          this.#health.set(target.id, after);
          if (now !== before.health) this.#tell({ type: 'health', service: service.name, target: after });
        }),
      );
    this.#checking = false;
  }

  #tell(event: EdgeEvent): void {
    for (const listener of this.#listeners) listener.onEvent(event);
  }
}

const targetsOf = (service: EdgeService) =>
  SLOTS.flatMap((slot) => (service.slots[slot]?.targets ?? []).map((target) => ({ slot, target })));

/** Null: it answered with success. */
function ask({ host, port }: EdgeTarget, path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const asked = get({ host, port, path, agent: false, timeout: 300 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200 ? null : `answered ${answer.statusCode}`);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ECONNREFUSED' ? 'connection refused' : 'no answer'),
    );
  });
}
