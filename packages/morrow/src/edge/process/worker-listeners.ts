import { createServer, type Server, type Socket } from 'node:net';
import { SERVER_OPTIONS } from '../proxy/types.ts';
import {
  closeListener,
  describeListenError,
  type Listener,
  listenAlone,
  listenerKey,
  listenShared,
  type Sharing,
} from './listen.ts';

/** The ports on which one worker accepts connections. */
export class WorkerListeners {
  readonly #sharing: Sharing;
  readonly #onConnection: (socket: Socket, listener: Listener) => void;
  readonly #servers = new Map<string, Server>();
  readonly #handles = new Map<string, object>();
  #problems: Record<string, string | null> = {};

  constructor(sharing: Sharing, onConnection: (socket: Socket, listener: Listener) => void) {
    this.#sharing = sharing;
    this.#onConnection = onConnection;
  }

  /** By key: null where connections are accepted, else why they can't be. */
  get state(): Readonly<Record<string, string | null>> {
    return this.#problems;
  }

  /** Keeps a handle that the master shares, for the {@link want} that follows. */
  giveHandle(listener: Listener, handle: object): void {
    this.#handles.set(listenerKey(listener), handle);
  }

  /** Whether {@link want} would have nothing to do. */
  has(listeners: readonly Listener[]): boolean {
    return (
      listeners.length === this.#servers.size && listeners.every((one) => this.#servers.has(listenerKey(one)))
    );
  }

  /** From now on accepts connections on exactly these; what could not be opened shows in {@link state}. */
  async want(listeners: readonly Listener[]): Promise<void> {
    const wanted = new Set(listeners.map(listenerKey));
    for (const [key, server] of this.#servers) {
      if (wanted.has(key)) continue;
      this.#servers.delete(key);
      this.#handles.delete(key);
      void closeListener(server);
    }
    const opened = await Promise.all(
      listeners.map(async (listener) => [listenerKey(listener), await this.#open(listener)] as const),
    );
    this.#problems = Object.fromEntries(opened);
  }

  /** From its end on accepts no further connection. */
  async close(): Promise<void> {
    const servers = [...this.#servers.values()];
    this.#servers.clear();
    this.#problems = {};
    await Promise.all(servers.map(closeListener));
  }

  async #open(listener: Listener): Promise<string | null> {
    const key = listenerKey(listener);
    if (this.#servers.has(key)) return this.#problems[key] ?? null;
    const server = createServer(SERVER_OPTIONS, (socket) => this.#onConnection(socket, listener));
    this.#servers.set(key, server);
    try {
      const handle = this.#handles.get(key);
      if (this.#sharing === 'reuse-port') await listenAlone(server, listener);
      else if (handle) await listenShared(server, handle);
      else throw new Error('the master gave no handle for it');
      // A passing shortage (of file descriptors, say) ends no worker: the connection is lost, the port is not.
      server.on('error', () => {});
      return null;
    } catch (error) {
      this.#servers.delete(key);
      return describeListenError(error as NodeJS.ErrnoException, listener);
    }
  }
}
