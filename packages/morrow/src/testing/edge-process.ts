/** Real edges and targets for tests: processes and sockets, all ended by {@link endEverything}. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { EdgeState } from '../edge/api.ts';
import { EdgeClient } from '../edge/client.ts';
import { identify } from '../edge/process/process-identity.ts';
import { programPath } from '../programs.ts';
import { folder, removeFolders } from './edge-fixtures.ts';

const endings: (() => Promise<void> | void)[] = [];

/** Ends what was started, the newest first, and removes the folders. */
export async function endEverything(): Promise<void> {
  for (const end of endings.splice(0).reverse()) await end();
  removeFolders();
}

/** Has `end` called by {@link endEverything}. */
export const atEnd = (end: () => Promise<void> | void): void => void endings.push(end);

/** Waits until `look` gives something; fails with `what` after `limitMs`. */
export async function until<T>(
  what: string,
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  limitMs = 30_000,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`${what} did not come to pass within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A target that answers with its name, and whose health can be set. */
export interface TestTarget {
  readonly port: number;
  /** Status of `/ready` and `/live`. */
  ready: number;
  live: number;
  /** Never answers anything. */
  hangs: boolean;
  /** Answers `/slow` only when this is called. */
  release(): void;
  /** Paths asked, health checks included. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** Starts a target. @param port 0: any */
export async function startTarget(name: string, port = 0): Promise<TestTarget> {
  const waiting: (() => void)[] = [];
  const target = { ready: 200, live: 200, hangs: false, asked: [] as string[] };
  const server = createServer((asked, answer) => {
    const path = asked.url ?? '';
    target.asked.push(path);
    if (target.hangs) return;
    const status = path === '/ready' ? target.ready : path === '/live' ? target.live : 200;
    const send = () => answer.writeHead(status).end(name);
    if (path === '/slow') waiting.push(send);
    else send();
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = () => closeServer(server);
  atEnd(close);
  return Object.assign(target, {
    port: (server.address() as AddressInfo).port,
    release: () => {
      for (const send of waiting.splice(0)) send();
    },
    close,
  });
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

/** An edge as a process of its own. */
export interface TestEdge {
  readonly client: EdgeClient;
  readonly dir: string;
  readonly socketPath: string;
  readonly process: ChildProcess;
  /** What it wrote to stdout and stderr so far. */
  readonly output: () => string;
  /** Exit code or signal, once it has ended. */
  readonly ended: Promise<number | string>;
  state(): Promise<EdgeState>;
  /** `kill -9` of the master alone. */
  killMaster(): Promise<void>;
  /** `kill -9` of master and workers. */
  killAll(): Promise<void>;
}

/** Starts an edge in `dir` (a new folder if none is given) and waits until it serves, unless told not to. */
export async function startEdge(
  given: { dir?: string; args?: readonly string[]; wait?: boolean } = {},
): Promise<TestEdge> {
  const dir = given.dir ?? folder();
  const socketPath = join(dir, 'edge.sock');
  const args = [programPath('edge'), '--dir', dir, '--socket', socketPath, '--workers', '2'];
  const child = spawn(process.execPath, [...args, ...(given.args ?? [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const ended = once(child, 'exit').then(([code, signal]) => (signal ?? code) as number | string);
  const client = new EdgeClient({ socketPath });
  const seenWorkers = new Set<number>();
  const state = async () => {
    const found = await client.state();
    for (const pid of found.workers) seenWorkers.add(pid);
    return found;
  };
  const killMaster = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  const killAll = async () => {
    await state().catch(() => null);
    child.kill('SIGKILL');
    for (const pid of seenWorkers) killPid(pid);
    await ended;
    await until('the end of all workers', () => [...seenWorkers].every((pid) => !lives(pid)));
  };
  atEnd(async () => {
    await killAll();
    client.close();
  });
  const edge = {
    client,
    dir,
    socketPath,
    process: child,
    output: () => output,
    ended,
    state,
    killMaster,
    killAll,
  };
  if (given.wait !== false) {
    await until('an edge that serves', async () => {
      if (child.exitCode !== null) throw new Error(`the edge ended: ${output}`);
      const found = await state().catch(() => null);
      return found?.pid === child.pid && found?.workers.length === 2;
    });
  }
  return edge;
}

/** Whether a process lives; one that has ended but that nobody has asked about yet doesn't. */
export const lives = (pid: number): boolean => identify(pid) !== null;

function killPid(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

/** Whole body of an answer. */
export async function bodyOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) text += chunk;
  return text;
}
