/** One machine as a platform: processes from snapshots, behind the edge. */
import type { ResolvedService } from '../../config/resolved.ts';
import type { Slot, Weights } from '../../engine/slot.ts';
import type { Check, Observation } from '../../engine/types.ts';
import { MorrowError } from '../../errors.ts';
import type { Fence, LogLine, Measurements, Platform, PlatformLogs, RevisionSpec } from '../platform.ts';
import { toBlock } from './blocks.ts';
import type { EdgePort, LocalContext } from './context.ts';
import { sameJson, shownIn, weightOf } from './edge-service.ts';
import { edgeSync, slotsWithTraffic } from './edge-sync.ts';
import { epochsIn } from './epochs.ts';
import { HealthWatch } from './health-watch.ts';
import { heartbeat } from './heartbeat.ts';
import { Keeper } from './keeper.ts';
import { layoutOf } from './layout.ts';
import { lastLines } from './log-file.ts';
import { type LogsRequest, readLogs } from './logs.ts';
import { look } from './look.ts';
import { thisMaker } from './maker.ts';
import { type PortRange, portRange } from './ports.ts';
import { Probes } from './probes.ts';
import { processRuntime } from './process-runtime.ts';
import { type ProcessTable, systemProcessTable } from './process-table.ts';
import { type ServiceState, type SlotState, serviceStates } from './service-state.ts';
import { kept, resized, retired, staged, type Traffic } from './slot-changes.ts';
import { recordsIn } from './slot-plan.ts';
import { pruneSnapshots } from './snapshot-store.ts';
import { Supervisor } from './supervisor.ts';
import { targetsOf } from './targets.ts';
import { revisionsOfTasks, runTask, taskViews } from './tasks.ts';
import { viewOf } from './views.ts';

export interface LocalPlatformOptions {
  /** The environment's state folder, absolute. */
  readonly stateDir: string;
  readonly environment: string;
  readonly edge: EdgePort;
  /** Wall clock; default the machine's. */
  readonly clock?: { now(): number };
  readonly log?: (line: string) => void;
  /** Value of a service's secret; null: not set. Default: none is. */
  readonly secret?: (service: string, name: string) => string | null;
  /** Default: ten thousand below the ephemeral ones. */
  readonly ports?: PortRange;
  /** Default: what fits the system. */
  readonly processTable?: ProcessTable;
  /** How long a live check may fail before its target is replaced, ms; default 10 s. */
  readonly hungMs?: number;
}

export interface LocalPlatform extends Platform, PlatformLogs {
  /** Stops looking after anything; what runs goes on running. */
  close(): Promise<void>;
}

/**
 * One machine. Reads nothing and starts nothing until it is asked; it begins to look after the processes with the first
 * call that carries an epoch (a heartbeat is enough), so that an onlooker never acts.
 */
export function createLocalPlatform(options: LocalPlatformOptions): LocalPlatform {
  return new LocalMachine(options);
}

class LocalMachine implements LocalPlatform {
  readonly #context: LocalContext;
  readonly #keeper: Keeper;
  readonly #sync: ReturnType<typeof edgeSync>;
  readonly #probes = new Probes();
  readonly #listeners = new Set<(service: string) => void>();
  #endEvents: () => void = () => undefined;
  /** The last epoch that a caller has proven; null: none has. */
  #epoch: number | null = null;

  constructor(options: LocalPlatformOptions) {
    const layout = layoutOf(options.stateDir);
    const runtime = processRuntime({
      shimPath: layout.shim,
      table: options.processTable ?? systemProcessTable(),
      onExit: () => this.#keeper.wake(),
    });
    this.#context = {
      environment: options.environment,
      layout,
      states: serviceStates(layout),
      epochs: epochsIn(layout.epochs),
      runtime,
      edge: options.edge,
      ports: options.ports ?? portRange(),
      now: () => (options.clock ?? Date).now(),
      log: options.log ?? (() => undefined),
      secret: options.secret ?? (() => null),
      actingEpoch: () => this.#actingEpoch(),
      changed: (service) => this.#changed(service),
    };
    this.#sync = edgeSync(this.#context);
    const health = new HealthWatch(this.#context, options.hungMs);
    this.#keeper = new Keeper(this.#context, new Supervisor(this.#context, this.#sync, health));
  }

  async observe(service: string): Promise<Observation> {
    const seen = await look(this.#context, service);
    if (seen.news) this.#keeper.wake();
    return { ...viewOf(seen), probes: this.#probes.views(service), tasks: taskViews(this.#context, service) };
  }

  async ensure(service: ResolvedService, fence: Fence): Promise<void> {
    this.#prove(fence);
    const state = this.#context.states.read(service.name);
    if (!sameJson(state.ensured, service)) this.#context.states.write({ ...state, ensured: service });
    await this.#sync.sync(service.name, fence.epoch);
  }

  async stage(
    service: string,
    slot: Slot,
    revision: RevisionSpec,
    count: number,
    fence: Fence,
  ): Promise<void> {
    await this.#change(service, slot, fence, (state, traffic) =>
      staged(state, slot, revision, count, traffic, this.#context.now()),
    );
  }

  async resize(service: string, slot: Slot, count: number, fence: Fence): Promise<void> {
    await this.#change(service, slot, fence, (state, traffic) => resized(state, slot, count, traffic));
  }

  async retire(service: string, slot: Slot, fence: Fence): Promise<void> {
    await this.#change(service, slot, fence, (state, traffic) => retired(state, slot, traffic));
  }

  async route(service: string, weights: Weights | null, stable: Slot | null, fence: Fence): Promise<void> {
    const { states, now } = this.#context;
    this.#prove(fence);
    const before = states.read(service);
    const after = slotsWithTraffic(weights).reduce(kept, before);
    if (after !== before) states.write(after);
    await this.#sync.route(service, weights, stable, fence.epoch, after !== before);
    try {
      // After the traffic has moved: nothing may delay that, and not even a full disk may make it look undone.
      states.write({ ...states.read(service), steeredAtMs: now() });
    } catch (error) {
      this.#context.log(`${service}: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#changed(service);
    this.#keeper.wake();
  }

  async probe(
    service: string,
    slot: Slot,
    key: string,
    checks: readonly Check[],
    fence: Fence,
  ): Promise<void> {
    this.#prove(fence);
    if (this.#probes.has(key)) return;
    const { revision } = this.#held(service, slot);
    const { previewPort } = await this.#context.edge.state();
    if (this.#probes.has(key)) return;
    const { listen } = revision.settings;
    this.#probes.begin(
      key,
      { service, revision: revision.id, listen, previewPort, checks },
      () => this.#lastLines(service, slot, revision.id),
      () => this.#changed(service),
    );
  }

  async run(
    service: string,
    slot: Slot,
    key: string,
    command: string,
    timeoutMs: number,
    fence: Fence,
  ): Promise<void> {
    this.#prove(fence);
    await runTask(this.#context, key, this.#held(service, slot).revision, command, timeoutMs);
    this.#keeper.wake();
  }

  async measure(service: string, afterSeq: number, boundsMs: readonly number[]): Promise<Measurements> {
    try {
      const { blocks } = await this.#context.edge.blocks(service, afterSeq);
      return { blocks: blocks.flatMap((block) => toBlock(block, boundsMs) ?? []) };
    } catch (error) {
      if (error instanceof MorrowError && error.code === 'UNKNOWN_SERVICE') return { blocks: [] };
      throw error;
    }
  }

  async prune(service: string, keep: readonly string[], fence: Fence): Promise<void> {
    this.#prove(fence);
    const context = this.#context;
    const held = Object.values(context.states.read(service).slots).flatMap((slot) =>
      slot === null ? [] : [slot.revision.id, slot.retiring?.next?.revision.id],
    );
    const needed = [...keep, ...held, ...revisionsOfTasks(context, service)].filter((id) => id !== undefined);
    const removed = await pruneSnapshots(
      context.layout,
      service,
      new Set(needed),
      context.now(),
      await thisMaker(),
    );
    if (removed.length > 0) context.log(`${service}: removed ${removed.length} snapshots that nothing needs`);
  }

  async heartbeat(fence: Fence): Promise<number> {
    return heartbeat(this.#context, fence.epoch, () => this.#prove(fence));
  }

  onChange(listener: (service: string) => void): () => void {
    if (this.#listeners.size === 0) this.#endEvents = this.#listenToEdge();
    this.#listeners.add(listener);
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#endEvents();
    };
  }

  logs(service: string, request: LogsRequest): AsyncIterable<LogLine> {
    return readLogs(this.#context.layout, service, request);
  }

  async close(): Promise<void> {
    this.#endEvents();
    this.#listeners.clear();
    await this.#keeper.stop();
  }

  #listenToEdge(): () => void {
    return this.#context.edge.events({
      onEvent: ({ service }) => {
        this.#changed(service);
        this.#keeper.wake();
      },
      onOpen: () => {
        for (const service of this.#context.states.names()) this.#changed(service);
        this.#keeper.wake();
      },
    });
  }

  /** Changes what a slot shall hold, given the traffic that it has; what follows from it is the keeper's. */
  async #change(
    service: string,
    slot: Slot,
    fence: Fence,
    change: (state: ServiceState, traffic: Traffic) => ServiceState,
  ): Promise<void> {
    this.#prove(fence);
    const shown = shownIn(await this.#context.edge.state(), service)?.service ?? null;
    // Proven again: meanwhile a successor may have come. From here to the write nothing else can happen.
    this.#prove(fence);
    const before = this.#context.states.read(service);
    const traffic = { weight: weightOf(shown, slot), revision: shown?.slots[slot]?.revision ?? null };
    const after = change(before, traffic);
    if (!sameJson(after, before)) {
      this.#context.states.write(after);
      this.#changed(service);
    }
    this.#keeper.wake();
  }

  #held(service: string, slot: Slot): SlotState {
    const held = this.#context.states.read(service).slots[slot];
    if (held !== null) return held;
    throw new MorrowError('NOT_SUPPORTED', `The slot ${slot} of ${service} holds no revision.`, {
      hint: 'Stage a revision there first.',
    });
  }

  #lastLines(service: string, slot: Slot, revision: string): readonly string[] {
    const targets = targetsOf(this.#context.layout, service);
    const newest = recordsIn(targets.list(), slot, revision).at(-1);
    return newest === undefined ? [] : lastLines(targets.logFile(newest), 20);
  }

  #prove({ epoch }: Fence): void {
    this.#context.epochs.claim(epoch);
    this.#epoch = epoch;
    this.#keeper.begin();
  }

  #actingEpoch(): number {
    if (this.#epoch === null) throw new MorrowError('LEASE_LOST', 'This controller holds no lease.');
    this.#context.epochs.claim(this.#epoch);
    return this.#epoch;
  }

  #changed(service: string): void {
    for (const listener of this.#listeners) listener(service);
  }
}
