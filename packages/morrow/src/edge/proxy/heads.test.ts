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

describe('the head of a request', () => {
  test('is written anew: in the same order, without what is for one connection only', async () => {
    const upstream = await startUpstream();
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    client.send(
      'POST /a/b?c=%20d HTTP/1.1\r\nhost: a.example:81\r\nX-First:  one \t\r\nConnection: close, X-Private\r\nX-Private: 1\r\n' +
        'Keep-Alive: 300\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\nProxy-Authorization: x\r\nHTTP2-Settings: x\r\n' +
        'Proxy: http://evil\r\nContent_Length: 7\r\nX_Forwarded_For: 6.6.6.6\r\nX-Morrow-Revision: other\r\nX-Second: two\r\n' +
        'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\ntracestate: a=b\r\nX-Request-Id: my-id.1\r\n' +
        'Content-Length: 005\r\nX-Third: \xe4\r\n\r\nhello',
    );
    const peer = await upstream.peer();
    expect(lines(await peer.head())).toEqual([
      'POST /a/b?c=%20d HTTP/1.1',
      'Host: a.example:81',
      'X-First: one',
      'X-Second: two',
      'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      'tracestate: a=b',
      'X-Third: \xe4',
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: a.example:81',
      'X-Request-Id: my-id.1',
      'Content-Length: 5',
    ]);
    await peer.take('hello');
  });

  test('gets a request id if it has none that is fit, and the answer has the same', async () => {
    const upstream = await startUpstream();
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    const ids = new Set<string | null>();
    for (const own of [
      '',
      'X-Request-Id:\r\n',
      'X-Request-Id: a b\r\n',
      `X-Request-Id: ${'a'.repeat(200)}\r\n`,
    ]) {
      client.send(get('/', own));
      const peer = await upstream.peer();
      const id = field(await peer.head(), 'x-request-id');
      expect(id).toMatch(/^[0-9a-z-]{16,}$/);
      peer.send(`HTTP/1.1 200 OK\r\nX-Request-Id: theirs\r\nContent-Length: 0\r\n\r\n`);
      const answer = await client.head();
      expect(answer.match(/x-request-id: .*/gi)).toEqual([`X-Request-Id: ${id}`]);
      ids.add(id);
    }
    expect(ids.size).toBe(4);
  });

  test('X-Forwarded-* of a peer on this machine is believed and appended to', async () => {
    const upstream = await startUpstream();
    const edge = await startEdge([service([upstream.port])]);
    const forwarded =
      'X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: outer.example\r\nForwarded: for=1.1.1.1\r\n';
    (await edge.client()).send(get('/', forwarded));
    const head = await (await upstream.peer()).head();
    expect(lines(head).filter((line) => /forwarded/i.test(line))).toEqual([
      'Forwarded: for=1.1.1.1',
      'X-Forwarded-For: 1.1.1.1, 2.2.2.2, 127.0.0.1',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: outer.example',
    ]);
  });

  test('X-Forwarded-* of anybody else is dropped', async () => {
    const upstream = await startUpstream();
    const edge = await startEdge([service([upstream.port])], { trusted: () => false });
    const forwarded =
      'X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nForwarded: for=1.1.1.1\r\n';
    (await edge.client()).send(get('/', forwarded));
    const head = await (await upstream.peer()).head();
    expect(lines(head).filter((line) => /forwarded/i.test(line))).toEqual([
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: a.example',
    ]);
  });

  test('a client that nominates Host, lengths or X-Forwarded-For as hop-by-hop takes nothing away', async () => {
    const upstream = await startUpstream();
    const edge = await startEdge([service([upstream.port])]);
    (await edge.client()).send(
      'POST / HTTP/1.1\r\nHost: a.example\r\nConnection: host, content-length, x-forwarded-for, x-request-id\r\nContent-Length: 2\r\n\r\nhi',
    );
    const head = await (await upstream.peer()).head();
    expect(field(head, 'host')).toBe('a.example');
    expect(field(head, 'content-length')).toBe('2');
    expect(field(head, 'x-forwarded-for')).toBe('127.0.0.1');
    expect(field(head, 'x-request-id')).not.toBeNull();
  });

  test('of HTTP/1.0 without Host names the service, and the answer ends with the connection', async () => {
    const upstream = await startAnswering(ok('hello'));
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    const answer = await client.send('GET / HTTP/1.0\r\n\r\n').end();
    expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(field(answer, 'connection')).toBe('close');
    expect(answer.endsWith('\r\n\r\nhello')).toBe(true);
  });

  test('of HTTP/1.0 with keep-alive keeps the connection and says so', async () => {
    const upstream = await startAnswering(ok('hello'));
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    for (let i = 0; i < 2; i++) {
      const answer = await client.send('GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n').take('hello');
      expect(field(answer, 'connection')).toBe('keep-alive');
    }
  });
});

describe('the head of an answer', () => {
  test('is written anew, with the revision, without what is for one connection only', async () => {
    const upstream = await startAnswering(
      'HTTP/1.1 200 Fine\r\nServer: x\r\nConnection: keep-alive, X-Private\r\nX-Private: 1\r\nKeep-Alive: timeout=5\r\nUpgrade: h2c\r\n' +
        'Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Morrow-Revision: forged\r\nX-Odd:   spaced  \r\nContent-Length: 02\r\n\r\nok',
    );
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    const answer = await client.send(get('/', 'X-Request-Id: one\r\n')).head();
    expect(lines(answer)).toEqual([
      'HTTP/1.1 200 Fine',
      'Server: x',
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
      'X-Odd: spaced',
      'Content-Length: 2',
      'X-Request-Id: one',
      'X-Morrow-Revision: r-blue',
    ]);
    await client.take('ok');
  });

  test('says close when the client asked for it, and the connection closes', async () => {
    const upstream = await startAnswering(ok());
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    const answer = await client.send(get('/', 'Connection: close\r\n')).end();
    expect(field(answer, 'connection')).toBe('close');
    expect(client.error).toBeNull();
  });

  test('to HEAD keeps its Content-Length and has no body; the connection goes on', async () => {
    const upstream = await startAnswering('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    for (let i = 0; i < 3; i++) {
      client.send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n');
      expect(field(await client.head(), 'content-length')).toBe('1000');
    }
    expect(client.received).toBe('');
    expect(upstream.peers).toHaveLength(1);
  });

  test('of 204 and 304 has no body; the connection goes on', async () => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.send('HTTP/1.1 204 No Content\r\n\r\n');
      await peer.head();
      peer.send('HTTP/1.1 304 Not Modified\r\nContent-Length: 50\r\n\r\n');
      await peer.head();
      peer.send(ok());
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    const first = await client.send(get()).head();
    expect(field(first, 'content-length')).toBeNull();
    expect(field(first, 'transfer-encoding')).toBeNull();
    expect(field(await client.send(get()).head(), 'content-length')).toBe('50');
    await client.send(get()).take('\r\n\r\nok');
  });

  test('of 1xx is passed on before the answer to HTTP/1.1, and kept from HTTP/1.0', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: x\r\nX: 1\r\n\r\n';
    const upstream = await startAnswering(`HTTP/1.1 100 Continue\r\n\r\n${hints}${ok()}`);
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    client.send(get());
    expect(lines(await client.head())).toEqual(['HTTP/1.1 103 Early Hints', 'Link: </a.css>']);
    expect(await client.take('ok')).toMatch(/^HTTP\/1.1 200 OK/);
    const old = await edge.client();
    expect(await old.send('GET / HTTP/1.0\r\n\r\n').end()).toMatch(/^HTTP\/1.1 200 OK/);
  });
});
