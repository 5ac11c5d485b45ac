import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer, type Server } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test as sequentialTest } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { analyse, type LoadAnalysis } from './analysis.ts';
import { runLoad } from './generator.ts';
import { type LoadOptions, loadOptions, parseCommandLine } from './options.ts';
import { isRequest, type LoadRecord, readLog } from './records.ts';
import { startLoad } from './start.ts';

/** Most of their time these tests wait; servers are closed when all are over. */
const test = sequentialTest.concurrent;

const cleanUps: (() => Promise<unknown> | unknown)[] = [];
afterAll(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const HEAD = 'HTTP/1.1 200 OK\r\nx-morrow-revision: r1\r\n';

/** A server that does with each request what `answer` says. */
async function rawServer(answer: (socket: Socket, request: string) => void): Promise<string> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
    socket.on('data', (chunk) => answer(socket, chunk.toString('latin1')));
  });
  return listen(server, () => {
    for (const socket of open) socket.destroy();
  });
}

async function listen(server: ReturnType<typeof createServer> | Server, cut: () => void): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(async () => {
    server.close();
    cut();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server that does everything right; WebSockets do what `speak` says, else they echo. */
async function goodServer(
  speak = (socket: WebSocket, text: string): void => socket.send(text),
): Promise<string> {
  const server = createHttpServer((req, res) => {
    res.setHeader('x-morrow-revision', 'r1');
    if (req.url === '/echo') req.pipe(res);
    else res.end(req.url === '/bytes/100000' ? Buffer.alloc(100_000) : 'hello');
  });
  const sockets = new WebSocketServer({ server, path: '/ws' });
  sockets.on('headers', (headers) => headers.push('x-morrow-revision: r1'));
  sockets.on('connection', (socket) => socket.on('message', (data) => speak(socket, String(data))));
  return listen(server, () => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
  });
}

/** Runs a short load, and reads its log. */
async function load(url: string, given: Partial<LoadOptions> = {}): Promise<LoadRecord[]> {
  const folder = await mkdtemp(join(tmpdir(), 'morrow-load-'));
  try {
    const log = join(folder, 'log');
    const quiet = { rate: 100, seconds: 0.2, webSockets: 0, postShare: 0, largeShare: 0, timeoutMs: 5000 };
    await runLoad(loadOptions({ url, ...quiet, ...given, log }));
    return await readLog(log);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** All requests failed, and all in this way. */
function expectAll(records: readonly LoadRecord[], error: string, given: object = {}): void {
  const requests = records.filter(isRequest);
  expect(requests.length).toBeGreaterThan(0);
  for (const request of requests) expect(request).toMatchObject({ error, ...given });
}

const sockets = (records: readonly LoadRecord[]): LoadAnalysis['webSockets'] => analyse(records).webSockets;
const socketLoad = { rate: 0, webSockets: 4, seconds: 2 };

test('a healthy server under mixed load in a process of its own has no failures, and every kind is among it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'morrow-load-'));
  cleanUps.push(() => rm(folder, { recursive: true }));
  const log = join(folder, 'log');
  const running = await startLoad({ url: await goodServer(), rate: 500, seconds: 2.5, webSockets: 5, log });
  const end = await running.ended;
  const records = await readLog(log);
  expect(records[0]).toMatchObject({ kind: 'begin', options: { rate: 500, webSockets: 5 } });
  expect(records.at(-1)).toMatchObject({ kind: 'end', sent: end.sent });
  const seen = analyse(records);
  expect(seen.shippingFailures).toEqual([]);
  expect(seen.requests).toBe(end.sent);
  expect(Object.keys(seen.revisions)).toEqual(['r1']);
  expect(seen.webSockets).toMatchObject({ opened: 5, failures: 0 });
  expect(seen.webSockets.messages).toBeGreaterThanOrEqual(5);
  for (const kind of ['get', 'post', 'large']) {
    for (const conn of ['new', 'kept']) {
      expect(
        records.some((record) => isRequest(record) && record.kind === kind && record.conn === conn),
      ).toBe(true);
    }
  }
});

test('stopping the process writes out the whole log', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'morrow-load-'));
  cleanUps.push(() => rm(folder, { recursive: true }));
  const url = await goodServer();
  const stopped = await startLoad({ url, rate: 200, webSockets: 2, log: join(folder, 'stopped') });
  const end = await stopped.stop();
  expect((await readLog(join(folder, 'stopped'))).filter(isRequest)).toHaveLength(end.sent);
  const terminated = await startLoad({ url, rate: 200, webSockets: 2, log: join(folder, 'terminated') });
  process.kill(terminated.pid, 'SIGTERM');
  await terminated.ended;
  expect((await readLog(join(folder, 'terminated'))).at(-1)).toMatchObject({ kind: 'end' });
});

test('a generator that cannot start says why', async () => {
  await expect(startLoad({ url: 'https://127.0.0.1' })).rejects.toThrow('must begin with http://');
});

test('nobody listening is noticed', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  server.close();
  await once(server, 'close');
  expectAll(await load(url), 'refused', { status: null, revision: null });
});

test('a connection closed before the answer is noticed, with a reset and with an orderly end', async () => {
  expectAll(await load(await rawServer((socket) => socket.resetAndDestroy())), 'reset', { status: null });
  expectAll(await load(await rawServer((socket) => socket.end())), 'reset', { status: null });
});

test('an answer that is cut off is noticed, and still says whose it was', async () => {
  const counted = await rawServer((socket) => socket.end(`${HEAD}Content-Length: 100\r\n\r\nhello`));
  expectAll(await load(counted), 'truncated', { status: 200, revision: 'r1' });
  const chunked = await rawServer((socket) =>
    socket.end(`${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`),
  );
  expectAll(await load(chunked), 'truncated', { status: 200, revision: 'r1' });
  const reset = await rawServer((socket) => {
    socket.write(`${HEAD}Content-Length: 100\r\n\r\nhello`, () =>
      setTimeout(() => socket.resetAndDestroy(), 5),
    );
  });
  expectAll(await load(reset), 'truncated', { status: 200, revision: 'r1' });
});

test('a head of an answer that is cut off is noticed', async () => {
  expectAll(await load(await rawServer((socket) => socket.end('HTTP/1.1 200 OK\r\nx-mo'))), 'reset');
});

test('no answer in time is noticed, and so is an answer that does not end', async () => {
  expectAll(await load(await rawServer(() => {}), { timeoutMs: 200 }), 'timeout', { status: null });
  const endless = await rawServer((socket) => socket.write(`${HEAD}Content-Length: 100\r\n\r\nhello`));
  expectAll(await load(endless, { timeoutMs: 1500 }), 'timeout', { status: 200, revision: 'r1' });
});

test('an error answer is noticed, with its words', async () => {
  const answer = 'HTTP/1.1 503 Busy\r\nx-morrow-revision: r2\r\nContent-Length: 7\r\n\r\nnothing';
  const records = await load(await rawServer((socket) => socket.write(answer)));
  expectAll(records, 'status', { status: 503, revision: 'r2', detail: 'nothing' });
});

test('what is not HTTP is noticed', async () => {
  expectAll(await load(await rawServer((socket) => socket.write('220 smtp ready\r\n'))), 'malformed');
  const twoLengths = `${HEAD}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`;
  expectAll(await load(await rawServer((socket) => socket.write(twoLengths))), 'malformed');
  const badChunk = `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n`;
  expectAll(await load(await rawServer((socket) => socket.write(badChunk))), 'malformed', { revision: 'r1' });
});

test('an answer that is not what was sent, or not as long as it should be, is noticed', async () => {
  const url = await rawServer((socket) => socket.write(`${HEAD}Content-Length: 5\r\n\r\nhello`));
  expectAll(await load(url, { postShare: 1 }), 'wrong-body', { kind: 'post' });
  expectAll(await load(url, { largeShare: 1 }), 'wrong-body', { kind: 'large' });
});

test('a kept connection that the server closes while it is idle is no failure', async () => {
  const url = await rawServer((socket) => socket.end(`${HEAD}Content-Length: 5\r\n\r\nhello`));
  // Slowly, so that each close has long arrived when the next request is sent.
  const seen = analyse(await load(url, { rate: 4, seconds: 1, newShare: 0, kept: 1 }));
  expect(seen.shippingFailures).toEqual([]);
  expect(seen.newConnections).toBe(seen.requests);
});

test('requests go round the kept connections', async () => {
  const records = await load(await goodServer(), { newShare: 0, kept: 8, rate: 200, seconds: 1 });
  const seen = analyse(records);
  expect(seen.newConnections).toBeGreaterThan(1);
  expect(seen.newConnections).toBeLessThan(seen.requests);
});

test('a server that hangs does not make the generator grow without bound', async () => {
  const url = await rawServer(() => {});
  const seen = analyse(await load(url, { timeoutMs: 2000, maxInFlight: 5, rate: 500, seconds: 0.5 }));
  expect(seen.errors).toEqual({ timeout: 5, 'not-sent': seen.requests - 5 });
});

test('a WebSocket told to go away comes back at once, and that is no failure', async () => {
  for (const code of [1001, 1012]) {
    const url = await goodServer((socket) => socket.close(code));
    const seen = sockets(await load(url, socketLoad));
    expect(seen.failures).toBe(0);
    expect(seen.drained).toBeGreaterThan(0);
    expect(seen.opened).toBeGreaterThan(seen.drained);
    expect(seen.unansweredAtDrain).toBe(seen.drained);
  }
});

test('a WebSocket that is cut or closed without reason is noticed, and the lost message too', async () => {
  for (const end of [(socket: WebSocket) => socket.terminate(), (socket: WebSocket) => socket.close(1000)]) {
    const records = await load(await goodServer(end), socketLoad);
    const seen = analyse(records);
    expect(seen.errors.closed).toBeGreaterThan(0);
    expect(seen.webSockets.lost).toBe(seen.webSockets.failures);
    expect(seen.shippingFailures[0]).toMatchObject({ kind: 'ws-close', revision: 'r1' });
  }
});

test('a WebSocket that is refused is noticed', async () => {
  const url = await rawServer((socket) => socket.end('HTTP/1.1 503 Busy\r\nx-morrow-revision: r2\r\n\r\n'));
  const [first] = analyse(await load(url, { ...socketLoad, seconds: 0.3 })).shippingFailures;
  expect(first).toMatchObject({ kind: 'ws-open', error: 'status', status: 503, revision: 'r2' });
  const cut = await rawServer((socket) => socket.destroy());
  expect(analyse(await load(cut, { ...socketLoad, seconds: 0.3 })).errors.reset).toBeGreaterThan(0);
});

test('a wrong echo, a missing echo and rubbish on a WebSocket are noticed', async () => {
  const wrong = await goodServer((socket, text) => socket.send(`${text}!`));
  expect(analyse(await load(wrong, socketLoad)).errors['wrong-body']).toBeGreaterThan(0);
  const silent = await goodServer(() => {});
  const lost = analyse(await load(silent, { ...socketLoad, timeoutMs: 300 }));
  expect(lost.errors).toEqual({ timeout: lost.webSockets.lost });
  expect(lost.webSockets.lost).toBeGreaterThan(0);
  const rubbish = await goodServer((socket) => {
    (socket as unknown as { _socket: Socket })._socket.write(Buffer.from([0xff, 0xff, 0xff]));
  });
  expect(analyse(await load(rubbish, socketLoad)).errors.malformed).toBeGreaterThan(0);
});

test('the command line is read, and mistakes in it are named', () => {
  const options = parseCommandLine([
    'http://127.0.0.1:1',
    '--rate=20',
    '--new-share',
    '0.5',
    '--get-path',
    '/a',
  ]);
  expect(options).toMatchObject({
    url: 'http://127.0.0.1:1',
    rate: 20,
    newShare: 0.5,
    getPath: '/a',
    seconds: null,
  });
  expect(() => parseCommandLine([])).toThrow('Exactly one URL');
  expect(() => parseCommandLine(['http://x', '--rate', 'many'])).toThrow('--rate takes a number, not many');
  expect(() => parseCommandLine(['http://x', '--new-share', '2'])).toThrow('share from 0 to 1');
  expect(() => parseCommandLine(['http://x', '--rat', '2'])).toThrow("Unknown option '--rat'");
});
