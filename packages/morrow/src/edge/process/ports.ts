import { type Listener, listenerKey, type Sharing, tryPort } from './listen.ts';

export interface PortsContext {
  readonly sharing: Sharing;
  /** Whether a worker of this master, or one that an earlier master left behind, already holds the port. */
  readonly isOurs: (port: number) => boolean;
}

/** Which of the wanted ports the workers may open, and why the others can't be had. */
export class Ports {
  readonly #context: PortsContext;
  readonly #free = new Set<string>();
  readonly #problems = new Map<string, string>();

  constructor(context: PortsContext) {
    this.#context = context;
  }

  /** Those that workers may open. */
  open(listeners: readonly Listener[]): readonly Listener[] {
    return listeners.filter((listener) => this.#free.has(listenerKey(listener)));
  }

  /** Why a port can't be had, as a sentence; null if it can. */
  problem(listener: Listener): string | null {
    return this.#problems.get(listenerKey(listener)) ?? null;
  }

  /**
   * Finds out about ports that are new or could not be had before; forgets those no longer wanted.
   *
   * @param broken ports that a worker could not open although they had seemed free
   * @returns whether {@link open} has changed
   */
  async want(listeners: readonly Listener[], broken: readonly Listener[] = []): Promise<boolean> {
    const before = [...this.#free].sort().join();
    const wanted = new Set(listeners.map(listenerKey));
    for (const key of this.#free) if (!wanted.has(key)) this.#free.delete(key);
    for (const key of this.#problems.keys()) if (!wanted.has(key)) this.#problems.delete(key);
    for (const listener of broken) this.#free.delete(listenerKey(listener));
    const unknown = listeners.filter((listener) => !this.#free.has(listenerKey(listener)));
    await Promise.all(unknown.map((listener) => this.#find(listener)));
    return [...this.#free].sort().join() !== before;
  }

  async #find(listener: Listener): Promise<void> {
    const key = listenerKey(listener);
    const { sharing, isOurs } = this.#context;
    const found = sharing === 'reuse-port' && isOurs(listener.port) ? listener.port : await tryPort(listener);
    if (typeof found === 'string') {
      this.#problems.set(key, found);
    } else {
      this.#problems.delete(key);
      this.#free.add(key);
    }
  }
}
