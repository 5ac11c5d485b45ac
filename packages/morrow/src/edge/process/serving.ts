/** Everything by which a memory is served: workers, ports, health checks, drains. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Slot } from '../../engine/slot.ts';
import { MorrowError } from '../../errors.ts';
import type { EdgeService, EdgeServiceState, EdgeTargetState } from '../api.ts';
import type { Interval } from './cuts.ts';
import { drainLimitMs } from './drain-limit.ts';
import { inFlightPerSlot, newlyDrained } from './drained.ts';
import { HealthChecks } from './health.ts';
import { LeftWorkers, noteWorkers } from './left-workers.ts';
import { type Listener, listenerKey, tryPort } from './listen.ts';
import type { EdgeMemory } from './memory.ts';
import type { Served, WorkerSettings } from './messages.ts';
import { Ports } from './ports.ts';
import { WorkerPool } from './worker-pool.ts';

export interface ServingEvents {
  readonly onInterval: (interval: Interval) => void;
  readonly onHealth: (service: string, target: EdgeTargetState) => void;
  readonly onDrained: (service: string, slot: Slot) => void;
  /** The preview listener got another port than the memory says. */
  readonly onPreviewPort: (port: number) => void;
  readonly log: (sentence: string) => void;
}

/** How long a worker of an earlier master may take beyond its drain before it is killed, ms. */
const LEAVE_MARGIN_MS = 5_000;

/** For so long after its start the edge tries ports again at once, ms; later each second. */
const FREED_PORTS_MS = 2_000;
/** If no worker serves after so long, none will, ms. */
const START_LIMIT_MS = 20_000;

export class Serving {
  readonly #settings: WorkerSettings;
  readonly #events: ServingEvents;
  readonly #left: LeftWorkers;
  readonly #pool: WorkerPool;
  readonly #ports: Ports;
  readonly #health: HealthChecks;
  readonly #told = new Set<string>();
  #memory: EdgeMemory;
  #previewPort = 0;
  #handedOver = false;
  /** The first look at the ports, with its patience, is over. */
  #portsSettled = false;
  #opening: Promise<number> | null = null;
  #leaveTimer: NodeJS.Timeout | undefined;

  constructor(settings: WorkerSettings, workers: number, memory: EdgeMemory, events: ServingEvents) {
    this.#settings = settings;
    this.#events = events;
    this.#memory = memory;
    this.#left = new LeftWorkers(settings.dir);
    this.#health = new HealthChecks(({ service, state }) => this.#onHealth(service.name, state));
    this.#pool = new WorkerPool(settings, workers, this.#served(), {
      onInterval: events.onInterval,
      onSuspect: (target) => this.#health.suspect(target),
      onDrained: () => void this.#pool.askInFlight().then(() => this.#tellDrained()),
      onWorkers: () => this.#noteWorkers(),
      log: events.log,
    });
    this.#ports = new Ports({
      sharing: settings.sharing,
      isOurs: (port) => this.#pool.holdsPort(port) || this.#left.living.length > 0,
    });
  }

  /** Process ids of the workers that serve. */
  get workers(): readonly number[] {
    return this.#pool.pids;
  }

  get previewPort(): number {
    return this.#previewPort;
  }

  isHealthy(target: string): boolean {
    return this.#health.isHealthy(target);
  }

  healthy(): ReadonlySet<string> {
    return this.#health.healthy();
  }

  /** Starts workers and checks; resolves when requests are served. Workers of an earlier master then leave. */
  async start(): Promise<void> {
    this.#health.watch(this.#memory.services, this.#memory.healthy);
    // A shared handle can only be opened once the earlier workers have closed theirs.
    if (this.#settings.sharing === 'handle') this.#left.askToLeave();
    const started = this.#pool.start();
    this.#previewPort = this.#memory.previewPort;
    if (this.#previewPort === 0) await this.#choosePreviewPort();
    await this.#openPorts();
    await inTime(started);
    void this.#waitForPorts();
    if (this.#left.living.length === 0) return;
    this.#left.askToLeave();
    this.#leaveTimer = setTimeout(
      () => this.#left.kill(),
      drainLimitMs(this.#memory.services) + LEAVE_MARGIN_MS,
    );
  }

  /** Ports of processes that have just been killed, or are leaving, take a moment to become free. */
  async #waitForPorts(): Promise<void> {
    const end = performance.now() + FREED_PORTS_MS;
    while (performance.now() < end && this.#listeners().some((listener) => this.#ports.problem(listener))) {
      await sleep(20);
      await this.#openPorts();
    }
    this.#portsSettled = true;
  }

  /** Serves by this from now on. @returns the wall clock (ms) at which the last worker had changed over */
  async serve(memory: EdgeMemory): Promise<number> {
    this.#memory = memory;
    this.#health.watch(memory.services);
    const [appliedAtMs, openedAtMs] = await Promise.all([
      this.#pool.serve(this.#served()),
      this.#openPorts(),
    ]);
    this.#tellDrained();
    return Math.max(appliedAtMs, openedAtMs);
  }

  /** To be called each second: ends an interval of counts, and tries again what could not be opened. */
  tick(silentMs: number): void {
    this.#pool.cut(silentMs);
    this.#tellDrained();
    void this.#retryPorts();
  }

  /** What is known of each service now. */
  async states(): Promise<readonly EdgeServiceState[]> {
    const inFlight = await this.#pool.askInFlight();
    return this.#memory.services.map((service) => ({
      service,
      targets: this.#health.states(service),
      inFlight: inFlightPerSlot(service.name, inFlight),
      listenProblem: this.#listenProblem(listenerOf(service)),
    }));
  }

  /** From now on leaves the folder alone: the next edge's notes stand there. */
  handOver(): void {
    this.#handedOver = true;
  }

  /** Lets requests finish for at most `limitMs`, then ends the workers. */
  async drain(limitMs: number): Promise<void> {
    clearTimeout(this.#leaveTimer);
    this.#health.stop();
    await this.#pool.drain(limitMs);
    this.#left.kill();
  }

  /** Ends the workers at once. */
  kill(): void {
    this.#pool.kill();
  }

  #served(): Served {
    const { epoch, generation, services } = this.#memory;
    const healthy = [...this.#health.healthy()];
    return { epoch, generation, services, healthy, listeners: this.#ports?.open(this.#listeners()) ?? [] };
  }

  #listeners(): readonly Listener[] {
    const byKey = new Map(
      this.#memory.services.map((service) => [listenerKey(listenerOf(service)), listenerOf(service)]),
    );
    if (this.#previewPort > 0) {
      const preview = { address: '127.0.0.1', port: this.#previewPort, preview: true };
      byKey.set(listenerKey(preview), preview);
    }
    return [...byKey.values()];
  }

  /** Finds out which ports can be had and has the workers open them; one such look at a time. */
  #openPorts(broken: readonly Listener[] = []): Promise<number> {
    const look = async (): Promise<number> => {
      const changed = await this.#ports.want(this.#listeners(), broken);
      return changed ? this.#pool.serve(this.#served()) : 0;
    };
    const looked: Promise<number> = (this.#opening ?? Promise.resolve()).then(look, look);
    this.#opening = looked;
    return looked;
  }

  async #retryPorts(): Promise<void> {
    if (!this.#portsSettled) return;
    const broken = this.#listeners().filter((listener) => this.#pool.listenProblem(listener));
    const missing = this.#listeners().filter((listener) => this.#ports.problem(listener));
    if (broken.length + missing.length === 0) return;
    // A service's port is waited for; that of the preview may be any.
    if ([...broken, ...missing].some(({ preview }) => preview)) await this.#choosePreviewPort();
    await this.#openPorts(broken);
  }

  async #choosePreviewPort(): Promise<void> {
    const port = await tryPort({ address: '127.0.0.1', port: 0, preview: true });
    if (typeof port === 'string') {
      this.#events.log(`There is no port for the preview listener: ${port}`);
      return;
    }
    this.#previewPort = port;
    this.#events.onPreviewPort(port);
  }

  #listenProblem(listener: Listener): string | null {
    return this.#ports.problem(listener) ?? this.#pool.listenProblem(listener);
  }

  #onHealth(service: string, target: EdgeTargetState): void {
    this.#pool.setHealthy(target.id, target.health === 'healthy');
    this.#events.onHealth(service, target);
  }

  #tellDrained(): void {
    for (const { service, slot } of newlyDrained(this.#memory.services, this.#pool.inFlight, this.#told)) {
      this.#events.onDrained(service, slot);
    }
  }

  #noteWorkers(): void {
    if (this.#handedOver) return;
    try {
      noteWorkers(this.#settings.dir, this.#pool.allPids, this.#left.living);
    } catch (error) {
      this.#events.log(`The workers' ids can't be noted: ${(error as Error).message}.`);
    }
  }
}

const listenerOf = ({ listen }: EdgeService): Listener => ({
  address: listen.address,
  port: listen.port,
  preview: false,
});

async function inTime(started: Promise<void>): Promise<void> {
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const seconds = START_LIMIT_MS / 1_000;
    limit.reject(
      new MorrowError('EDGE_START_FAILED', `No worker of the edge served within ${seconds} s.`, {
        hint: 'Its log says how they ended.',
      }),
    );
  }, START_LIMIT_MS);
  try {
    await Promise.race([started, limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}
