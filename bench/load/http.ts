/** The HTTP side: one request at a time, over node's own client, whose strict parser judges every answer. */
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { wallClock } from './clock.ts';
import type { LoadOptions } from './options.ts';
import type { LoadError, RequestKind, RequestRecord } from './records.ts';

/** A request under way. */
interface Attempt {
  readonly kind: RequestKind;
  readonly at: number;
  readonly started: number;
  /** What an answer to a POST must be. */
  readonly body: Buffer | null;
  readonly req: ClientRequest;
  res: IncomingMessage | null;
  received: number;
  /** The answer's beginning; the whole of it where it is compared. */
  readonly chunks: Buffer[];
}

const SWEEP_MS = 50;
const DETAIL_BYTES = 300;

/**
 * Sends requests and reports each when it has ended. Nothing is tried twice: a kept connection that is closed while
 * it is idle costs no request, one that is closed with a request on it does, even if the two crossed on their way
 * (browsers would try a GET again; here it shows).
 */
export class HttpUsers {
  readonly #options: LoadOptions;
  readonly #report: (record: RequestRecord) => void;
  readonly #target: { host: string; port: number };
  readonly #single = new Agent({ keepAlive: false });
  /** An agent per kept connection: they are gone round, so that each is idle for a while between two requests. */
  readonly #lanes: readonly Agent[];
  readonly #underWay = new Set<Attempt>();
  readonly #sweep: NodeJS.Timeout;
  #counter = 0;
  #whenIdle: (() => void)[] = [];

  /** @param report called once for each request */
  constructor(options: LoadOptions, report: (record: RequestRecord) => void) {
    const base = new URL(options.url);
    this.#options = options;
    this.#report = report;
    this.#target = { host: base.hostname, port: base.port === '' ? 80 : Number(base.port) };
    this.#lanes = Array.from(
      { length: options.kept },
      () => new Agent({ keepAlive: true, maxFreeSockets: 1 }),
    );
    this.#sweep = setInterval(() => this.#endOverdue(), SWEEP_MS);
  }

  /** Starts a request of that kind, over a connection of its own or one of the kept ones. */
  send(kind: RequestKind, conn: 'new' | 'kept'): void {
    this.#counter += 1;
    if (this.#underWay.size >= this.#options.maxInFlight) {
      this.#report({ at: wallClock(), ms: 0, kind, conn, status: null, revision: null, error: 'not-sent' });
      return;
    }
    const lane = conn === 'kept' ? this.#lanes[this.#counter % this.#lanes.length] : undefined;
    this.#begin(kind, lane ?? this.#single);
  }

  /** Resolves when no request is under way. */
  idle(): Promise<void> {
    if (this.#underWay.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** Closes all connections. */
  close(): void {
    clearInterval(this.#sweep);
    for (const agent of [this.#single, ...this.#lanes]) agent.destroy();
  }

  #begin(kind: RequestKind, agent: Agent): void {
    const body = kind === 'post' ? bodyOf(this.#counter, this.#options.postBytes) : null;
    const at = wallClock();
    const started = performance.now();
    const req = request({
      ...this.#target,
      path: this.#options[`${kind}Path`],
      method: kind === 'post' ? 'POST' : 'GET',
      headers: headersOf(this.#options.host, body),
      agent,
    });
    const attempt: Attempt = { kind, at, started, body, req, res: null, received: 0, chunks: [] };
    this.#underWay.add(attempt);
    req.on('response', (res) => this.#receive(attempt, res));
    req.on('error', (error) => this.#settle(attempt, errorOf(error, attempt), error.message));
    req.end(body ?? undefined);
  }

  #receive(attempt: Attempt, res: IncomingMessage): void {
    attempt.res = res;
    const kept = attempt.body === null ? DETAIL_BYTES : Number.POSITIVE_INFINITY;
    res.on('data', (chunk: Buffer) => {
      if (attempt.received < kept) attempt.chunks.push(chunk);
      attempt.received += chunk.length;
    });
    res.on('end', () => {
      const problem = problemOf(attempt, this.#options.largeBytes);
      this.#settle(attempt, problem, problem === null ? undefined : beginning(attempt.chunks));
    });
    res.on('error', (error) => {
      this.#settle(attempt, errorOf(error, attempt), `${error.message} after ${attempt.received} bytes`);
    });
  }

  /** All have the same time limit and a Set keeps its order: only the oldest need a look. */
  #endOverdue(): void {
    const now = performance.now();
    for (const attempt of this.#underWay) {
      if (now - attempt.started < this.#options.timeoutMs) break;
      this.#settle(
        attempt,
        'timeout',
        attempt.res === null ? 'no head of an answer' : 'an answer without an end',
      );
      attempt.req.destroy();
    }
  }

  #settle(attempt: Attempt, error: LoadError | null, detail?: string): void {
    if (!this.#underWay.delete(attempt)) return;
    this.#report({
      at: attempt.at,
      ms: performance.now() - attempt.started,
      kind: attempt.kind,
      conn: attempt.req.reusedSocket ? 'kept' : 'new',
      status: attempt.res?.statusCode ?? null,
      revision: revisionOf(attempt.res),
      error,
      ...(detail ? { detail } : {}),
    });
    if (this.#underWay.size > 0) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}

function headersOf(host: string | null, body: Buffer | null): Record<string, string | number> {
  const headers: Record<string, string | number> = { 'user-agent': 'morrow-load', accept: '*/*' };
  if (host !== null) headers['host'] = host;
  if (body !== null) {
    headers['content-type'] = 'application/octet-stream';
    headers['content-length'] = body.length;
  }
  return headers;
}

const revisionOf = (res: IncomingMessage | null): string | null => {
  const value = res?.headers['x-morrow-revision'];
  return typeof value === 'string' ? value : null;
};

/** A body that no other request has, so that a mixed-up answer shows. */
const bodyOf = (counter: number, bytes: number): Buffer => Buffer.alloc(bytes, `${process.pid}-${counter} `);

const beginning = (chunks: readonly Buffer[]): string =>
  Buffer.concat(chunks).subarray(0, DETAIL_BYTES).toString('latin1');

/** What is wrong with an answer that arrived whole. */
function problemOf(attempt: Attempt, largeBytes: number): LoadError | null {
  if ((attempt.res?.statusCode ?? 0) >= 400) return 'status';
  if (attempt.kind === 'large' && attempt.received !== largeBytes) return 'wrong-body';
  if (attempt.body !== null && !Buffer.concat(attempt.chunks).equals(attempt.body)) return 'wrong-body';
  return null;
}

/** Which {@link LoadError} an error of node's client is. */
export function errorOf(error: Error, attempt: { readonly res: object | null }): LoadError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code.startsWith('HPE_')) return code === 'HPE_INVALID_EOF_STATE' ? 'truncated' : 'malformed';
  if (attempt.res !== null) return 'truncated';
  if (code === 'ECONNREFUSED') return 'refused';
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'reset';
  return 'connect';
}
