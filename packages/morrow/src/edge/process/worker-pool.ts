import type { ChildProcess } from 'node:child_process';
import type { InFlight } from '../proxy/types.ts';
import { Cuts, type Interval } from './cuts.ts';
import { forkWorker } from './fork-worker.ts';
import { type Listener, listenerKey, openShared, type SharedHandle } from './listen.ts';
import type { CutAnswer, FromWorker, Served, ToWorker, WorkerSettings } from './messages.ts';

/** A worker that has not answered for so long hangs, ms: it is killed and replaced. */
const HUNG_MS = 5_000;
/** One that lived shorter than this died of its start, ms: its successor waits a little. */
const SHORT_LIFE_MS = 1_000;

export interface PoolEvents {
  readonly onInterval: (interval: Interval) => void;
  readonly onSuspect: (target: string) => void;
  readonly onDrained: (service: string, slot: 'blue' | 'green') => void;
  /** Which processes serve has changed. */
  readonly onWorkers: () => void;
  readonly log: (sentence: string) => void;
}

interface Member {
  readonly id: number;
  readonly process: ChildProcess;
  readonly bornAtMs: number;
  /** It can be talked to, and has been told what to serve. */
  up: boolean;
  /** It has answered its first `serve`. */
  serving: boolean;
  /** When the oldest unanswered cut was sent, monotonic ms. */
  askedAtMs: number | null;
  inFlight: readonly InFlight[];
  listening: Readonly<Record<string, string | null>>;
}

/** The worker processes: started, watched, replaced, told what to serve, and asked what they counted. */
export class WorkerPool {
  readonly #settings: WorkerSettings;
  readonly #size: number;
  readonly #events: PoolEvents;
  readonly #members = new Map<number, Member>();
  readonly #handles = new Map<string, SharedHandle>();
  readonly #asks = new Map<number, { readonly from: Set<number>; readonly done: () => void }>();
  readonly #cuts: Cuts;
  #served: Served;
  #lastId = 0;
  #shortLives = 0;
  #draining = false;
  #firstServing = Promise.withResolvers<void>();

  constructor(settings: WorkerSettings, size: number, served: Served, events: PoolEvents) {
    this.#settings = settings;
    this.#size = size;
    this.#served = served;
    this.#events = events;
    this.#cuts = new Cuts(Date.now(), events.onInterval);
  }

  /** Process ids of the workers that serve. */
  get pids(): readonly number[] {
    return this.#serving().map((member) => member.process.pid ?? 0);
  }

  /** Ids of every worker process, those that are starting included. */
  get allPids(): readonly number[] {
    return [...this.#members.values()].flatMap((member) => member.process.pid ?? []);
  }

  /** Requests under way, as last told by each worker. */
  get inFlight(): readonly InFlight[] {
    return [...this.#members.values()].flatMap((member) => member.inFlight);
  }

  /** Why a worker can't accept connections there; null if all do (or none has tried yet). */
  listenProblem(listener: Listener): string | null {
    const key = listenerKey(listener);
    return this.#serving().find((member) => member.listening[key])?.listening[key] ?? null;
  }

  /** Whether a worker of ours accepts connections on that port, on whatever address. */
  holdsPort(port: number): boolean {
    return this.#serving().some((member) =>
      Object.entries(member.listening).some(([key, problem]) => !problem && key.endsWith(`:${port}`)),
    );
  }

  /** Starts the workers; resolves when the first one serves. */
  start(): Promise<void> {
    for (let n = 0; n < this.#size; n += 1) this.#spawn();
    return this.#firstServing.promise;
  }

  /**
   * Has every worker serve by this.
   *
   * @returns the wall clock (ms) at which the last of those that were serving had changed over
   */
  async serve(served: Served): Promise<number> {
    const before = this.#served;
    this.#served = served;
    this.#openHandles(served.listeners);
    const members = this.#up();
    const { id, done } = this.#cuts.open(
      before.services,
      members.map((member) => member.id),
    );
    for (const member of members) this.#sendServe(member, id);
    // One that can't be talked to yet gets the newest state as its first.
    if (members.length === 0) await this.#firstServing.promise;
    return done;
  }

  /** Ends an interval of counts without a change. */
  cut(silentMs: number): void {
    const members = this.#up();
    const { id } = this.#cuts.open(
      this.#served.services,
      members.map((member) => member.id),
    );
    for (const member of members) this.#ask(member, { type: 'cut', cut: id, silentMs });
    this.#killHung();
  }

  setHealthy(target: string, healthy: boolean): void {
    const rest = this.#served.healthy.filter((id) => id !== target);
    this.#served = { ...this.#served, healthy: healthy ? [...rest, target] : rest };
    for (const member of this.#up()) this.#send(member, { type: 'health', target, healthy });
  }

  /** Asks every worker what is under way; one that doesn't answer within `limitMs` counts as last told. */
  async askInFlight(limitMs = 200): Promise<readonly InFlight[]> {
    this.#lastId += 1;
    const ask = this.#lastId;
    const members = this.#up();
    const { promise, resolve } = Promise.withResolvers<void>();
    if (members.length === 0) resolve();
    this.#asks.set(ask, { from: new Set(members.map((member) => member.id)), done: resolve });
    for (const member of members) this.#send(member, { type: 'ask-in-flight', ask });
    const timer = setTimeout(resolve, limitMs);
    await promise;
    clearTimeout(timer);
    this.#asks.delete(ask);
    return this.inFlight;
  }

  /** Ends every worker in good order; resolves when the last is gone. */
  async drain(limitMs: number): Promise<void> {
    this.#draining = true;
    const members = [...this.#members.values()];
    const ended = members.map(({ process }) => new Promise<void>((resolve) => process.once('exit', resolve)));
    for (const member of members) {
      if (member.serving) this.#send(member, { type: 'drain', limitMs });
      else member.process.kill('SIGKILL');
    }
    const timer = setTimeout(() => this.kill(), limitMs + 2_000);
    await Promise.all(ended);
    clearTimeout(timer);
    for (const handle of this.#handles.values()) handle.close();
  }

  /** Ends every worker at once. */
  kill(): void {
    this.#draining = true;
    for (const member of this.#members.values()) member.process.kill('SIGKILL');
  }

  #up(): Member[] {
    return [...this.#members.values()].filter((member) => member.up);
  }

  #serving(): Member[] {
    return [...this.#members.values()].filter((member) => member.serving);
  }

  #spawn(): void {
    this.#lastId += 1;
    const child = forkWorker();
    const member: Member = {
      id: this.#lastId,
      process: child,
      bornAtMs: performance.now(),
      up: false,
      serving: false,
      askedAtMs: null,
      inFlight: [],
      listening: {},
    };
    this.#members.set(member.id, member);
    child.on('message', (message) => this.#onMessage(member, message as FromWorker));
    child.on('exit', (code, signal) => this.#onExit(member, signal ?? `exit code ${code}`));
    child.on('error', (error) => this.#events.log(`A worker could not be reached: ${error.message}.`));
    this.#events.onWorkers();
  }

  #onMessage(member: Member, message: FromWorker): void {
    switch (message.type) {
      case 'up':
        member.up = true;
        this.#send(member, { type: 'settings', settings: this.#settings });
        this.#sendServe(member, 0);
        return;
      case 'cut':
        this.#onAnswer(member, message);
        return;
      case 'in-flight': {
        member.inFlight = message.inFlight;
        const ask = this.#asks.get(message.ask);
        if (ask?.from.delete(member.id) && ask.from.size === 0) ask.done();
        return;
      }
      case 'suspect':
        this.#events.onSuspect(message.target);
        return;
      case 'drained':
        this.#events.onDrained(message.service, message.slot);
    }
  }

  #onAnswer(member: Member, answer: CutAnswer): void {
    member.askedAtMs = null;
    member.inFlight = answer.inFlight;
    member.listening = answer.listening;
    if (answer.cut === 0 && !member.serving) {
      member.serving = true;
      this.#firstServing.resolve();
      this.#events.onWorkers();
      return;
    }
    this.#cuts.answer(member.id, answer);
  }

  #sendServe(member: Member, cut: number): void {
    for (const listener of this.#served.listeners) {
      const handle = this.#handles.get(listenerKey(listener));
      if (handle) member.process.send({ type: 'handle', listener } satisfies ToWorker, handle as never);
    }
    this.#ask(member, { type: 'serve', cut, served: this.#served });
  }

  #ask(member: Member, message: ToWorker): void {
    member.askedAtMs ??= performance.now();
    this.#send(member, message);
  }

  #send(member: Member, message: ToWorker): void {
    // A worker that is just dying is noticed by its exit, not here.
    if (member.process.connected) member.process.send(message, () => {});
  }

  #onExit(member: Member, how: string): void {
    this.#members.delete(member.id);
    this.#cuts.gone(member.id);
    for (const ask of this.#asks.values()) if (ask.from.delete(member.id) && ask.from.size === 0) ask.done();
    this.#events.onWorkers();
    if (this.#draining) return;
    this.#events.log(`Worker ${member.process.pid} died (${how}); another one takes its place.`);
    this.#shortLives = performance.now() - member.bornAtMs < SHORT_LIFE_MS ? this.#shortLives + 1 : 0;
    const pause = this.#shortLives < 3 ? 0 : Math.min(1_000, 50 * 2 ** (this.#shortLives - 3));
    if (pause === 0) this.#spawn();
    else setTimeout(() => this.#draining || this.#spawn(), pause);
  }

  #killHung(): void {
    const now = performance.now();
    for (const member of this.#up()) {
      if (member.askedAtMs === null || now - member.askedAtMs < HUNG_MS) continue;
      this.#events.log(
        `Worker ${member.process.pid} has not answered for ${HUNG_MS / 1000} s; it is killed.`,
      );
      member.process.kill('SIGKILL');
    }
  }

  #openHandles(listeners: readonly Listener[]): void {
    if (this.#settings.sharing !== 'handle') return;
    const wanted = new Set(listeners.map(listenerKey));
    for (const [key, handle] of this.#handles) {
      if (wanted.has(key)) continue;
      this.#handles.delete(key);
      handle.close();
    }
    for (const listener of listeners) {
      const key = listenerKey(listener);
      if (this.#handles.has(key)) continue;
      try {
        this.#handles.set(key, openShared(listener));
      } catch (error) {
        this.#events.log(`${key} can't be opened: ${(error as Error).message}.`);
      }
    }
  }
}
