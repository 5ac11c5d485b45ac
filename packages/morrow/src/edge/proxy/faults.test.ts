import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { EdgeTimeouts } from '../api.ts';
import {
  atEnd,
  cleanUp,
  closedPort,
  type Edge,
  eventually,
  field,
  get,
  lines,
  ok,
  service,
  startAnswering,
  startEdge,
  startUpstream,
} from './harness.testing.ts';

afterEach(cleanUp);

const PATIENT: EdgeTimeouts = { connectMs: 20_000, answerMs: 20_000, idleMs: 20_000, drainMs: 20_000 };
const HOST = 'Host: a.example\r\n';
const countsOf = (edge: Edge) => edge.proxy.takeCounts().slots[0]?.counts;

/** The port of a process that is stopped, its queue of connections full: a further one is neither accepted nor refused. */
async function startUnaccepting(): Promise<number> {
  const script =
    "require('net').createServer().listen(0, '127.0.0.1', 1, function () { console.log(this.address().port) })";
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  atEnd(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  const [line] = await once(child.stdout, 'data');
  const port = Number(String(line));
  child.kill('SIGSTOP');
  for (let queued = true; queued; ) {
    const filler = connect(port, '127.0.0.1');
    atEnd(() => {
      filler.destroy();
    });
    const late = new Promise<false>((resolve) => setTimeout(resolve, 300, false));
    queued = await Promise.race([once(filler, 'connect').then(() => true), late]);
  }
  return port;
}

describe('a target that', () => {
  test('refuses the connection makes a 502 that says so, and is reported', async () => {
    const suspects: string[] = [];
    const port = await closedPort();
    const edge = await startEdge([service([port])], {
      onSuspect: (id, problem) => suspects.push(`${id}: ${problem}`),
    });
    const client = await edge.client();
    const answer = await client.send(get()).take('TARGET_REFUSED)\n');
    expect(lines(answer)[0]).toBe('HTTP/1.1 502 Bad Gateway');
    expect(field(answer, 'x-morrow-revision')).toBe('r-blue');
    expect(answer).toContain('502 Bad Gateway: The target refused the connection.');
    expect(suspects).toEqual(['web-blue-0: connection refused']);
    expect(countsOf(edge)).toMatchObject({
      requests: 1,
      resets: 1,
      errors: 1,
      retries: 0,
      status: [0, 0, 0, 0, 1],
    });
    // The connection goes on.
    await client.send(get()).take('TARGET_REFUSED)\n');
  });

  test('refuses the connection has its request taken by another, even a POST with a body', async () => {
    const upstream = await startUpstream(async (peer) => {
      for (;;) {
        await peer.head();
        await peer.take('hello');
        peer.send(ok());
      }
    });
    const edge = await startEdge([service([await closedPort(), upstream.port])], { random: () => 0 });
    const client = await edge.client();
    const post = `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\n`;
    for (let i = 0; i < 5; i++) await client.send(post).send('hello').take('ok');
    // Passed over for a while after the first refusal, not asked again for each request.
    expect(countsOf(edge)).toMatchObject({
      requests: 5,
      retries: 1,
      errors: 1,
      resets: 0,
      status: [0, 5, 0, 0, 0],
    });
  });

  test('does not accept the connection in time makes a 504', async () => {
    const port = await startUnaccepting();
    const edge = await startEdge([service([port], { timeouts: { ...PATIENT, connectMs: 100 } })]);
    const client = await edge.client();
    const answer = await client.send(get()).take('TARGET_CONNECT_TIMEOUT)\n');
    expect(lines(answer)[0]).toBe('HTTP/1.1 504 Gateway Timeout');
    expect(countsOf(edge)).toMatchObject({
      requests: 1,
      timeouts: 1,
      resets: 0,
      errors: 1,
      status: [0, 0, 0, 0, 1],
    });
  });

  test('does not accept the connection in time has its request taken by another', async () => {
    const [stuck, upstream] = await Promise.all([startUnaccepting(), startAnswering(ok())]);
    const timeouts = { ...PATIENT, connectMs: 100 };
    const edge = await startEdge([service([stuck, upstream.port], { timeouts })], { random: () => 0 });
    await (await edge.client()).send(get()).take('ok');
    expect(countsOf(edge)).toMatchObject({
      requests: 1,
      retries: 1,
      timeouts: 0,
      errors: 1,
      status: [0, 1, 0, 0, 0],
    });
  });

  test('has not answered yet leaves its request among those that wait, for as long as it does', async () => {
    const answer = Promise.withResolvers<void>();
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      await answer.promise;
      peer.send(ok());
    });
    const edge = await startEdge([service([upstream.port], { timeouts: PATIENT })]);
    const client = await edge.client();
    client.send(get());
    await eventually(() => (countsOf(edge)?.waiting ?? []).length === 1);
    expect(countsOf(edge)).toMatchObject({ requests: 0, latency: [], waiting: [[expect.any(Number), 1]] });
    answer.resolve();
    await client.take('ok');
    expect(countsOf(edge)).toMatchObject({ requests: 1, waiting: [] });
  });

  test('closes the connection before it answers makes a 502', async () => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.socket.end();
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    await client.send(get()).take('TARGET_RESET)\n');
    expect(countsOf(edge)).toMatchObject({
      requests: 1,
      resets: 1,
      errors: 1,
      retries: 0,
      status: [0, 0, 0, 0, 1],
    });
    expect(upstream.peers).toHaveLength(1);
  });

  test('resets the connection before it answers makes a 502', async () => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.socket.resetAndDestroy();
    });
    const edge = await startEdge([service([upstream.port])]);
    await (await edge.client()).send(get()).take('TARGET_RESET)\n');
  });

  test('closes the connection within its head makes a 502', async () => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.send('HTTP/1.1 200 OK\r\nContent-Le').socket.end();
    });
    const edge = await startEdge([service([upstream.port])]);
    await (await edge.client()).send(get()).take('TARGET_CUT_OFF)\n');
  });

  const cutOff: readonly [name: string, answer: string][] = [
    ['length', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
    [
      'chunks and without the last line',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n',
    ],
  ];
  test.each(cutOff)('cuts off an answer of known %s has the client notice it', async (_, bytes) => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.send(bytes);
      await new Promise(setImmediate);
      peer.socket.end();
    });
    const edge = await startEdge([service([upstream.port])]);
    const answer = await (await edge.client()).send(get()).end();
    expect(answer).toContain('hello');
    expect(answer).not.toContain('0\r\n\r\n');
    expect(countsOf(edge)).toMatchObject({ requests: 1, resets: 1, errors: 1, status: [0, 1, 0, 0, 0] });
  });

  test('resets an answer that lasts until the close has HTTP/1.1 and HTTP/1.0 notice it', async () => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.send('HTTP/1.1 200 OK\r\n\r\nhello');
      await peer.until(() => released);
      peer.socket.resetAndDestroy();
    });
    let released = false;
    const edge = await startEdge([service([upstream.port])]);
    const modern = (await edge.client()).send(get());
    const old = (await edge.client()).send('GET / HTTP/1.0\r\n\r\n');
    await modern.until((p) => p.received.includes('hello'));
    await old.until((p) => p.received.includes('hello'));
    released = true;
    for (const peer of upstream.peers) peer.socket.resetAndDestroy();
    expect(await modern.end()).not.toContain('0\r\n\r\n');
    await old.until((p) => p.closed);
    expect(old.error).toBe('ECONNRESET');
  });

  test('does not answer in time makes a 504, and its connection is closed', async () => {
    const upstream = await startUpstream();
    const edge = await startEdge([service([upstream.port], { timeouts: { ...PATIENT, answerMs: 100 } })]);
    const client = await edge.client();
    const answer = await client.send(get()).take('TARGET_TIMEOUT)\n');
    expect(lines(answer)[0]).toBe('HTTP/1.1 504 Gateway Timeout');
    await (await upstream.peer()).until((p) => p.closed);
    const counts = countsOf(edge);
    expect(counts).toMatchObject({ requests: 1, timeouts: 1, errors: 1, status: [0, 0, 0, 0, 1] });
    expect(counts?.latency[0]?.[0]).toBeGreaterThan(0);
  });

  test('falls silent within its answer has the client cut off', async () => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello');
    });
    const edge = await startEdge([service([upstream.port], { timeouts: { ...PATIENT, idleMs: 100 } })]);
    const answer = await (await edge.client()).send(get()).end();
    expect(answer).toContain('hello');
    expect(countsOf(edge)).toMatchObject({ requests: 1, timeouts: 1, errors: 1, status: [0, 1, 0, 0, 0] });
  });

  test('answers slowly but steadily takes as long as it needs', async () => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n');
      for (let i = 0; i < 8; i++) {
        await new Promise((resolve) => setTimeout(resolve, 80));
        peer.send('x');
      }
    });
    const edge = await startEdge([
      service([upstream.port], { timeouts: { ...PATIENT, answerMs: 300, idleMs: 300 } }),
    ]);
    await (await edge.client()).send(get()).take('xxxxxxxx');
  });

  test('closed a kept connection in the very moment has an idempotent request sent again', async () => {
    const upstream = await startUpstream(async (peer, index) => {
      await peer.head();
      peer.send(ok('first'));
      await peer.head();
      if (index === 0) peer.socket.resetAndDestroy();
      else peer.send(ok('second'));
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    await client.send(get()).take('first');
    // The connection is reset on the request; a new one answers "first" again.
    await client.send(get()).take('first');
    expect(upstream.peers).toHaveLength(2);
    expect(countsOf(edge)).toMatchObject({
      requests: 2,
      retries: 1,
      errors: 1,
      resets: 0,
      status: [0, 2, 0, 0, 0],
    });
  });

  test('closed a kept connection in the very moment gets no POST and no body twice', async () => {
    for (const request of [
      `POST / HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`,
      `PUT / HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\nhi`,
    ]) {
      const upstream = await startUpstream(async (peer) => {
        await peer.head();
        peer.send(ok('first'));
        await peer.head();
        peer.socket.resetAndDestroy();
      });
      const edge = await startEdge([service([upstream.port])]);
      const client = await edge.client();
      await client.send(get()).take('first');
      await client.send(request).take('TARGET_RESET)\n');
      expect(upstream.peers).toHaveLength(1);
      expect(countsOf(edge)).toMatchObject({ requests: 2, retries: 0, errors: 1, resets: 1 });
    }
  });

  test('began to answer on a kept connection and broke off gets no request twice', async () => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.send(ok('first'));
      await peer.head();
      peer.send('HTTP/1.1 200').socket.end();
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    await client.send(get()).take('first');
    await client.send(get()).take('TARGET_CUT_OFF)\n');
    expect(upstream.peers).toHaveLength(1);
  });

  test('has all its kept connections closed at once gets the request on a new one, not on each in turn', async () => {
    const upstream = await startUpstream(async (peer, index) => {
      for (let i = 0; i < 10; i++) {
        await peer.head();
        if (index < 3 && i > 0) peer.socket.resetAndDestroy();
        else peer.send(ok('first'));
      }
    });
    const edge = await startEdge([service([upstream.port])]);
    const clients = await Promise.all([edge.client(), edge.client(), edge.client()]);
    // Three connections at once, all kept.
    for (const client of clients) client.send(get());
    for (const client of clients) await client.take('first');
    for (const client of clients) {
      client.send(get());
      await client.take('first');
    }
    expect(countsOf(edge)).toMatchObject({ requests: 6, retries: 1, errors: 1, resets: 0 });
  });

  test('breaks a new connection as well gets no further attempt', async () => {
    const upstream = await startUpstream(async (peer, index) => {
      await peer.head();
      if (index === 0) peer.send(ok('first'));
      else peer.socket.resetAndDestroy();
      await peer.head();
      peer.socket.resetAndDestroy();
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    await client.send(get()).take('first');
    await client.send(get()).take('TARGET_RESET)\n');
    expect(countsOf(edge)).toMatchObject({ requests: 2, retries: 1, errors: 2, resets: 1 });
    expect(upstream.peers).toHaveLength(2);
  });

  test('sent 103 on a kept connection and broke off gets no request twice', async () => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.send(ok('first'));
      await peer.head();
      peer.send('HTTP/1.1 103 Early Hints\r\n\r\n').socket.end();
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    await client.send(get()).take('first');
    await client.send(get()).take('TARGET_RESET)\n');
    expect(upstream.peers).toHaveLength(1);
  });

  test('says how long it keeps connections is not asked on one that is older', async () => {
    const upstream = await startUpstream(async (peer) => {
      for (;;) {
        await peer.head();
        peer.send('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok');
      }
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    await client.send(get()).take('ok');
    // A second less than it says: at once.
    await client.send(get()).take('ok');
    expect(upstream.peers).toHaveLength(2);
  });

  test('is idle for long has its connection closed', async () => {
    const upstream = await startAnswering(ok());
    const edge = await startEdge([service([upstream.port])], { limits: { targetIdleMs: 100 } });
    await (await edge.client()).send(get()).take('ok');
    await (await upstream.peer()).until((p) => p.ended);
  });
});

describe('a client that', () => {
  test('goes away while it waits has the target told, and no error counted', async () => {
    const upstream = await startUpstream();
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    client.send(get());
    const peer = await upstream.peer();
    await peer.head();
    client.socket.end();
    await peer.until((p) => p.closed);
    expect(countsOf(edge)).toMatchObject({
      requests: 1,
      clientAborts: 1,
      errors: 0,
      status: [0, 0, 0, 0, 0],
      latency: [],
    });
    expect(edge.proxy.inFlight()).toEqual([]);
  });

  test('resets the connection within the answer has the target told', async () => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello');
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    await client.send(get()).take('hello');
    client.socket.resetAndDestroy();
    await (await upstream.peer()).until((p) => p.closed);
    expect(countsOf(edge)).toMatchObject({
      requests: 1,
      clientAborts: 1,
      errors: 0,
      status: [0, 1, 0, 0, 0],
    });
  });

  test('goes away within its body has the target told', async () => {
    const upstream = await startUpstream();
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\nhello`);
    const peer = await upstream.peer();
    await peer.take('hello');
    client.socket.destroy();
    await peer.until((p) => p.closed);
    expect(countsOf(edge)).toMatchObject({ clientAborts: 1, errors: 0 });
  });

  test('sends its head too slowly gets a 408, however steadily it drips', async () => {
    const upstream = await startAnswering(ok());
    const edge = await startEdge([service([upstream.port])], { limits: { headMs: 300 } });
    const client = await edge.client();
    client.send('GET / HTTP/1.1\r\n');
    const drip = setInterval(() => client.send('X-A: b\r\n'), 30);
    atEnd(() => clearInterval(drip));
    const answer = await client.end();
    expect(lines(answer)[0]).toBe('HTTP/1.1 408 Request Timeout');
    expect(field(answer, 'x-morrow-error')).toBe('HEAD_TIMEOUT');
    expect(upstream.peers).toHaveLength(0);
  });

  test('sends nothing at all is let go without an answer', async () => {
    const edge = await startEdge([], { limits: { headMs: 100 } });
    expect(await (await edge.client()).end()).toBe('');
  });

  test('keeps its connection idle for too long is let go without an answer', async () => {
    const upstream = await startAnswering(ok());
    const edge = await startEdge([service([upstream.port])], { limits: { keepAliveMs: 100 } });
    const client = await edge.client();
    await client.send(get()).take('ok');
    expect(await client.end()).toBe('');
  });

  test('stops within its body gets a 408, and no error is counted', async () => {
    const upstream = await startUpstream();
    const edge = await startEdge([service([upstream.port], { timeouts: { ...PATIENT, idleMs: 100 } })]);
    const client = await edge.client();
    const answer = await client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\nhello`).end();
    expect(field(answer, 'x-morrow-error')).toBe('BODY_TIMEOUT');
    await (await upstream.peer()).until((p) => p.closed);
    expect(countsOf(edge)).toMatchObject({
      requests: 1,
      errors: 0,
      clientAborts: 1,
      status: [0, 0, 0, 1, 0],
    });
  });

  test('never reads its answer is cut off, and no error is counted', async () => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n');
      while (!peer.closed) {
        if (!peer.socket.write(Buffer.alloc(1_000_000)))
          await Promise.race([once(peer.socket, 'drain'), once(peer.socket, 'close')]);
      }
    });
    const edge = await startEdge([service([upstream.port], { timeouts: { ...PATIENT, idleMs: 200 } })]);
    const client = await edge.client();
    client.socket.pause();
    client.send(get());
    await (await upstream.peer()).until((p) => p.closed, 'the target is let go');
    expect(countsOf(edge)).toMatchObject({ requests: 1, errors: 0, clientAborts: 1 });
  });

  test('asks for JSON gets errors in JSON', async () => {
    const edge = await startEdge([service([await closedPort()])]);
    const client = await edge.client();
    client.send(get('/', 'Accept: application/json\r\nX-Request-Id: abc\r\n'));
    const head = await client.head();
    expect(field(head, 'content-type')).toBe('application/json');
    expect(field(head, 'x-request-id')).toBe('abc');
    expect(JSON.parse(await client.take('}\n'))).toEqual({
      code: 'TARGET_REFUSED',
      message: 'The target refused the connection.',
    });
  });

  test('asks with HEAD gets errors without a body', async () => {
    const edge = await startEdge([service([await closedPort()])]);
    const client = await edge.client();
    client.send(`HEAD / HTTP/1.1\r\n${HOST}\r\n`);
    expect(lines(await client.head())[0]).toBe('HTTP/1.1 502 Bad Gateway');
    client.send(`HEAD / HTTP/1.1\r\n${HOST}\r\n`);
    expect(await client.head()).toMatch(/^HTTP\/1.1 502/);
  });
});
