/** The edge's side of the admin socket: HTTP with JSON over a Unix socket. What to do stands in {@link EdgeControl}. */
import { chmodSync, existsSync, lstatSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { MorrowError } from '../../errors.ts';
import type {
  EdgeAck,
  EdgeBlocks,
  EdgeEvent,
  EdgeState,
  Heartbeat,
  PutController,
  PutService,
  PutWeights,
} from '../api.ts';
import { badRequest, EdgeRefusal } from '../refusal.ts';
import {
  checkEpochParameter,
  checkHeartbeat,
  checkPutController,
  checkPutService,
  checkPutWeights,
} from './validate.ts';

const BODY_LIMIT = 4 * 1024 * 1024;
/** A reader of events that leaves so much unread is cut off: it has to look at the state anyway. */
const UNREAD_LIMIT = 1024 * 1024;
const SOCKET_PATH_LIMIT = process.platform === 'darwin' ? 103 : 107;

/** What can be asked of the edge. Refusals are thrown as {@link EdgeRefusal}. */
export interface EdgeControl {
  state(): Promise<EdgeState>;
  putService(put: PutService): Promise<EdgeAck>;
  putWeights(name: string, put: PutWeights): Promise<EdgeAck>;
  deleteService(name: string, epoch: number): Promise<EdgeAck>;
  heartbeat(beat: Heartbeat): Promise<EdgeAck>;
  putController(put: PutController): Promise<EdgeAck>;
  blocks(service: string, after: number): EdgeBlocks;
  metrics(): Promise<string>;
  shutdown(beat: Heartbeat): Promise<EdgeAck>;
  /** A controller has opened (or closed) its event stream. */
  streamOpened(): void;
  streamClosed(): void;
}

/** Serves the admin socket. */
export class AdminServer {
  readonly #control: EdgeControl;
  readonly #streams = new Set<ServerResponse>();
  /** Usually one; one more each time that the socket's file was removed. */
  readonly #servers: Server[] = [];
  #socketPath = '';

  constructor(control: EdgeControl) {
    this.#control = control;
  }

  /**
   * Opens the socket, readable and writable by this user only, in place of one that a dead edge left behind.
   * @throws MorrowError `EDGE_START_FAILED` if another edge answers there, or the socket can't be made
   */
  async listen(socketPath: string): Promise<void> {
    if (Buffer.byteLength(socketPath) > SOCKET_PATH_LIMIT) {
      throw new MorrowError(
        'EDGE_START_FAILED',
        `The path of the edge's socket is too long: ${socketPath}.`,
        {
          hint: `A Unix socket's path has at most ${SOCKET_PATH_LIMIT} bytes: put the edge in a folder nearer the root.`,
        },
      );
    }
    await removeStale(socketPath);
    await this.#open(socketPath);
    this.#socketPath = socketPath;
  }

  /** Makes the socket anew if its file is gone: without it nobody could reach an edge that serves. */
  async keepOpen(): Promise<void> {
    if (!existsSync(this.#socketPath)) await this.#open(this.#socketPath);
  }

  async #open(socketPath: string): Promise<void> {
    const server = createServer({ keepAliveTimeout: 60_000, headersTimeout: 10_000 }, (asked, answer) => {
      void this.#answer(asked, answer);
    });
    server.on('clientError', (_error, socket) => refuseRubbish(socket as Socket));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    // The socket is made while listen() runs, and must at no instant be open to others.
    const mask = process.umask(0o177);
    try {
      server.listen(socketPath, resolve);
    } finally {
      process.umask(mask);
    }
    await promise.catch((cause: Error) => {
      throw new MorrowError(
        'EDGE_START_FAILED',
        `The socket ${socketPath} can't be made: ${cause.message}.`,
        {
          hint: 'Does its folder exist, and may this user write there?',
          cause,
        },
      );
    });
    server.off('error', reject);
    chmodSync(socketPath, 0o600);
    this.#servers.push(server);
  }

  /** Tells every open event stream. */
  publish(event: EdgeEvent): void {
    for (const stream of this.#streams) {
      if (stream.writableLength > UNREAD_LIMIT) stream.destroy();
      else stream.write(`${JSON.stringify(event)}\n`);
    }
  }

  /** Takes no further request, lets those under way be answered, and removes the socket. */
  async close(): Promise<void> {
    for (const stream of this.#streams) stream.end();
    await Promise.all(this.#servers.map(closeServer));
  }

  async #answer(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    answer.on('error', () => {});
    try {
      const url = new URL(asked.url ?? '/', 'http://edge');
      if (asked.method === 'GET' && url.pathname === '/v1/events') {
        this.#stream(answer);
      } else if (asked.method === 'GET' && url.pathname === '/metrics') {
        const text = await this.#control.metrics();
        answer.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text);
      } else {
        sendJson(answer, 200, await this.#route(asked, url));
      }
    } catch (error) {
      sendError(answer, error);
    }
  }

  async #route(asked: IncomingMessage, url: URL): Promise<unknown> {
    const control = this.#control;
    const [, name, part] = /^\/v1\/services\/([^/]+)(\/weights)?$/.exec(url.pathname) ?? [];
    const service = name === undefined ? undefined : decodeName(name);
    switch (`${asked.method} ${service === undefined ? url.pathname : `service${part ?? ''}`}`) {
      case 'GET /v1/state':
        return control.state();
      case 'PUT service':
        return control.putService(checkPutService(await readJson(asked), service ?? ''));
      case 'PUT service/weights':
        return control.putWeights(service ?? '', checkPutWeights(await readJson(asked)));
      case 'DELETE service':
        return control.deleteService(service ?? '', checkEpochParameter(url.searchParams.get('epoch')));
      case 'POST /v1/heartbeat':
        return control.heartbeat(checkHeartbeat(await readJson(asked)));
      case 'PUT /v1/controller':
        return control.putController(checkPutController(await readJson(asked)));
      case 'GET /v1/blocks':
        return control.blocks(url.searchParams.get('service') ?? '', afterOf(url));
      case 'POST /v1/shutdown':
        return control.shutdown(checkHeartbeat(await readJson(asked)));
      default:
        throw new EdgeRefusal(404, 'EDGE_BAD_REQUEST', `The edge has no ${asked.method} ${url.pathname}.`);
    }
  }

  #stream(answer: ServerResponse): void {
    answer.writeHead(200, { 'content-type': 'application/x-ndjson' }).flushHeaders();
    this.#streams.add(answer);
    this.#control.streamOpened();
    answer.on('close', () => {
      this.#streams.delete(answer);
      this.#control.streamClosed();
    });
  }
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), 1_000);
  await closed;
  clearTimeout(timer);
}

/** Removes a socket that nobody listens on. @throws MorrowError if somebody does, or it is something else */
async function removeStale(socketPath: string): Promise<void> {
  if (!existsSync(socketPath)) return;
  if (!lstatSync(socketPath).isSocket()) {
    throw new MorrowError('EDGE_START_FAILED', `${socketPath} exists and is not a socket.`, {
      hint: 'Remove it, or choose another path.',
    });
  }
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = connect(socketPath, () => resolve(true)).on('error', () => resolve(false));
  const answers = await promise;
  probe.destroy();
  if (answers) {
    throw new MorrowError('EDGE_START_FAILED', `Another edge already answers at ${socketPath}.`, {
      hint: 'Use that one, or stop it first.',
    });
  }
  unlinkSync(socketPath);
}

function refuseRubbish(socket: Socket): void {
  if (!socket.writable) return;
  const body = JSON.stringify({ code: 'EDGE_BAD_REQUEST', message: 'This is not HTTP.', hint: '' });
  socket.end(
    `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badRequest('The service name in the address is not encoded properly.');
  }
}

function afterOf(url: URL): number {
  const after = Number(url.searchParams.get('after') ?? '0');
  if (Number.isFinite(after)) return after;
  throw badRequest('The parameter after must be the number of a block.');
}

async function readJson(asked: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of asked) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new EdgeRefusal(413, 'EDGE_BAD_REQUEST', 'The body is larger than 4 MiB.');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw badRequest('The body is not JSON.');
  }
}

function sendJson(answer: ServerResponse, status: number, value: unknown): void {
  const text = `${JSON.stringify(value)}\n`;
  answer.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  answer.end(text);
}

function sendError(answer: ServerResponse, error: unknown): void {
  if (answer.headersSent) {
    answer.destroy();
    return;
  }
  if (error instanceof EdgeRefusal) {
    const { code, message, hint, epoch } = error;
    sendJson(answer, error.status, { code, message, hint, ...(epoch === null ? {} : { epoch }) });
    return;
  }
  sendJson(answer, 500, {
    code: 'INTERNAL',
    message: `The edge is at fault: ${(error as Error).message}.`,
    hint: '',
  });
}
