/** The controller's side of the edge's admin socket; the other side is `process/admin.ts`. */
import { Agent, type IncomingMessage, request } from 'node:http';
import { ERRORS, type ErrorCode, MorrowError } from '../errors.ts';
import type {
  EdgeAck,
  EdgeBlocks,
  EdgeEvent,
  EdgeService,
  EdgeState,
  PutController,
  PutWeights,
} from './api.ts';
import { EdgeRefusal } from './refusal.ts';

export { EdgeRefusal };

export interface EdgeClientOptions {
  readonly socketPath: string;
  /** For an answer, ms; then `EDGE_UNREACHABLE`. Default 10 s: longer than a hung worker is waited for. */
  readonly timeoutMs?: number;
}

export interface EdgeEventListener {
  readonly onEvent: (event: EdgeEvent) => void;
  /** The stream is open (again): whatever happened before was missed, so look at the state. */
  readonly onOpen?: () => void;
  /** The stream has ended: the edge has died, or is ending. */
  readonly onClose?: () => void;
}

/** Pause before the event stream is opened again, ms: at first, and at most. */
const REOPEN_MS = { first: 50, most: 250 };

/**
 * Talks to an edge. Every method rejects with a {@link MorrowError}: `EDGE_UNREACHABLE` if no edge answers, or an
 * {@link EdgeRefusal} with what the edge says: `EDGE_EPOCH_STALE` (its `epoch` is the one in force),
 * `UNKNOWN_SERVICE`, `EDGE_BAD_REQUEST`.
 */
export class EdgeClient {
  readonly #options: Required<EdgeClientOptions>;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 });

  constructor(options: EdgeClientOptions) {
    this.#options = { timeoutMs: 10_000, ...options };
  }

  state(): Promise<EdgeState> {
    return this.#json('GET', '/v1/state');
  }

  /** Resolves once every worker serves by it and it would survive a power cut. */
  putService(epoch: number, service: EdgeService): Promise<EdgeAck> {
    return this.#json('PUT', servicePath(service.name), { epoch, service });
  }

  /** Resolves once every worker serves by it. */
  putWeights(service: string, put: PutWeights): Promise<EdgeAck> {
    return this.#json('PUT', `${servicePath(service)}/weights`, put);
  }

  deleteService(service: string, epoch: number): Promise<EdgeAck> {
    return this.#json('DELETE', `${servicePath(service)}?epoch=${epoch}`);
  }

  /** Says that the controller of this epoch lives. */
  heartbeat(epoch: number): Promise<EdgeAck> {
    return this.#json('POST', '/v1/heartbeat', { epoch });
  }

  /** How the edge starts the controller again when no event stream has been open for a second; null: it doesn't. */
  putController(put: PutController): Promise<EdgeAck> {
    return this.#json('PUT', '/v1/controller', put);
  }

  /** Blocks with a higher number than `after`, oldest first. */
  blocks(service: string, after: number): Promise<EdgeBlocks> {
    return this.#json('GET', `/v1/blocks?service=${encodeURIComponent(service)}&after=${after}`);
  }

  /** Prometheus text. */
  metrics(): Promise<string> {
    return this.#ask('GET', '/metrics');
  }

  /** Has the edge drain and end; resolves when it has begun to. */
  shutdown(epoch: number): Promise<EdgeAck> {
    return this.#json('POST', '/v1/shutdown', { epoch });
  }

  /**
   * Keeps an event stream open, and opens it again whenever it ends, until told to stop.
   * @returns how to stop
   */
  events(listener: EdgeEventListener): () => void {
    const stream = new EventStream(this.#options.socketPath, listener);
    stream.open();
    return () => stream.stop();
  }

  /** Lets go of idle connections. */
  close(): void {
    this.#agent.destroy();
  }

  async #json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const text = await this.#ask(method, path, body);
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      throw this.#unreachable('what answers there is not an edge', cause);
    }
  }

  async #ask(method: string, path: string, body?: unknown): Promise<string> {
    try {
      return await this.#once(method, path, body);
    } catch (error) {
      // A kept connection may be closed just as it is used again. Every request can be made twice.
      if (error instanceof StaleConnection) return this.#once(method, path, body);
      throw error;
    }
  }

  #once(method: string, path: string, body: unknown): Promise<string> {
    const { socketPath, timeoutMs } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const asked = request({ socketPath, agent: this.#agent, method, path, headers }, (answer) => {
      readText(answer).then((answered) => {
        const status = answer.statusCode ?? 0;
        if (status >= 200 && status < 300) resolve(answered);
        else reject(refusalOf(status, answered));
      }, fail);
    });
    const timer = setTimeout(() => {
      reject(this.#unreachable(`no answer within ${timeoutMs} ms`));
      asked.destroy();
    }, timeoutMs);
    const fail = (error: NodeJS.ErrnoException) =>
      reject(
        asked.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
          ? new StaleConnection(this.#unreachable('it closed the connection', error))
          : this.#unreachable(whyUnreachable(error), error),
      );
    asked.on('error', fail);
    asked.end(text);
    return promise.finally(() => clearTimeout(timer));
  }

  #unreachable(why: string, cause?: unknown): MorrowError {
    return new MorrowError(
      'EDGE_UNREACHABLE',
      `The edge at ${this.#options.socketPath} does not answer: ${why}.`,
      {
        hint: 'Is the environment up?',
        ...(cause === undefined ? {} : { cause }),
      },
    );
  }
}

/** A kept connection turned out to be closed: worth one more try. */
class StaleConnection extends MorrowError {
  constructor(beneath: MorrowError) {
    super(beneath.code, beneath.message, { hint: beneath.hint, cause: beneath });
  }
}

/** One event stream that is opened again and again. */
class EventStream {
  readonly #socketPath: string;
  readonly #listener: EdgeEventListener;
  #pauseMs = REOPEN_MS.first;
  #stopped = false;
  #cut: () => void = () => {};
  #timer: NodeJS.Timeout | undefined;

  constructor(socketPath: string, listener: EdgeEventListener) {
    this.#socketPath = socketPath;
    this.#listener = listener;
  }

  open(): void {
    const asked = request({ socketPath: this.#socketPath, path: '/v1/events', agent: false }, (answer) => {
      this.#read(answer);
    });
    this.#cut = () => asked.destroy();
    asked.on('error', () => {});
    asked.on('close', () => this.#reopen());
    asked.end();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#cut();
  }

  #read(answer: IncomingMessage): void {
    answer.on('error', () => {});
    if (answer.statusCode !== 200) {
      answer.destroy();
      return;
    }
    this.#pauseMs = REOPEN_MS.first;
    this.#listener.onOpen?.();
    answer.on('close', () => this.#stopped || this.#listener.onClose?.());
    let rest = '';
    answer.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line && !this.#stopped) this.#listener.onEvent(JSON.parse(line));
    });
  }

  #reopen(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => this.open(), this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, REOPEN_MS.most);
  }
}

const servicePath = (name: string): string => `/v1/services/${encodeURIComponent(name)}`;

async function readText(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) text += chunk;
  return text;
}

function whyUnreachable(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOENT':
      return 'there is no such socket';
    case 'ECONNREFUSED':
      return 'nobody listens on the socket';
    case 'EACCES':
      return 'the socket belongs to another user';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'it closed the connection';
    default:
      return error.message;
  }
}

function refusalOf(status: number, text: string): MorrowError {
  try {
    const { code, message, hint, epoch } = JSON.parse(text);
    return new EdgeRefusal(status, (code in ERRORS ? code : 'INTERNAL') as ErrorCode, String(message), {
      hint: String(hint ?? ''),
      ...(typeof epoch === 'number' ? { epoch } : {}),
    });
  } catch {
    return new MorrowError('EDGE_UNREACHABLE', `What answers there is not an edge: it answered ${status}.`);
  }
}
