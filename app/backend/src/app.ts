import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Events, InvalidEvent } from './events.ts';

/** The largest body taken, bytes. */
const BODY_LIMIT = 64 * 1024;

export interface AppState {
  readonly events: Events;
  /** Whether the process is going down: then it is not ready for more. */
  readonly stopping: () => boolean;
}

class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Answers one request. */
export async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  state: AppState,
): Promise<void> {
  try {
    const { status, body } = await route(request, state);
    send(response, status, body);
  } catch (error) {
    if (error instanceof HttpError) return send(response, error.status, { error: error.message });
    if (error instanceof InvalidEvent)
      return send(response, 422, { error: error.message, mistakes: error.mistakes });
    console.error(
      JSON.stringify({
        level: 'error',
        requestId: request.headers['x-request-id'] ?? null,
        message: String(error),
      }),
    );
    send(response, 500, { error: 'Something went wrong here.' });
  }
}

async function route(
  request: IncomingMessage,
  { events, stopping }: AppState,
): Promise<{ status: number; body: unknown }> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const [, first = '', id = '', action = ''] = pathname.split('/');
  const asked = `${request.method} /${first}${id === '' ? '' : '/:id'}${action === '' ? '' : `/${action}`}`;
  switch (asked) {
    case 'GET /ping':
      return { status: 200, body: { pong: true } };
    case 'GET /health':
      return stopping()
        ? { status: 503, body: { status: 'stopping' } }
        : { status: 200, body: { status: 'ok' } };
    case 'GET /health/:id':
      if (id === 'live') return { status: 200, body: { status: 'ok' } };
      break;
    case 'GET /':
    case 'GET /events':
      return { status: 200, body: { events: events.list() } };
    case 'POST /events':
      return { status: 201, body: events.create(randomUUID(), await readJson(request)) };
    case 'GET /events/:id':
      return { status: 200, body: found(events.get(id)) };
    case 'POST /events/:id/join': {
      const { person } = (await readJson(request)) as { person?: unknown };
      if (typeof person !== 'string' || person.trim() === '') throw new HttpError(422, 'person is a name.');
      return { status: 200, body: found(events.join(id, person.trim())) };
    }
  }
  throw new HttpError(404, `There is no ${request.method} ${pathname}.`);
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new HttpError(404, 'There is no such event.');
  return value;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new HttpError(413, `A body is at most ${BODY_LIMIT} bytes.`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) ?? {};
  } catch {
    throw new HttpError(400, 'The body is not JSON.');
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent) return;
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}
