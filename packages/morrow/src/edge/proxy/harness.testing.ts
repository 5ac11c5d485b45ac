import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { EdgeService } from '../api.ts';
import { createProxy } from './proxy.ts';
import { type Proxy as DataPlane, type ProxyOptions, SERVER_OPTIONS } from './types.ts';

/** Port that the services of tests name; the listener's own is chosen by the system. */
export const PORT = 8_080;

const cleanups: (() => Promise<void> | void)[] = [];

/** What scripts of servers found to be wrong. */
const complaints: Error[] = [];

/** Ends everything that the helpers below started, and fails where a server's script found fault; for `afterEach`. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  const [complaint] = complaints.splice(0);
  if (complaint !== undefined) throw complaint;
}

/** Has `cleanup` done with all others. */
export const atEnd = (cleanup: () => Promise<void> | void): unknown => cleanups.push(cleanup);

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}

/** Bytes that come in on a socket, to be waited for. Text is latin1 throughout. */
export class Peer {
  readonly socket: Socket;
  /** Everything that came so far. */
  received = '';
  /** The other side sent its FIN. */
  ended = false;
  /** The connection is over; `error` says how, if not orderly. */
  closed = false;
  error: string | null = null;
  #wake: (() => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1');
      this.#changed();
    });
    socket.on('end', () => {
      this.ended = true;
      this.#changed();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? error.message;
    });
    socket.on('close', () => {
      this.closed = true;
      this.#changed();
    });
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  send(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }

  /** Waits until the condition holds; fails, with what came so far, when the connection is over before. */
  async until(condition: (peer: Peer) => boolean, what = String(condition)): Promise<this> {
    while (!condition(this)) {
      if (this.closed)
        throw new Error(`closed (${this.error ?? 'orderly'}) before ${what}; got ${this.received}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    return this;
  }

  /** Waits for text to come, and takes away what came up to its end. */
  async take(text: string): Promise<string> {
    await this.until(() => this.received.includes(text), JSON.stringify(text));
    const end = this.received.indexOf(text) + text.length;
    const taken = this.received.slice(0, end);
    this.received = this.received.slice(end);
    return taken;
  }

  /** Waits for a head, and takes it away. */
  async head(): Promise<string> {
    return this.take('\r\n\r\n');
  }

  /** Waits until the connection is over, and gives everything that came. */
  async end(): Promise<string> {
    while (!this.closed && !this.ended) await new Promise<void>((resolve) => this.#wake.push(resolve));
    return this.received;
  }
}

/** A server whose connections are handled by hand. */
export class Upstream {
  port = 0;
  /** Connections in the order in which they came. */
  readonly peers: Peer[] = [];
  #wake: (() => void)[] = [];
  #server: Server;

  /** @param script what happens on each connection; index counts from 0 */
  constructor(script?: (peer: Peer, index: number) => Promise<void> | void, allowHalfOpen = false) {
    this.#server = createServer({ allowHalfOpen, noDelay: true }, (socket) => {
      const peer = new Peer(socket);
      const index = this.peers.push(peer) - 1;
      for (const wake of this.#wake.splice(0)) wake();
      // A script that waits for something may be left behind when the test ends: that alone is no fault.
      Promise.resolve(script?.(peer, index)).catch((error: Error) => {
        if (error.name === 'AssertionError') complaints.push(error);
      });
    });
  }

  async start(): Promise<this> {
    this.port = await listen(this.#server);
    return this;
  }

  /** The connection with that index, once it is there. */
  async peer(index = 0): Promise<Peer> {
    while (this.peers[index] === undefined) await new Promise<void>((resolve) => this.#wake.push(resolve));
    return this.peers[index] as Peer;
  }
}

/** A server that does as the script says on each connection. */
export const startUpstream = (
  script?: (peer: Peer, index: number) => Promise<void> | void,
): Promise<Upstream> => new Upstream(script).start();

/** A server that gives the same answer to every request, all of which have no body. */
export const startAnswering = (answer: string): Promise<Upstream> =>
  startUpstream(async (peer) => {
    for (;;) {
      await peer.head();
      peer.send(answer);
    }
  });

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Short answer with that body. */
export const ok = (body = 'ok'): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** Head of a GET. */
export const get = (path = '/', more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: a.example\r\n${more}\r\n`;

/** A service `web` with one slot `blue` whose targets listen on these ports, and whatever is overridden. */
export function service(ports: readonly number[], more: Partial<EdgeService> = {}): EdgeService {
  const targets = ports.map((port, i) => ({ id: `web-blue-${i}`, host: '127.0.0.1', port }));
  return {
    name: 'web',
    listen: { address: '127.0.0.1', port: PORT, hosts: [], pathPrefix: '/' },
    slots: { blue: { revision: 'r-blue', targets, draining: false }, green: null },
    weights: { blue: 100, green: 0 },
    stable: 'blue',
    health: {
      readyPath: '/health',
      livePath: '/health/live',
      intervalMs: 1_000,
      timeoutMs: 1_000,
      failures: 3,
    },
    timeouts: { connectMs: 5_000, answerMs: 20_000, idleMs: 20_000, drainMs: 20_000 },
    maxBodyBytes: null,
    ...more,
  };
}

/** A proxy behind a real listener. */
export class Edge {
  readonly proxy: DataPlane;
  port = 0;
  previewPort = 0;

  constructor(options: ProxyOptions = {}) {
    this.proxy = createProxy(options);
  }

  async start(): Promise<this> {
    atEnd(() => this.proxy.close());
    this.port = await listen(
      createServer(SERVER_OPTIONS, (socket) => this.proxy.handleConnection(socket, PORT)),
    );
    this.previewPort = await listen(
      createServer(SERVER_OPTIONS, (socket) => this.proxy.handlePreviewConnection(socket)),
    );
    return this;
  }

  /** Applies the services, with all their targets healthy. */
  apply(...services: EdgeService[]): this {
    this.proxy.apply(services);
    for (const { slots } of services)
      for (const slot of [slots.blue, slots.green])
        for (const target of slot?.targets ?? []) this.proxy.setHealthy(target.id, true);
    return this;
  }

  /** A new connection to it. */
  async client(port = this.port): Promise<Peer> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    await once(socket, 'connect');
    atEnd(() => {
      socket.destroy();
    });
    return new Peer(socket);
  }
}

/** A proxy with these services, all targets healthy. */
export async function startEdge(services: readonly EdgeService[], options: ProxyOptions = {}): Promise<Edge> {
  const edge = await new Edge(options).start();
  return edge.apply(...services);
}

/** Lets events happen until the condition holds; the test's own time limit is the only one. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

/** A head without its end, as lines, the start line first. */
export const lines = (head: string): string[] => head.slice(0, head.indexOf('\r\n\r\n')).split('\r\n');

/** Value of a field in a head, or null; the name in any letter case. */
export function field(head: string, name: string): string | null {
  const line = lines(head).find((each) => each.toLowerCase().startsWith(`${name.toLowerCase()}: `));
  return line === undefined ? null : line.slice(name.length + 2);
}
