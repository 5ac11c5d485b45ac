import { afterEach, describe, expect, test } from 'vitest';
import {
  cleanUp,
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

const HOST = 'Host: a.example\r\n';
const post = `POST / HTTP/1.1\r\n${HOST}`;
const SMUGGLED = `GET /smuggled HTTP/1.1\r\n${HOST}\r\n`;

describe('a client that sends', () => {
  const cases: readonly [name: string, bytes: string, status: number, code: string][] = [
    [
      'Content-Length and Transfer-Encoding',
      `${post}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
      400,
      'LENGTH_AND_CODING',
    ],
    [
      'Transfer-Encoding and Content-Length',
      `${post}Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n${SMUGGLED}`,
      400,
      'LENGTH_AND_CODING',
    ],
    [
      'two Content-Lengths that differ',
      `${post}Content-Length: 0\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
      400,
      'LENGTH_TWICE',
    ],
    [
      'the same Content-Length twice',
      `${post}Content-Length: 0\r\nContent-Length: 0\r\n\r\n${SMUGGLED}`,
      400,
      'LENGTH_TWICE',
    ],
    ['a Content-Length that is no number', `${post}Content-Length: +0\r\n\r\n${SMUGGLED}`, 400, 'LENGTH'],
    [
      'Transfer-Encoding in HTTP/1.0',
      `POST / HTTP/1.0\r\n${HOST}Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
      400,
      'CODING_IN_1_0',
    ],
    [
      'an obscured Transfer-Encoding',
      `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
      400,
      'CODING',
    ],
    [
      'Transfer-Encoding twice',
      `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${SMUGGLED}`,
      400,
      'CODING',
    ],
    [
      'Transfer-Encoding with a space before the colon',
      `${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
      400,
      'FIELD_NAME',
    ],
    ['a folded field', `${post}X: a\r\n b\r\nContent-Length: 0\r\n\r\n${SMUGGLED}`, 400, 'FIELD_FOLDED'],
    ['a bare LF', `${post}X: a\nContent-Length: 0\r\n\r\n${SMUGGLED}`, 400, 'LINE_END'],
    ['a bare CR', `${post}X: a\rContent-Length: 0\r\n\r\n${SMUGGLED}`, 400, 'LINE_END'],
    ['a head of bare LFs', `GET / HTTP/1.1\nHost: a\n\n`, 400, 'LINE_END'],
    ['NUL in a field', `${post}X: a\0b\r\n\r\n`, 400, 'FIELD_VALUE'],
    ['an empty field name', `${post}: a\r\n\r\n`, 400, 'FIELD_NAME'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400, 'HOST_MISSING'],
    ['two Hosts', `GET / HTTP/1.1\r\n${HOST}Host: b.example\r\n\r\n`, 400, 'HOST_TWICE'],
    ['a malformed Host', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400, 'HOST'],
    ['the absolute form', `GET http://b.example/ HTTP/1.1\r\n${HOST}\r\n`, 400, 'TARGET_FORM'],
    ['CONNECT', `CONNECT b.example:443 HTTP/1.1\r\n${HOST}\r\n`, 501, 'METHOD'],
    ['an unknown method', `BREW / HTTP/1.1\r\n${HOST}\r\n`, 501, 'METHOD'],
    ['HTTP/0.9', 'GET /\r\n', 400, 'START_LINE'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505, 'VERSION'],
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'START_LINE'],
    [
      'a target that is too long',
      `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`,
      414,
      'TARGET_TOO_LONG',
    ],
    ['a head that is too large', `${post}X: ${'a'.repeat(40_000)}\r\n\r\n`, 431, 'HEAD_TOO_LARGE'],
    ['too many fields', `${post}${'X: a\r\n'.repeat(200)}\r\n`, 431, 'TOO_MANY_FIELDS'],
    ['an Expect that nobody knows', `${post}Expect: magic\r\nContent-Length: 1\r\n\r\nx`, 417, 'EXPECT'],
    [
      'a WebSocket upgrade by POST',
      `${post}Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n`,
      400,
      'UPGRADE_MALFORMED',
    ],
  ];
  test.each(cases)('%s is refused and reaches no target', async (_, bytes, status, code) => {
    const upstream = await startAnswering(ok());
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    const answer = await client.send(bytes).end();
    expect(lines(answer)[0]).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(field(answer, 'connection')).toBe('close');
    expect(field(answer, 'x-morrow-error')).toBe(code);
    expect(answer.match(/^HTTP\/1.1/gm)).toHaveLength(1);
    expect(upstream.peers).toHaveLength(0);
    expect(edge.proxy.takeCounts()).toEqual({ slots: [], refused: { [code]: 1 } });
  });

  const chunks: readonly [name: string, chunks: string, code: string][] = [
    ['a chunk size that is no number', 'xyz\r\n', 'CHUNK_SIZE'],
    ['a negative chunk size', '-1\r\n', 'CHUNK_SIZE'],
    ['a chunk size that overflows', 'fffffffffffffffff\r\n', 'CHUNK_SIZE'],
    ['a chunk size with a prefix', '0x5\r\nhello\r\n', 'CHUNK_SIZE'],
    ['a chunk size behind a space', ' 5\r\nhello\r\n', 'CHUNK_SIZE'],
    ['a chunk extension', '5;a=b\r\nhello\r\n', 'CHUNK_EXTENSION'],
    ['a chunk that is longer than its size', '4\r\nhello\r\n', 'CHUNK_END'],
    ['a chunk that ends with a bare LF', '5\r\nhello\n0\r\n\r\n', 'CHUNK_END'],
    ['a chunk size that ends with a bare LF', '5\nhello\r\n0\r\n\r\n', 'CHUNK_SIZE'],
    ['a Content-Length as trailer', '0\r\nContent-Length: 5\r\n\r\n', 'TRAILER'],
  ];
  test.each(chunks)('%s is refused, and the target never sees a whole request', async (_, bytes, code) => {
    const upstream = await startUpstream();
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    const answer = await client.send(`${post}Transfer-Encoding: chunked\r\n\r\n${bytes}${SMUGGLED}`).end();
    expect(lines(answer)[0]).toMatch(/^HTTP\/1.1 400 /);
    expect(field(answer, 'x-morrow-error')).toBe(code);
    // Where the head was on its way already, the connection ended without the last chunk.
    for (const peer of upstream.peers) {
      await peer.end();
      expect(peer.received).not.toContain('\r\n\r\n0\r\n');
      expect(peer.received).not.toContain('smuggled');
    }
  });

  test('two requests in one segment has them answered one after the other, in order', async () => {
    const upstream = await startUpstream(async (peer) => {
      for (;;) {
        const head = await peer.head();
        peer.send(ok(lines(head)[0]?.split(' ')[1]));
      }
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    client.send(
      `${get('/1')}POST /2 HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n${get('/3')}${get('/none')}`,
    );
    const answers = await client.until((p) => p.received.includes('/none')).then((p) => p.received);
    expect(answers.match(/\r\n\r\n\/(\d|none)/g)?.map((body) => body.trim())).toEqual([
      '/1',
      '/2',
      '/3',
      '/none',
    ]);
  });

  test('thousands of pipelined requests and reads nothing is held back', async () => {
    const upstream = await startAnswering(ok('a'.repeat(10_000)));
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    client.socket.pause();
    for (let i = 0; i < 5_000; i++) client.send(get());
    for (let i = 0; i < 2_000; i++) await new Promise(setImmediate);
    const { requests } = edge.proxy.takeCounts().slots[0]?.counts ?? { requests: 0 };
    expect(requests).toBeGreaterThan(0);
    expect(requests).toBeLessThan(5_000);
    let bytes = 0;
    client.socket.on('data', (chunk) => {
      bytes += chunk.length;
      client.received = '';
    });
    client.socket.resume();
    await client.until(() => bytes >= 5_000 * 10_000, 'all answers');
  });

  test('h2c upgrade has it ignored: the request is answered as HTTP/1.1 and no upgrade goes on', async () => {
    const upstream = await startUpstream();
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    client.send(
      get('/', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n'),
    );
    const peer = await upstream.peer();
    const head = await peer.head();
    expect(field(head, 'upgrade')).toBeNull();
    expect(field(head, 'connection')).toBeNull();
    expect(field(head, 'http2-settings')).toBeNull();
    peer.send(ok());
    await client.take('ok');
  });
});

describe('a target that answers with', () => {
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
  const heads: readonly [name: string, answer: string][] = [
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\nhello'],
    ['the same length twice', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok'],
    [
      'a length and a coding',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a coding that is not chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n'],
    ['a coding in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a folded field', 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n'],
    ['bare LFs', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
    ['a bare CR', 'HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\n\r\n'],
    ['NUL in a field', 'HTTP/1.1 200 OK\r\nX: \0\r\n\r\n'],
    ['a body behind 204', 'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok'],
    ['101 that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'],
    ['a status beyond 599', 'HTTP/1.1 600 What\r\nContent-Length: 0\r\n\r\n'],
    ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['HTTP/2', 'HTTP/2.0 200 OK\r\n\r\n'],
    ['a head that is too large', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`],
  ];
  test.each(heads)(
    '%s makes a 502 that says so, and is never asked again on that connection',
    async (_, answer) => {
      const upstream = await startUpstream(async (peer, index) => {
        await peer.head();
        peer.send(index === 0 ? answer : ok());
      });
      const edge = await startEdge([service([upstream.port])]);
      const client = await edge.client();
      const refused = await client.send(get()).take('TARGET_MALFORMED)\n');
      expect(lines(refused)[0]).toBe('HTTP/1.1 502 Bad Gateway');
      expect(field(refused, 'x-morrow-revision')).toBe('r-blue');
      expect(await client.send(get()).take('ok')).toMatch(/^HTTP\/1.1 200/);
      expect(upstream.peers).toHaveLength(2);
      expect(edge.proxy.takeCounts().slots[0]?.counts).toMatchObject({
        requests: 2,
        resets: 1,
        errors: 1,
        status: [0, 1, 0, 0, 1],
      });
    },
  );

  const cuts: readonly [name: string, bytes: string][] = [
    ['a bad chunk size', `${chunked}2\r\nok\r\nxyz\r\n`],
    ['a chunk extension', `${chunked}2\r\nok\r\n2;a\r\nok\r\n`],
    ['a chunk longer than its size', `${chunked}2\r\nok\r\n1\r\nok\r\n`],
  ];
  test.each(cuts)('%s within the answer has the client connection cut', async (_, bytes) => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.send(bytes);
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    const answer = await client.send(get()).end();
    expect(answer).not.toContain('0\r\n\r\n');
    expect(edge.proxy.takeCounts().slots[0]?.counts).toMatchObject({
      requests: 1,
      resets: 1,
      errors: 1,
      status: [0, 1, 0, 0, 0],
    });
  });

  test('more than one answer does not have the second taken for the next request', async () => {
    const upstream = await startUpstream(async (peer, index) => {
      await peer.head();
      peer.send(index === 0 ? ok('one') + ok('poison') : ok('two'));
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    await client.send(get()).take('one');
    await client.send(get()).take('two');
    expect(upstream.peers).toHaveLength(2);
  });

  test('bytes while nothing was asked has its connection closed', async () => {
    const upstream = await startUpstream(async (peer, index) => {
      await peer.head();
      peer.send(ok('one'));
      if (index > 0) return;
      await peer.take('never').catch(() => {});
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    await client.send(get()).take('one');
    const peer = await upstream.peer();
    peer.send(ok('poison'));
    await peer.end();
    await client.send(get()).take('one');
    expect(upstream.peers).toHaveLength(2);
  });
});
