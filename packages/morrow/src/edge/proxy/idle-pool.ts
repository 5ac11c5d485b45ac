/** A connection that waits for its next request. */
export interface Idle {
  /** Monotonic, ms. */
  idleSinceMs: number;
  /** How long it may wait, ms. */
  readonly idleLimitMs: number;
  destroy(): void;
}

/** Idle connections to one target. The one used last is taken first, so that spare ones grow old and go. */
export class IdlePool<Connection extends Idle> {
  readonly #idle: Connection[] = [];

  get size(): number {
    return this.#idle.length;
  }

  /**
   * A connection idle for less than `maxIdleMs`, which is then the caller's; null where there is none.
   * Those that waited beyond their limit are closed.
   */
  take(nowMs: number, maxIdleMs: number): Connection | null {
    for (;;) {
      const connection = this.#idle.at(-1);
      if (connection === undefined) return null;
      const idleMs = nowMs - connection.idleSinceMs;
      if (idleMs < connection.idleLimitMs && idleMs >= maxIdleMs) return null;
      this.#idle.pop();
      if (idleMs < connection.idleLimitMs) return connection;
      connection.destroy();
    }
  }

  /** Keeps it, or closes it where there are `limit` already. */
  put(connection: Connection, nowMs: number, limit: number): boolean {
    if (this.#idle.length >= limit) {
      connection.destroy();
      return false;
    }
    connection.idleSinceMs = nowMs;
    this.#idle.push(connection);
    return true;
  }

  /** It closed by itself. */
  remove(connection: Connection): void {
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  /** Closes all. */
  clear(): void {
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }
}
