/** An agent (and an edge) that answer as a test tells them: real HTTP servers on the sockets of an environment. */

import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { EdgeState } from '../edge/api.ts';
import { type EnvironmentPaths, prepareStateFolder } from '../paths.ts';
import type { LogLine } from '../platform/platform.ts';
import type { RolloutView, StatusReport } from '../server/api.ts';
import { statusReport } from './rollout-views.ts';

interface Seen {
  readonly path: string;
  readonly body: unknown;
}

/** What the agent answers to a POST, by path; a function sees the body. */
type Answer = (body: never) => { status: number; body: unknown };

export class FakeAgent {
  readonly requests: Seen[] = [];
  readonly answers = new Map<string, Answer>();
  readonly rollouts = new Map<string, RolloutView>();
  status: StatusReport = statusReport();
  logs: readonly LogLine[] = [];
  readonly #paths: EnvironmentPaths;
  readonly #watchers = new Set<ServerResponse>();
  #server: Server | null = null;
  #arrived = Promise.withResolvers<void>();

  constructor(paths: EnvironmentPaths) {
    this.#paths = paths;
    prepareStateFolder(paths);
    // Fake agents are meant to be up, as one started by `up` is.
    writeFileSync(paths.upMarker, '{"edge":{"workers":0,"failsafeMs":30000}}\n');
  }

  async start(): Promise<void> {
    rmSync(this.#paths.agentSocket, { force: true });
    this.#server = await listen(this.#paths.agentSocket, (request, response) =>
      this.#handle(request, response),
    );
  }

  /** As kill -9 does: every connection breaks, nobody listens. */
  die(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
    this.#server = null;
    this.#watchers.clear();
  }

  /** Sends a view to whoever follows; later followers begin with it. */
  show(view: RolloutView): void {
    this.rollouts.set(view.id, view);
    for (const watcher of this.#watchers) {
      watcher.write(`${JSON.stringify(view)}\n`);
      if (view.outcome) watcher.end();
    }
  }

  /** Resolves when somebody (else) has begun to follow. */
  async followed(): Promise<void> {
    await this.#arrived.promise;
    this.#arrived = Promise.withResolvers();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const text = await textOf(request);
    const body: unknown = text === '' ? null : JSON.parse(text);
    this.requests.push({ path, body });
    const watched = /^\/v1\/rollouts\/([^/]+)\/watch$/.exec(path)?.[1];
    if (watched !== undefined) return this.#watch(watched, response);
    const answer = this.answers.get(path.split('?')[0] ?? '');
    if (answer) return reply(response, answer(body as never));
    if (path === '/v1/status') return reply(response, { status: 200, body: this.status });
    if (path.startsWith('/v1/logs')) {
      response.end(this.logs.map((line) => `${JSON.stringify(line)}\n`).join(''));
      return;
    }
    if (path.startsWith('/v1/rollouts?'))
      return reply(response, { status: 200, body: [...this.rollouts.values()] });
    if (path.includes('/journal')) return reply(response, { status: 200, body: [] });
    const rollout = this.rollouts.get(path.replace('/v1/rollouts/', ''));
    if (rollout) return reply(response, { status: 200, body: rollout });
    reply(response, { status: 409, body: { code: 'NO_ROLLOUT', message: `There is no ${path}.`, hint: '' } });
  }

  #watch(id: string, response: ServerResponse): void {
    const view = this.rollouts.get(id);
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.flushHeaders();
    if (view) response.write(`${JSON.stringify(view)}\n`);
    if (view?.outcome) response.end();
    else this.#watchers.add(response);
    this.#arrived.resolve();
  }
}

/** An edge that says that it is there. Returns how to stop it. */
export async function fakeEdge(paths: EnvironmentPaths): Promise<() => void> {
  prepareStateFolder(paths);
  const state: EdgeState = {
    pid: process.pid,
    workers: [],
    startedAtMs: 0,
    epoch: 1,
    generation: 1,
    previewPort: 1,
    services: [],
    failsafes: [],
  };
  const server = await listen(paths.edgeSocket, (_request, response) =>
    reply(response, { status: 200, body: state }),
  );
  return () => {
    server.close();
    server.closeAllConnections();
  };
}

function reply(response: ServerResponse, { status, body }: { status: number; body: unknown }): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
}

function listen(
  path: string,
  handle: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((request, response) => void handle(request, response));
    server.once('error', reject);
    server.listen(path, () => resolve(server));
  });
}
