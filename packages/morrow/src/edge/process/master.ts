/**
 * The master of an edge: it holds what is to be served, keeps it on disk, answers the admin socket, watches the
 * controller, and takes traffic back by itself if nobody leads any more. What decides is in pure modules
 * beside it; this is the shell around them.
 */
import type {
  EdgeAck,
  EdgeBlocks,
  EdgeEvent,
  EdgeState,
  Heartbeat,
  PutController,
  PutService,
  PutWeights,
} from '../api.ts';
import { AdminServer, type EdgeControl } from './admin.ts';
import { Blocks } from './blocks.ts';
import { ControllerWatch } from './controller-watch.ts';
import { drainLimitMs } from './drain-limit.ts';
import { failsafeDue } from './failsafe.ts';
import { Keeper } from './keeper.ts';
import {
  acceptEpoch,
  deleteService,
  type EdgeMemory,
  giveToStable,
  putController,
  putService,
  putWeights,
  serviceNamed,
  withHealthy,
} from './memory.ts';
import type { WorkerSettings } from './messages.ts';
import { Metrics } from './metrics.ts';
import { Serving } from './serving.ts';

export interface MasterOptions extends WorkerSettings {
  readonly workers: number;
  /** Whether the folder is still the one that this master began in. */
  readonly isThere: () => boolean;
  /** Called when this master touches the folder no more, while its workers still drain: a new edge may start. */
  readonly onHandedOver: () => void;
  readonly log: (sentence: string) => void;
}

const BLOCK_MS = 1_000;
const FAILSAFE_TICK_MS = 100;

export class Master implements EdgeControl {
  readonly #options: MasterOptions;
  readonly #startedAtMs = Date.now();
  #memory: EdgeMemory;
  readonly #keeper: Keeper;
  readonly #serving: Serving;
  readonly #admin = new AdminServer(this);
  readonly #watch: ControllerWatch;
  readonly #blocks: Blocks;
  readonly #metrics = new Metrics();
  readonly #failsafes: { readonly service: string; readonly atMs: number }[] = [];
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #ended = Promise.withResolvers<void>();
  #spokenAtMs = performance.now();
  #applied: Promise<number> = Promise.resolve(Date.now());
  #ending = false;

  constructor(options: MasterOptions, memory: EdgeMemory) {
    this.#options = options;
    this.#memory = memory;
    this.#keeper = new Keeper(options.dir, options.isThere, options.log);
    this.#watch = new ControllerWatch(options.dir, options.log);
    this.#blocks = new Blocks(memory.seqBase);
    this.#serving = new Serving(options, options.workers, memory, {
      onInterval: (interval) => {
        this.#blocks.add(interval);
        this.#metrics.add(interval);
      },
      onHealth: (service, target) => {
        this.#admin.publish({ type: 'health', service, target });
        this.#remember(withHealthy(this.#memory, this.#serving.healthy()));
      },
      onDrained: (service, slot) => this.#admin.publish({ type: 'drained', service, slot }),
      onPreviewPort: (previewPort) => this.#remember({ ...this.#memory, previewPort }),
      log: options.log,
    });
  }

  /** Resolves when the edge has ended. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /**
   * Opens the admin socket and begins to serve; resolves when requests are answered.
   * @throws MorrowError `EDGE_START_FAILED` if the admin socket can't be had
   */
  async start(): Promise<void> {
    await this.#admin.listen(this.#options.socketPath);
    this.#watch.watch(this.#memory.controller);
    try {
      await Promise.all([this.#keeper.keep(this.#memory, true), this.#serving.start()]);
    } catch (error) {
      this.#serving.kill();
      await this.end();
      throw error;
    }
    this.#timers.push(
      setInterval(() => this.#eachSecond(), BLOCK_MS),
      setInterval(() => this.#failsafe(), FAILSAFE_TICK_MS),
    );
  }

  async state(): Promise<EdgeState> {
    const services = await this.#serving.states();
    return {
      pid: process.pid,
      workers: this.#serving.workers,
      startedAtMs: this.#startedAtMs,
      epoch: this.#memory.epoch,
      generation: this.#memory.generation,
      previewPort: this.#serving.previewPort,
      services,
      failsafes: this.#failsafes,
      diskProblem: this.#keeper.problem,
    };
  }

  putService(put: PutService): Promise<EdgeAck> {
    return this.#change(putService(this.#memory, put), true);
  }

  putWeights(name: string, put: PutWeights): Promise<EdgeAck> {
    // The file need only survive our own death here; see StateFile.save.
    return this.#change(putWeights(this.#memory, name, put), false);
  }

  deleteService(name: string, epoch: number): Promise<EdgeAck> {
    return this.#change(deleteService(this.#memory, name, epoch), true);
  }

  heartbeat({ epoch }: Heartbeat): Promise<EdgeAck> {
    return this.#change(acceptEpoch(this.#memory, epoch), false);
  }

  async putController(put: PutController): Promise<EdgeAck> {
    const next = putController(this.#memory, put);
    this.#watch.watch(next.controller);
    return this.#change(next, true);
  }

  blocks(service: string, after: number): EdgeBlocks {
    serviceNamed(this.#memory, service);
    return { service, blocks: this.#blocks.after(service, after) };
  }

  async metrics(): Promise<string> {
    return this.#metrics.text(await this.state());
  }

  async shutdown({ epoch }: Heartbeat): Promise<EdgeAck> {
    const ack = await this.#change(acceptEpoch(this.#memory, epoch), false);
    setImmediate(() => void this.end());
    return ack;
  }

  streamOpened(): void {
    this.#watch.streamOpened();
  }

  streamClosed(): void {
    this.#watch.streamClosed();
  }

  /** Drains and ends; called a second time it ends at once. */
  async end(): Promise<void> {
    if (this.#ending) {
      this.#serving.kill();
      return;
    }
    this.#ending = true;
    this.#watch.stop();
    for (const timer of this.#timers) clearInterval(timer);
    this.#serving.handOver();
    await Promise.all([this.#admin.close(), this.#keeper.keep(this.#memory, true)]);
    await this.#keeper.close();
    this.#options.onHandedOver();
    await this.#serving.drain(drainLimitMs(this.#memory.services));
    this.#ended.resolve();
  }

  /** Takes over a memory that a controller's write has led to; answers when it is in force. */
  async #change(next: EdgeMemory, durable: boolean): Promise<EdgeAck> {
    this.#spokenAtMs = performance.now();
    const before = this.#memory;
    this.#memory = next;
    const kept = next === before ? undefined : this.#keeper.keep(next, durable);
    if (next.generation !== before.generation) this.#applied = this.#serving.serve(next);
    const [appliedAtMs] = await Promise.all([this.#applied, kept]);
    return { epoch: this.#memory.epoch, generation: next.generation, appliedAtMs };
  }

  #remember(next: EdgeMemory): void {
    if (next === this.#memory) return;
    this.#memory = next;
    void this.#keeper.keep(next, false);
  }

  #eachSecond(): void {
    this.#serving.tick(performance.now() - this.#spokenAtMs);
    if (this.#options.isThere()) {
      void this.#admin.keepOpen().catch((error: Error) => this.#options.log(error.message));
      return;
    }
    this.#options.log(
      `The folder ${this.#options.dir} is gone; nobody can reach this edge any more. It ends.`,
    );
    void this.end();
  }

  #failsafe(): void {
    const { services } = this.#memory;
    const silentMs = performance.now() - this.#spokenAtMs;
    const due = failsafeDue(services, silentMs, this.#options.failsafeMs, (id) =>
      this.#serving.isHealthy(id),
    );
    if (due.length === 0) return;
    const next = giveToStable(this.#memory, due);
    this.#applied = this.#serving.serve(next);
    this.#remember(next);
    for (const service of due) {
      this.#failsafes.push({ service, atMs: Date.now() });
      this.#options.log(
        `No controller has spoken for ${Math.round(silentMs)} ms: all of ${service} goes to stable.`,
      );
      this.#admin.publish({ type: 'failsafe', service, epoch: next.epoch } satisfies EdgeEvent);
    }
  }
}
