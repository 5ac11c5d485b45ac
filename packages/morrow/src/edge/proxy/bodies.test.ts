import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import {
  cleanUp,
  field,
  get,
  lines,
  ok,
  type Peer,
  service,
  startAnswering,
  startEdge,
  startUpstream,
} from './harness.testing.ts';

afterEach(cleanUp);

const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const post = (more: string, body = '') => `POST / HTTP/1.1\r\nHost: a.example\r\n${more}\r\n${body}`;

describe('bodies of requests', () => {
  test('with a length come through in whatever pieces', async () => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      await peer.take('hello world');
      peer.send(ok());
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    client.send(post('Content-Length: 11\r\n', 'hel'));
    await upstream.peer();
    await client.send('lo wor').send('ld').take('ok');
  });

  test('in chunks come through with their framing and trailers', async () => {
    const upstream = await startUpstream(async (peer) => {
      const head = await peer.head();
      expect(field(head, 'transfer-encoding')).toBe('chunked');
      expect(field(head, 'content-length')).toBeNull();
      expect(await peer.take('X-Sum: 1\r\n\r\n')).toBe(
        '5\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n',
      );
      peer.send(ok());
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    client.send(post(CHUNKED, '5\r\nhel'));
    await upstream.peer();
    await client.send('lo\r\nA\r\n0123456789\r\n0\r').send('\nX-Sum:  1 \r\n\r\n').take('ok');
  });

  test('larger than the service allows are refused before a target is asked', async () => {
    const upstream = await startAnswering(ok());
    const edge = await startEdge([service([upstream.port], { maxBodyBytes: 10 })]);
    const client = await edge.client();
    const answer = await client.send(post('Content-Length: 11\r\n', 'hello world')).end();
    expect(answer).toMatch(/^HTTP\/1.1 413 Content Too Large/);
    expect(field(answer, 'x-morrow-error')).toBe('BODY_TOO_LARGE');
    expect(upstream.peers).toHaveLength(0);
    expect(edge.proxy.takeCounts().refused).toEqual({ BODY_TOO_LARGE: 1 });
  });

  test('in chunks, larger than the service allows, are refused when they grow too large', async () => {
    const upstream = await startUpstream();
    const edge = await startEdge([service([upstream.port], { maxBodyBytes: 10 })]);
    const client = await edge.client();
    client.send(post(CHUNKED, 'a\r\n0123456789\r\n'));
    const peer = await upstream.peer();
    await peer.take('0123456789\r\n');
    expect(await client.send('1\r\nx\r\n').end()).toMatch(/^HTTP\/1.1 413 /);
    await peer.until((p) => p.closed, 'the target is let go');
    expect(edge.proxy.takeCounts().slots[0]?.counts).toMatchObject({
      requests: 1,
      status: [0, 0, 0, 1, 0],
      errors: 0,
    });
  });

  test('in chunks whose framing is bad are refused, and the target sees no end of the body', async () => {
    const upstream = await startUpstream();
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    client.send(post(CHUNKED, '5\r\nhello\r\n'));
    const peer = await upstream.peer();
    await peer.take('hello\r\n');
    const answer = await client.send('5;x=y\r\nhello\r\n0\r\n\r\n').end();
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(field(answer, 'x-morrow-error')).toBe('CHUNK_EXTENSION');
    await peer.until((p) => p.closed, 'the target is let go');
    expect(peer.received).toBe('');
    expect(edge.proxy.takeCounts().slots[0]?.counts).toMatchObject({ errors: 0, clientAborts: 1 });
  });

  test('wait for 100 Continue where the client does', async () => {
    const upstream = await startUpstream(async (peer) => {
      expect(field(await peer.head(), 'expect')).toBe('100-continue');
      peer.send('HTTP/1.1 100 Continue\r\n\r\n');
      await peer.take('hello');
      peer.send(ok('thanks'));
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    client.send(post('Expect: 100-continue\r\nContent-Length: 5\r\n'));
    expect(lines(await client.head())).toEqual(['HTTP/1.1 100 Continue']);
    await client.send('hello').take('thanks');
    await client.send(get('/next'));
    expect(lines(await (await upstream.peer()).head())[0]).toBe('GET /next HTTP/1.1');
  });

  test('that the target does not want are not sent, and the connection ends after its answer', async () => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.send('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    const answer = await client.send(post('Expect: 100-continue\r\nContent-Length: 5\r\n')).end();
    expect(answer).toMatch(/^HTTP\/1.1 401 /);
    expect(field(answer, 'connection')).toBe('close');
  });
});

describe('bodies of answers', () => {
  const answers: readonly [name: string, answer: string, body: string][] = [
    ['a length', `HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello`, 'hello'],
    [
      'chunks',
      `HTTP/1.1 200 OK\r\n${CHUNKED}\r\n5\r\nhello\r\n3\r\nyou\r\n0\r\n\r\n`,
      '5\r\nhello\r\n3\r\nyou\r\n0\r\n\r\n',
    ],
    [
      'trailers',
      `HTTP/1.1 200 OK\r\n${CHUNKED}\r\n5\r\nhello\r\n0\r\nX-Sum:1\r\n\r\n`,
      '5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n',
    ],
  ];
  test.each(answers)('with %s come through, and both connections go on', async (_, answer, body) => {
    const upstream = await startAnswering(answer);
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    for (let i = 0; i < 3; i++) {
      await client.send(get()).head();
      await client.take(body);
      expect(client.received).toBe('');
    }
    expect(upstream.peers).toHaveLength(1);
  });

  test('that come byte by byte come through', async () => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      for (const byte of `HTTP/1.1 200 OK\r\n${CHUNKED}\r\n5\r\nhello\r\n0\r\n\r\n`) {
        peer.send(byte);
        await new Promise(setImmediate);
      }
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    await client.send(get()).head();
    expect(await client.take('0\r\n\r\n')).toBe('5\r\nhello\r\n0\r\n\r\n');
  });

  test('in chunks lose their framing on the way to HTTP/1.0', async () => {
    const upstream = await startAnswering(
      `HTTP/1.1 200 OK\r\n${CHUNKED}\r\n5\r\nhello\r\n3\r\nyou\r\n0\r\n\r\n`,
    );
    const edge = await startEdge([service([upstream.port])]);
    const answer = await (await edge.client()).send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n').end();
    expect(field(answer, 'transfer-encoding')).toBeNull();
    expect(field(answer, 'connection')).toBe('close');
    expect(answer.endsWith('\r\n\r\nhelloyou')).toBe(true);
  });

  test('without a length are put into chunks, so that the client connection goes on', async () => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.send('HTTP/1.0 200 OK\r\n\r\nhello');
      await new Promise(setImmediate);
      peer.socket.end();
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    for (let i = 0; i < 2; i++) {
      expect(field(await client.send(get()).head(), 'transfer-encoding')).toBe('chunked');
      expect(await client.take('0\r\n\r\n')).toBe('5\r\nhello\r\n0\r\n\r\n');
    }
  });

  test('of a length and a close are whole', async () => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.send('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello').socket.end();
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    for (let i = 0; i < 3; i++) await client.send(get()).take('hello');
    expect(edge.proxy.takeCounts().slots[0]?.counts).toMatchObject({ requests: 3, errors: 0, resets: 0 });
  });
});

describe('large bodies', () => {
  const SIZE = 8 * 1024 * 1024;
  const bytes = randomBytes(SIZE);
  const digest = createHash('sha256').update(bytes).digest('hex');
  const digestOf = async (peer: Peer, framing: (text: string) => string = (text) => text) => {
    await peer.until((p) => p.received.length >= SIZE, 'the whole body');
    return createHash('sha256')
      .update(Buffer.from(framing(peer.received), 'latin1'))
      .digest('hex');
  };

  test('come through unchanged in both directions', async () => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      expect(await digestOf(peer)).toBe(digest);
      peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`).socket.write(bytes);
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    client.send(post(`Content-Length: ${SIZE}\r\n`)).socket.write(bytes);
    await client.head();
    expect(await digestOf(client)).toBe(digest);
  });

  test('in large chunks come through unchanged', async () => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.send(`HTTP/1.1 200 OK\r\n${CHUNKED}\r\n${SIZE.toString(16)}\r\n`).socket.write(bytes);
      peer.send('\r\n0\r\n\r\n');
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    await client.send(get()).head();
    await client.until((p) => p.received.endsWith('\r\n0\r\n\r\n'), 'the last chunk');
    expect(await digestOf(client, (text) => text.slice(text.indexOf('\r\n') + 2, -7))).toBe(digest);
  });

  test('for a client that does not read are held back at the target, and come through once it reads', async () => {
    let written = 0;
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE * 8}\r\n\r\n`);
      for (let i = 0; i < 8; i++) {
        written += SIZE;
        if (!peer.socket.write(bytes)) await once(peer.socket, 'drain');
      }
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    client.send(get());
    await client.head();
    client.socket.pause();
    const before = process.memoryUsage();
    // Enough turns of the loop for everything to go through that would go through.
    for (let i = 0; i < 2_000; i++) await new Promise(setImmediate);
    const held = process.memoryUsage();
    expect(written).toBeLessThan(SIZE * 8);
    expect(held.arrayBuffers + held.external - before.arrayBuffers - before.external).toBeLessThan(SIZE * 4);
    const expected = createHash('sha256');
    for (let i = 0; i < 8; i++) expected.update(bytes);
    const found = createHash('sha256');
    let received = 0;
    const account = () => {
      received += client.received.length;
      found.update(Buffer.from(client.received, 'latin1'));
      client.received = '';
    };
    account();
    client.socket.on('data', () => {
      account();
      // Now and then it stops reading again.
      if (received % 7 !== 0) return;
      client.socket.pause();
      setTimeout(() => client.socket.resume(), 5);
    });
    client.socket.resume();
    await client.until(() => received >= SIZE * 8, 'the whole body');
    expect(received).toBe(SIZE * 8);
    expect(found.digest('hex')).toBe(expected.digest('hex'));
  });

  test('in pieces, for a client that reads late, do not overwrite each other', async () => {
    const PIECE = 20_000;
    const pieces = 600;
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${PIECE * pieces}\r\n\r\n`);
      for (let i = 0; i < pieces && !peer.closed; i++) {
        if (!peer.socket.write(Buffer.alloc(PIECE, 33 + (i % 90)))) await once(peer.socket, 'drain');
        await new Promise(setImmediate);
        await new Promise(setImmediate);
      }
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    await client.send(get()).head();
    client.socket.pause();
    for (let i = 0; i < 2_000; i++) await new Promise(setImmediate);
    client.socket.resume();
    await client.until((p) => p.received.length >= PIECE * pieces, 'the whole body');
    for (let i = 0; i < pieces; i++)
      expect(client.received.slice(i * PIECE, (i + 1) * PIECE)).toBe(
        String.fromCharCode(33 + (i % 90)).repeat(PIECE),
      );
  });

  test('for a target that does not read are held back at the client', async () => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.socket.pause();
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    client.send(post(`Content-Length: ${SIZE * 8}\r\n`));
    for (let i = 0; i < 8; i++) client.socket.write(bytes);
    const peer = await upstream.peer();
    for (let i = 0; i < 2_000; i++) await new Promise(setImmediate);
    expect(client.socket.writableLength).toBeGreaterThan(0);
    let received = 0;
    peer.socket.on('data', () => {
      received += peer.received.length;
      peer.received = '';
    });
    received += peer.received.length;
    peer.received = '';
    peer.socket.resume();
    await peer.until(() => received >= SIZE * 8, 'the whole body');
    await peer.send(ok()).until(() => true);
    await client.take('ok');
  });
});
