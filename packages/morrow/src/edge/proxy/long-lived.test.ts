import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import type { EdgeService } from '../api.ts';
import {
  atEnd,
  cleanUp,
  type Edge,
  eventually,
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

/** The service with its blue slot draining, everything else as it was. */
const drained = (web: EdgeService): EdgeService => ({
  ...web,
  slots: { ...web.slots, blue: web.slots.blue && { ...web.slots.blue, draining: true } },
});

/** A WebSocket server that echoes, with the closes that it saw. */
async function startEcho() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const closes: number[] = [];
  server.on('connection', (socket) => {
    socket.on('message', (data, binary) => socket.send(data, { binary }));
    socket.on('close', (code) => closes.push(code));
    socket.on('error', () => {});
  });
  await once(server, 'listening');
  atEnd(async () => {
    for (const client of server.clients) client.terminate();
    await new Promise((resolve) => server.close(resolve));
  });
  return { server, closes, port: (server.address() as { port: number }).port };
}

async function openWebSocket(edge: Edge, path = '/ws'): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${edge.port}${path}`);
  atEnd(() => socket.terminate());
  await once(socket, 'open');
  return socket;
}

describe('a WebSocket', () => {
  test('carries messages both ways, small and large, text and binary', async () => {
    const echo = await startEcho();
    const edge = await startEdge([service([echo.port])]);
    const socket = await openWebSocket(edge);
    for (const message of [
      Buffer.from('hello'),
      Buffer.alloc(0),
      Buffer.alloc(300, 'a'),
      Buffer.alloc(3_000_000, 'b'),
    ]) {
      socket.send(message);
      const [data] = (await once(socket, 'message')) as [Buffer];
      expect(data.equals(message)).toBe(true);
    }
    expect(edge.proxy.inFlight()).toEqual([
      { service: 'web', slot: 'blue', revision: 'r-blue', requests: 1 },
    ]);
    const { counts } = edge.proxy.takeCounts().slots[0] ?? {};
    expect(counts).toMatchObject({ requests: 1, status: [1, 0, 0, 0, 0], errors: 0 });
    expect(counts?.bytesIn).toBeGreaterThan(3_000_000);
    expect(counts?.bytesOut).toBeGreaterThan(3_000_000);
  });

  test('that either end closes is closed at the other, with its code', async () => {
    const echo = await startEcho();
    const edge = await startEdge([service([echo.port])]);
    const first = await openWebSocket(edge);
    first.close(4001);
    expect((await once(first, 'close'))[0]).toBe(4001);
    const second = await openWebSocket(edge);
    for (const client of echo.server.clients) client.close(4002);
    expect((await once(second, 'close'))[0]).toBe(4002);
    await eventually(() => edge.proxy.inFlight().length === 0);
  });

  test('whose client vanishes is closed at the target', async () => {
    const echo = await startEcho();
    const edge = await startEdge([service([echo.port])]);
    const socket = await openWebSocket(edge);
    const [atTarget] = echo.server.clients;
    socket.terminate();
    await once(atTarget as WebSocket, 'close');
  });

  test('whose target vanishes is closed at the client', async () => {
    const echo = await startEcho();
    const edge = await startEdge([service([echo.port])]);
    const socket = await openWebSocket(edge);
    for (const client of echo.server.clients) client.terminate();
    expect((await once(socket, 'close'))[0]).toBe(1006);
    await eventually(() => edge.proxy.inFlight().length === 0);
  });

  test('gets a Close frame when its slot drains, and the target an orderly close', async () => {
    const echo = await startEcho();
    const web = service([echo.port]);
    const drainedSlots: string[] = [];
    const edge = await startEdge([web], { onDrained: (...args) => drainedSlots.push(args.join(' ')) });
    const sockets = await Promise.all([openWebSocket(edge), openWebSocket(edge), openWebSocket(edge)]);
    const closes = sockets.map((socket) => once(socket, 'close'));
    const atTarget = [...echo.server.clients].map((client) => once(client, 'close'));
    edge.proxy.apply([drained(web)]);
    expect((await Promise.all(closes)).map(([code]) => code)).toEqual([1012, 1012, 1012]);
    await Promise.all(atTarget);
    expect(echo.closes).toEqual([1012, 1012, 1012]);
    await eventually(() => edge.proxy.inFlight().length === 0);
    expect(drainedSlots).toEqual(['web blue r-blue']);
  });

  test('gets its Close frame behind the frame that is under way', async () => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.send(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x05he',
      );
      await peer.take('go on');
      peer.send('llo\x81\x01x');
    });
    const web = service([upstream.port]);
    const edge = await startEdge([web]);
    const client = await edge.client();
    client.send(get('/', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'));
    const head = await client.head();
    expect(lines(head)[0]).toBe('HTTP/1.1 101 Switching Protocols');
    expect(field(head, 'upgrade')).toBe('websocket');
    expect(field(head, 'x-morrow-revision')).toBe('r-blue');
    await client.take('\x81\x05he');
    edge.proxy.apply([drained(web)]);
    client.send('go on');
    expect(await client.take('\x03\xf4')).toBe('llo\x88\x02\x03\xf4');
    // The client's own Close reaches the target, whose end reaches the client.
    client.send('\x88\x82\x00\x00\x00\x00\x03\xf4');
    const peer = await upstream.peer();
    await peer.take('\x88\x82\x00\x00\x00\x00\x03\xf4');
    peer.socket.end();
    expect(await client.end()).toBe('');
  });

  test('whose client does not answer the Close frame is cut, and the target gets a Close frame', async () => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.send('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    });
    const web = service([upstream.port]);
    const edge = await startEdge([web], { limits: { webSocketCloseMs: 100 } });
    const client = await edge.client();
    client.send(get('/', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'));
    await client.head();
    edge.proxy.apply([drained(web)]);
    await client.take('\x88\x02\x03\xf4');
    await (await upstream.peer()).take('\x88\x82\x00\x00\x00\x00\x03\xf4');
    await client.end();
    await eventually(() => edge.proxy.inFlight().length === 0);
  });

  test('that the target declines is an ordinary answer', async () => {
    const upstream = await startAnswering(
      'HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nno',
    );
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    const answer = await client
      .send(get('/', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'))
      .take('\r\n\r\nno');
    expect(lines(answer)[0]).toBe('HTTP/1.1 426 Upgrade Required');
    expect(field(answer, 'upgrade')).toBe('websocket');
    await client.send(get()).take('\r\n\r\nno');
  });

  test('whose client does not read holds its target back', async () => {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.send('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      for (let i = 0; i < 64 && !peer.closed; i++)
        if (!peer.socket.write(Buffer.alloc(1_000_000, String.fromCharCode(48 + i))))
          await once(peer.socket, 'drain');
    });
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    client.send(get('/', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'));
    await client.head();
    client.socket.pause();
    const peer = await upstream.peer();
    for (let i = 0; i < 2_000; i++) await new Promise(setImmediate);
    expect(peer.socket.writableLength).toBeGreaterThan(0);
    let bytes = 0;
    const wrong: number[] = [];
    const account = () => {
      for (let i = 0; i < client.received.length; i += 997)
        if (client.received.charCodeAt(i) !== 48 + Math.floor((bytes + i) / 1_000_000)) wrong.push(bytes + i);
      bytes += client.received.length;
      client.received = '';
    };
    account();
    client.socket.on('data', account);
    client.socket.resume();
    await client.until(() => bytes >= 64_000_000, 'what was held back');
    expect(wrong).toEqual([]);
  });
});

describe('server-sent events', () => {
  const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

  async function startStream(
    more: Partial<EdgeService> = {},
  ): Promise<{ web: EdgeService; edge: Edge; client: Peer; target: Peer }> {
    const upstream = await startUpstream(async (peer) => {
      await peer.head();
      peer.send(HEAD + chunk('data: 1\n\n'));
    });
    const web = service([upstream.port], more);
    const edge = await startEdge([web]);
    const client = await edge.client();
    await client.send(get()).head();
    expect(await client.take('data: 1\n\n\r\n')).toBe(chunk('data: 1\n\n'));
    return { web, edge, client, target: await upstream.peer() };
  }

  test('come through as they are sent', async () => {
    const { client, target } = await startStream();
    target.send(chunk('data: 2\n\n'));
    await client.take('data: 2\n\n\r\n');
    target.send('0\r\n\r\n');
    await client.take('0\r\n\r\n');
  });

  test('end in good order when the slot drains, and the client may ask again on the same connection', async () => {
    const { web, edge, client, target } = await startStream();
    const fresh = await startAnswering(ok('new'));
    const green = {
      revision: 'r-green',
      targets: [{ id: 'g', host: '127.0.0.1', port: fresh.port }],
      draining: false,
    };
    const draining = drained(web);
    edge.apply({ ...draining, slots: { ...draining.slots, green }, weights: { blue: 0, green: 100 } });
    expect(await client.take('0\r\n\r\n')).toBe('0\r\n\r\n');
    await target.until((p) => p.closed, 'the target is let go');
    expect(field(await client.send(get()).take('new'), 'x-morrow-revision')).toBe('r-green');
    expect(edge.proxy.takeCounts().slots.find(({ slot }) => slot === 'blue')?.counts).toMatchObject({
      requests: 1,
      errors: 0,
      status: [0, 1, 0, 0, 0],
    });
  });

  test('end behind the event that is under way', async () => {
    const { web, edge, client, target } = await startStream();
    target.send(chunk('data: half'));
    await client.take('data: half\r\n');
    edge.proxy.apply([drained(web)]);
    target.send(chunk(' of it\n') + chunk('\n'));
    expect(await client.take('0\r\n\r\n')).toBe(`${chunk(' of it\n')}${chunk('\n')}0\r\n\r\n`);
  });

  test('that fall silent for too long end without an error', async () => {
    const timeouts = { connectMs: 20_000, answerMs: 20_000, idleMs: 100, drainMs: 20_000 };
    const { edge, client } = await startStream({ timeouts });
    await client.end();
    expect(edge.proxy.takeCounts().slots[0]?.counts).toMatchObject({ requests: 1, errors: 0, timeouts: 0 });
  });
});

describe('a slot that drains', () => {
  test('finishes what is under way, takes nothing new, and says when it is done', async () => {
    const upstream = await startUpstream();
    const web = service([upstream.port]);
    const done: string[] = [];
    const edge = await startEdge([web], { onDrained: (...args) => done.push(args.join(' ')) });
    const client = await edge.client();
    client.send(get());
    const peer = await upstream.peer();
    await peer.head();
    edge.proxy.apply([drained(web)]);
    await (await edge.client()).send(get()).take('NO_REVISION)\n');
    expect(done).toEqual([]);
    peer.send(ok());
    await client.take('ok');
    expect(done).toEqual(['web blue r-blue']);
    await peer.until((p) => p.ended, 'its idle connections are closed');
  });

  test('with nothing under way is done at once', async () => {
    const done: string[] = [];
    const web = service([1]);
    const edge = await startEdge([web], { onDrained: (...args) => done.push(args.join(' ')) });
    edge.proxy.apply([drained(web)]);
    expect(done).toEqual(['web blue r-blue']);
  });

  test('has what lasts longer than allowed cut: with a 503 before the answer, or within it', async () => {
    const upstream = await startUpstream(async (peer, index) => {
      await peer.head();
      if (index === 1) peer.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello');
    });
    const timeouts = { connectMs: 20_000, answerMs: 20_000, idleMs: 20_000, drainMs: 100 };
    const web = service([upstream.port], { timeouts });
    const edge = await startEdge([web]);
    const first = await edge.client();
    first.send(get());
    await (await upstream.peer(0)).take('').catch(() => {});
    const second = await edge.client();
    await second.send(get()).take('hello');
    edge.proxy.apply([drained(web)]);
    expect(field(await first.take('DRAIN_LIMIT)\n'), 'x-morrow-revision')).toBe('r-blue');
    await second.end();
    await eventually(() => edge.proxy.inFlight().length === 0);
  });

  test('and comes back before it is done serves on', async () => {
    const upstream = await startAnswering(ok());
    const web = service([upstream.port]);
    const edge = await startEdge([web]);
    edge.proxy.apply([drained(web)]);
    edge.proxy.apply([web]);
    await (await edge.client()).send(get()).take('ok');
  });
});

describe('a proxy that ends', () => {
  test('finishes what is under way, closes idle connections and WebSockets, and is done', async () => {
    const echo = await startEcho();
    const upstream = await startUpstream();
    const at = (name: string, port: number, pathPrefix: string): EdgeService => ({
      ...service([port]),
      name,
      listen: { address: '127.0.0.1', port: 8_080, hosts: [], pathPrefix },
      slots: {
        blue: { revision: `r-${name}`, targets: [{ id: name, host: '127.0.0.1', port }], draining: false },
        green: null,
      },
    });
    const edge = await startEdge([at('web', upstream.port, '/'), at('echo', echo.port, '/ws')]);
    const socket = await openWebSocket(edge);
    const idle = await edge.client();
    const busy = await edge.client();
    busy.send(get());
    const peer = await upstream.peer();
    await peer.head();
    let over = false;
    const ended = edge.proxy.drain(20_000).then(() => {
      over = true;
    });
    expect((await once(socket, 'close'))[0]).toBe(1012);
    expect(over).toBe(false);
    peer.send(ok());
    expect(field(await busy.end(), 'connection')).toBe('close');
    await idle.end();
    busy.socket.end();
    idle.socket.end();
    await ended;
    expect(edge.proxy.connections).toBe(0);
  });

  test('answers a request that comes on an idle connection just then, and says that it closes', async () => {
    const upstream = await startAnswering(ok());
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    await client.send(get()).take('ok');
    const ended = edge.proxy.drain(20_000);
    expect(field(await client.send(get()).end(), 'connection')).toBe('close');
    client.socket.end();
    await ended;
  });

  test('cuts what lasts longer than allowed', async () => {
    const upstream = await startUpstream();
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    client.send(get());
    await (await upstream.peer()).head();
    await edge.proxy.drain(100);
    expect(await client.end()).toBe('');
  });
});
