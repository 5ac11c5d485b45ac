/**
 * How several workers accept connections on one port. Where the platform balances connections over sockets that share
 * a port (`SO_REUSEPORT` as Linux and the BSDs have it) each worker opens its own; elsewhere the master opens
 * one handle and the workers accept from it in turn. All that differs between platforms stands in this file.
 */
import * as net from 'node:net';

export interface Listener {
  readonly address: string;
  readonly port: number;
  /** Chooses a revision by header; only on loopback. */
  readonly preview: boolean;
}

export type Sharing = 'reuse-port' | 'handle';

export const listenerKey = ({ address, port }: Listener): string =>
  net.isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;

const BACKLOG = 1024;
/** Under so many new connections that there is never a quiet round, a listener closes after so long, ms. */
const CLOSE_LIMIT_MS = 1_000;

/** Which way this platform has. */
export async function detectSharing(): Promise<Sharing> {
  const server = net.createServer();
  try {
    await listening(server, { host: '127.0.0.1', port: 0, reusePort: true });
    return 'reuse-port';
  } catch {
    return 'handle';
  } finally {
    server.close();
  }
}

/** Opens a listener of this worker's own. @throws the system's error, as {@link describeListenError} words it */
export const listenAlone = (server: net.Server, { address, port }: Listener): Promise<void> =>
  listening(server, { host: address, port, reusePort: true, backlog: BACKLOG });

/** Accepts from a handle that others accept from as well. */
export const listenShared = (server: net.Server, handle: object): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(handle, BACKLOG, resolve);
  return promise;
};

/** Bound, but not accepting: the master must not take connections that are the workers'. */
export interface SharedHandle {
  close(): void;
}

/**
 * A handle to give to workers. @throws the system's error
 *
 * Node's own cluster module makes its shared handles by this function; a public one that binds without listening
 * does not exist.
 */
export function openShared({ address, port }: Listener): SharedHandle {
  const create = (net as unknown as { _createServerHandle: CreateServerHandle })._createServerHandle;
  const made = create(address === 'localhost' ? '127.0.0.1' : address, port, net.isIPv6(address) ? 6 : 4);
  if (typeof made !== 'number') return made;
  throw Object.assign(new Error(`cannot bind ${address}:${port}`), { errno: made });
}

type CreateServerHandle = (address: string, port: number, family: 4 | 6) => SharedHandle | number;

/**
 * Whether nobody listens there, found out by listening alone for a moment. `SO_REUSEPORT` would let two edges of one
 * user take the same port without a word, each getting some of the other's requests.
 *
 * @returns the port (the one the system chose, if 0 was asked for), or the sentence that says why it can't be had
 */
export async function tryPort({ address, port }: Listener): Promise<number | string> {
  const server = net.createServer((socket) => socket.destroy());
  try {
    await listening(server, { host: address, port });
    return (server.address() as net.AddressInfo).port;
  } catch (error) {
    return describeListenError(error as NodeJS.ErrnoException, { address, port });
  } finally {
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  }
}

/** Why a port can't be had, as a sentence. */
export function describeListenError(
  error: NodeJS.ErrnoException,
  { address, port }: Pick<Listener, 'address' | 'port'>,
): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `Port ${port} of ${address} is in use by another program.`;
    case 'EACCES':
      return `Port ${port} of ${address} may not be opened by this user.`;
    case 'EADDRNOTAVAIL':
      return `${address} is not an address of this machine.`;
    default:
      return `Port ${port} of ${address} can't be opened: ${error.message}.`;
  }
}

/**
 * Closes a listening socket without losing connections that the system has completed but the program has not yet
 * accepted: those would be reset. The event loop takes at least one in each of its rounds, so after a whole round
 * in which none came the queue is empty, and stays so for the few µs until the socket is closed.
 *
 * @returns when it is closed
 */
export async function closeListener(server: net.Server): Promise<void> {
  if (!server.listening) return;
  let quietRounds = 0;
  server.on('connection', () => {
    quietRounds = 0;
  });
  const end = performance.now() + CLOSE_LIMIT_MS;
  // The first round may have looked for connections before we began.
  while (quietRounds < 2 && performance.now() < end) {
    quietRounds += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  // Its `close` event would wait for the connections it has accepted, too.
  server.close();
}

function listening(server: net.Server, options: net.ListenOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(options, () => {
    server.off('error', reject);
    resolve();
  });
  return promise;
}
