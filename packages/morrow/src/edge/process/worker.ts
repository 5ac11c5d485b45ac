/**
 * A worker: the data plane, told by its master what to serve. If the master dies it serves on with what it has
 * (orphan.ts) until a new master's workers have taken over.
 */
import type { EdgeService } from '../api.ts';
import { createProxy } from '../proxy/proxy.ts';
import type { Proxy as DataPlane } from '../proxy/types.ts';
import { drainLimitMs } from './drain-limit.ts';
import { targetsOf } from './memory.ts';
import type { CutAnswer, FromWorker, Served, ToWorker, WorkerSettings } from './messages.ts';
import { Orphan } from './orphan.ts';
import { WorkerListeners } from './worker-listeners.ts';

/** Runs this process as a worker; it ends when its master (or the lack of one) tells it to. */
export function runWorker(): void {
  const worker = new Worker();
  process.on('message', (message, handle) => worker.onMessage(message as ToWorker, handle as object));
  process.on('disconnect', () => worker.onMasterGone());
  process.on('SIGTERM', () => worker.leave());
  // A terminal sends Ctrl-C to the whole group; only the master decides then.
  process.on('SIGINT', () => {});
  worker.send({ type: 'up' });
}

class Worker {
  readonly #proxy: DataPlane = createProxy({
    onSuspect: (target) => this.send({ type: 'suspect', target }),
    onDrained: (service, slot) => this.send({ type: 'drained', service, slot }),
  });
  #listeners: WorkerListeners | null = null;
  #settings: WorkerSettings | null = null;
  #served: Served | null = null;
  readonly #healthy = new Set<string>();
  #spokenAtMs = performance.now();
  #leaving = false;

  send(message: FromWorker): void {
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  }

  onMessage(message: ToWorker, handle: object): void {
    switch (message.type) {
      case 'settings':
        this.#settings = message.settings;
        this.#listeners = new WorkerListeners(message.settings.sharing, (socket, listener) =>
          listener.preview
            ? this.#proxy.handlePreviewConnection(socket)
            : this.#proxy.handleConnection(socket, listener.port),
        );
        return;
      case 'handle':
        this.#listeners?.giveHandle(message.listener, handle);
        return;
      case 'serve':
        void this.#serve(message.cut, message.served);
        return;
      case 'cut':
        this.#spokenAtMs = performance.now() - message.silentMs;
        this.send(this.#answer(message.cut));
        return;
      case 'health':
        this.#setHealthy(message.target, message.healthy);
        return;
      case 'ask-in-flight':
        this.send({ type: 'in-flight', ask: message.ask, inFlight: this.#proxy.inFlight() });
        return;
      case 'drain':
        this.leave(message.limitMs);
    }
  }

  /** Without a master: serve on, take traffic back to stable if it comes to that, and leave when replaced. */
  onMasterGone(): void {
    if (this.#leaving) return;
    if (!this.#settings || !this.#served) process.exit(0);
    const orphan = new Orphan(this.#settings, {
      spokenAtMs: this.#spokenAtMs,
      served: this.#served,
      isHealthy: (target) => this.#healthy.has(target),
      apply: (services) => this.#apply(services),
      leave: () => this.leave(),
    });
    orphan.start();
  }

  /** Accepts no further connection, lets requests finish, and ends. Asked again it goes on as it is. */
  leave(limitMs = this.#drainMs()): void {
    if (this.#leaving) return;
    this.#leaving = true;
    void this.#end(limitMs);
  }

  async #end(limitMs: number): Promise<void> {
    // First the ports, then the connections: a client that is sent away must not come back here.
    await this.#listeners?.close();
    await this.#proxy.drain(limitMs);
    // The last counts still have to get to the master; an orphan has nobody to send them to.
    const last = this.#answer(-1);
    if (!process.connected) process.exit(0);
    process.send?.(last, undefined, undefined, () => process.exit(0));
  }

  async #serve(cut: number, served: Served): Promise<void> {
    // Counts are taken and the change is made in one go: no request can end in between.
    const answer = this.#answer(cut);
    this.#apply(served.services);
    this.#served = served;
    this.#healthy.clear();
    for (const { id } of targetsOf(served.services)) this.#setHealthy(id, served.healthy.includes(id));
    const atMs = Date.now();
    const listeners = this.#listeners;
    if (listeners && !listeners.has(served.listeners)) await listeners.want(served.listeners);
    this.send({ ...answer, atMs, listening: listeners?.state ?? {} });
  }

  #apply(services: readonly EdgeService[]): void {
    this.#proxy.apply(services);
  }

  #answer(cut: number): CutAnswer {
    return {
      type: 'cut',
      cut,
      atMs: Date.now(),
      counts: this.#proxy.takeCounts(),
      inFlight: this.#proxy.inFlight(),
      listening: this.#listeners?.state ?? {},
    };
  }

  #setHealthy(target: string, healthy: boolean): void {
    if (healthy) this.#healthy.add(target);
    else this.#healthy.delete(target);
    this.#proxy.setHealthy(target, healthy);
  }

  #drainMs(): number {
    return drainLimitMs(this.#served?.services ?? []);
  }
}
