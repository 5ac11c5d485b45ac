/** The WebSocket side: users that stay connected, say something each second and expect to hear it again. */
import type { IncomingMessage } from 'node:http';
import WebSocket from 'ws';
import { wallClock } from './clock.ts';
import { errorOf } from './http.ts';
import type { LoadOptions } from './options.ts';
import { isDrainSignal, type LoadError, type SocketRecord } from './records.ts';

/** One user; comes back when it is disconnected. */
export interface WebSocketUser {
  /** Says goodbye; resolves when the connection has ended. */
  stop(): Promise<void>;
}

const MESSAGE_EVERY_MS = 1000;
/** Before another try after a failure, or where a connection was told to go away as soon as it had come. */
const RETRY_MS = 200;
const LASTED_MS = 100;
/** For the other side to end the connection once the close frames have been exchanged. */
const CLOSE_MS = 2000;

/**
 * @param user its number, from 0; users speak at different moments of a second
 * @param report called for each handshake, message and end
 */
export function webSocketUser(
  options: LoadOptions,
  user: number,
  report: (record: SocketRecord) => void,
): WebSocketUser {
  let stopped = false;
  let retry: NodeJS.Timeout | undefined;
  let connection: Connection | null = null;

  const begin = (): void => {
    connection = new Connection(options, user, report);
    void connection.gone.then((atOnce) => {
      connection = null;
      if (!stopped) retry = setTimeout(begin, atOnce ? 0 : RETRY_MS);
    });
  };
  begin();
  return {
    stop: async () => {
      stopped = true;
      clearTimeout(retry);
      await connection?.leave();
    },
  };
}

/** When something began, by both clocks. */
interface Moment {
  readonly at: number;
  readonly started: number;
}

const moment = (): Moment => ({ at: wallClock(), started: performance.now() });
const since = ({ at, started }: Moment): { at: number; ms: number } => ({
  at,
  ms: performance.now() - started,
});

let messages = 0;

class Connection {
  /** Resolves when the connection has ended, with whether it was asked to come back and may do so at once. */
  readonly gone: Promise<boolean>;
  readonly #options: LoadOptions;
  readonly #user: number;
  readonly #report: (record: SocketRecord) => void;
  readonly #socket: WebSocket;
  readonly #begun = moment();
  /** Sent, and not yet echoed; oldest first. */
  readonly #unanswered: (Moment & { text: string; overdue: NodeJS.Timeout })[] = [];
  #opened: Moment | null = null;
  #status: number | null = null;
  #revision: string | null = null;
  #failure: { error: LoadError; detail: string } | null = null;
  #leaving = false;
  #speaking: NodeJS.Timeout | undefined;

  constructor(options: LoadOptions, user: number, report: (record: SocketRecord) => void) {
    this.#options = options;
    this.#user = user;
    this.#report = report;
    // `closeTimeout` is younger than the type declarations.
    const settings: WebSocket.ClientOptions & { closeTimeout: number } = {
      handshakeTimeout: options.timeoutMs,
      perMessageDeflate: false,
      closeTimeout: CLOSE_MS,
      ...(options.host === null ? {} : { headers: { host: options.host } }),
    };
    const base = options.url.replace(/^http/, 'ws').replace(/\/$/, '');
    this.#socket = new WebSocket(`${base}${options.webSocketPath}`, settings);
    this.#socket.on('upgrade', (res) => this.#answered(res));
    this.#socket.on('unexpected-response', (req, res) => {
      this.#answered(res);
      this.#failure = { error: 'status', detail: `answered ${res.statusCode}` };
      req.destroy();
      this.#socket.terminate();
    });
    this.#socket.on('open', () => this.#open());
    this.#socket.on('message', (data) => this.#hear(String(data)));
    this.#socket.on('error', (error) => {
      this.#failure ??= { error: socketError(error, this.#opened !== null), detail: error.message };
    });
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.gone = promise;
    this.#socket.on('close', (code, reason) => {
      this.#closed(code, String(reason));
      resolve(isDrainSignal(code) && performance.now() - this.#begun.started > LASTED_MS);
    });
  }

  /** Closes from this side. */
  async leave(): Promise<void> {
    this.#leaving = true;
    if (this.#opened === null) this.#socket.terminate();
    else this.#socket.close(1000);
    await this.gone;
  }

  #answered(res: IncomingMessage): void {
    const revision = res.headers['x-morrow-revision'];
    this.#revision = typeof revision === 'string' ? revision : null;
    this.#status = res.statusCode ?? null;
  }

  #open(): void {
    this.#opened = moment();
    this.#report({ ...this.#base('ws-open'), ...since(this.#begun), status: 101, error: null });
    const phase = this.#user / Math.max(1, this.#options.webSockets);
    this.#speaking = setTimeout(() => this.#speak(), MESSAGE_EVERY_MS * phase);
  }

  #speak(): void {
    messages += 1;
    const text = `${process.pid}-${messages}`;
    const overdue = setTimeout(() => this.#giveUp(), this.#options.timeoutMs);
    this.#unanswered.push({ ...moment(), text, overdue });
    this.#socket.send(text);
    this.#speaking = setTimeout(() => this.#speak(), MESSAGE_EVERY_MS);
  }

  #giveUp(): void {
    const oldest = this.#unanswered[0];
    if (oldest !== undefined)
      this.#report({ ...this.#base('ws-message'), ...since(oldest), error: 'timeout' });
    this.#leaving = true;
    this.#socket.terminate();
  }

  #hear(heard: string): void {
    const said = this.#unanswered.shift();
    clearTimeout(said?.overdue);
    const base = { ...this.#base('ws-message'), ...since(said ?? moment()) };
    const expected = said?.text ?? 'nothing';
    if (heard === expected) this.#report({ ...base, error: null });
    else this.#report({ ...base, error: 'wrong-body', detail: `said ${expected}, heard ${heard}` });
  }

  #closed(code: number, reason: string): void {
    clearTimeout(this.#speaking);
    for (const { overdue } of this.#unanswered) clearTimeout(overdue);
    if (this.#opened === null) {
      const why = this.#failure ?? { error: 'reset', detail: 'closed within the handshake' };
      const record = { ...this.#base('ws-open'), ...since(this.#begun), status: this.#status, ...why };
      if (!this.#leaving) this.#report(record);
      return;
    }
    const base = {
      ...this.#base('ws-close'),
      ...since(this.#opened),
      code,
      unanswered: this.#unanswered.length,
    };
    const why = this.#failure ?? { error: 'closed', detail: `closed with ${code} ${reason}`.trim() };
    this.#report(isDrainSignal(code) || this.#leaving ? { ...base, error: null } : { ...base, ...why });
  }

  #base<Kind extends SocketRecord['kind']>(
    kind: Kind,
  ): { kind: Kind; user: number; revision: string | null } {
    return { kind, user: this.#user, revision: this.#revision };
  }
}

function socketError(error: Error, isOpen: boolean): LoadError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code.startsWith('WS_ERR_')) return 'malformed';
  if (isOpen) return 'closed';
  if (error.message.includes('handshake has timed out')) return 'timeout';
  if (/^(Invalid|Server sent)/.test(error.message)) return 'malformed';
  return errorOf(error, { res: null });
}
