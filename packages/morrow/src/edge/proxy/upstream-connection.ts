import { connect, type Socket } from 'node:net';
import { ResponseReader } from '../http1/response-reader.ts';
import type { HeadLimits } from '../http1/types.ts';
import type { Idle, IdlePool } from './idle-pool.ts';
import { Timed, type TimerWheel } from './timer-wheel.ts';

/** What is read from a target at once, at most. Only what is read into it takes memory. */
const READ_BYTES = 131_072;

/** Whoever a connection to a target works for at the moment: an exchange or a tunnel. */
export interface UpstreamUser {
  upstreamConnected(): void;
  /**
   * Bytes of the target, in a buffer that is used again for the next read.
   * @returns whether the buffer is still needed, because bytes of it wait in some socket; then it is not used again
   */
  upstreamData(chunk: Buffer): boolean;
  /** The target sent its FIN. */
  upstreamEnded(): void;
  /** What was written before has left. */
  upstreamDrained(): void;
  /** The connection is gone; `code` is the system's (`ECONNREFUSED`), or null after an ordinary close. */
  upstreamClosed(code: string | null): void;
}

/** One connection to a target. It works for one {@link UpstreamUser} at a time, or waits in the target's pool. */
export class UpstreamConnection extends Timed implements Idle {
  readonly socket: Socket;
  readonly reader: ResponseReader;
  user: UpstreamUser | null = null;
  connected = false;
  /** It has answered a request before. */
  reused = false;
  idleSinceMs = 0;
  idleLimitMs: number;
  readonly #pool: IdlePool<UpstreamConnection>;
  readonly #wheel: TimerWheel;
  #buffer: Buffer;

  constructor(
    address: { readonly host: string; readonly port: number },
    pool: IdlePool<UpstreamConnection>,
    options: { readonly wheel: TimerWheel; readonly limits: HeadLimits; readonly idleMs: number },
  ) {
    super();
    this.#pool = pool;
    this.#wheel = options.wheel;
    this.idleLimitMs = options.idleMs;
    this.reader = new ResponseReader(options.limits);
    this.#buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    this.socket = connect({
      onread: { buffer: () => this.#buffer, callback: (length) => this.#read(length) },
      host: address.host,
      port: address.port,
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
    });
    this.#listen();
  }

  #listen(): void {
    let code: string | null = null;
    this.socket.on('connect', () => {
      this.connected = true;
      this.user?.upstreamConnected();
    });
    this.socket.on('end', () => {
      if (this.user === null) this.destroy();
      else this.user.upstreamEnded();
    });
    this.socket.on('drain', () => this.user?.upstreamDrained());
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      code = error.code ?? error.message;
      // `close` comes a moment later; nobody must get the connection in between.
      this.#pool.remove(this);
    });
    this.socket.on('close', () => {
      const { user } = this;
      this.user = null;
      this.#wheel.remove(this);
      this.#pool.remove(this);
      user?.upstreamClosed(code);
    });
  }

  #read(length: number): boolean {
    // Bytes that nobody asked for: whatever comes next on this connection could be taken for an answer.
    if (this.user === null) this.destroy();
    else if (this.user.upstreamData(this.#buffer.subarray(0, length)))
      this.#buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    return true;
  }

  /**
   * The answer is whole and the connection may be used again.
   * @param idleMs how long it may wait; less where the target said so
   */
  release(nowMs: number, limit: number): void {
    this.user = null;
    this.reused = true;
    this.reader.next();
    if (this.#pool.put(this, nowMs, limit)) this.#wheel.arm(this, nowMs, this.idleLimitMs);
  }

  /** Takes it out of the pool's hands. */
  use(user: UpstreamUser): void {
    this.user = user;
    this.#wheel.disarm(this);
  }

  /** The target said how long it keeps idle connections (`Keep-Alive: timeout=5`): close a second before it does. */
  heedKeepAlive(value: string): void {
    const seconds = /(?:^|[,\s])timeout=(\d{1,6})/i.exec(value)?.[1];
    if (seconds !== undefined)
      this.idleLimitMs = Math.min(this.idleLimitMs, Math.max(0, Number(seconds) - 1) * 1_000);
  }

  /** Idle for too long. */
  expired(): void {
    if (this.user === null) this.destroy();
  }

  /** Closes it at once and tells nobody. */
  destroy(): void {
    this.user = null;
    this.#pool.remove(this);
    this.socket.destroy();
  }
}
