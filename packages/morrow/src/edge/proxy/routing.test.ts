import { afterEach, describe, expect, test } from 'vitest';
import type { EdgeListen, EdgeService } from '../api.ts';
import {
  cleanUp,
  field,
  get,
  lines,
  ok,
  PORT,
  service,
  startAnswering,
  startEdge,
  startUpstream,
} from './harness.testing.ts';
import { RouteTable, routingHost } from './routes.ts';

afterEach(cleanUp);

const listen = (more: Partial<EdgeListen>): EdgeListen => ({
  address: '',
  port: 80,
  hosts: [],
  pathPrefix: '/',
  ...more,
});
const table = (services: Readonly<Record<string, Partial<EdgeListen>>>) =>
  new RouteTable(Object.entries(services).map(([name, more]) => ({ name, listen: listen(more) })));

describe('the route of a request', () => {
  test('is by port', () => {
    const routes = table({ a: { port: 80 }, b: { port: 81 } });
    expect(routes.find(80, 'x', '/')?.name).toBe('a');
    expect(routes.find(81, 'x', '/')?.name).toBe('b');
    expect(routes.find(82, 'x', '/')).toBeNull();
  });

  test('is by the longest path prefix, at the end of a segment', () => {
    const routes = table({ web: {}, api: { pathPrefix: '/api' }, v2: { pathPrefix: '/api/v2/' } });
    const find = (target: string) => routes.find(80, 'x', target)?.name;
    expect(
      ['/', '/apix', '/api', '/api?a=b', '/api/', '/api/v1', '/api/v2', '/api/v2/x', '/api/v20', '*'].map(
        find,
      ),
    ).toEqual(['web', 'web', 'api', 'api', 'api', 'api', 'v2', 'v2', 'api', 'web']);
  });

  test('is by host: exact before wildcard before any, for equally long paths', () => {
    const routes = table({
      any: {},
      wild: { hosts: ['*.example.org'] },
      exact: { hosts: ['www.example.org', 'EXAMPLE.org'] },
      deep: { hosts: ['www.example.org'], pathPrefix: '/deep' },
    });
    const find = (host: string | null, target = '/') => routes.find(80, host, target)?.name;
    expect(find('www.example.org')).toBe('exact');
    expect(find('WWW.Example.org.:8080')).toBe('exact');
    expect(find('example.org')).toBe('exact');
    expect(find('other.example.org')).toBe('wild');
    expect(find('a.b.example.org')).toBe('any');
    expect(find('[::1]:80')).toBe('any');
    expect(find(null)).toBe('any');
    expect(find('www.example.org', '/deep/x')).toBe('deep');
  });

  test('is none where no host or path fits', () => {
    const routes = table({ a: { hosts: ['a.example'] }, b: { hosts: ['b.example'], pathPrefix: '/b' } });
    expect(routes.find(80, 'c.example', '/')).toBeNull();
    expect(routes.find(80, 'b.example', '/')).toBeNull();
  });

  test('takes hosts without port and final dot, in lower case', () => {
    expect(['A.b', 'a.b:80', 'a.b.', '[::1]', '[::1]:80'].map(routingHost)).toEqual([
      'a.b',
      'a.b',
      'a.b',
      '[::1]',
      '[::1]',
    ]);
  });
});

test('services on one port are reached by path, and the prefix is passed on', async () => {
  const echo = () =>
    startUpstream(async (peer) => {
      for (;;) peer.send(ok(lines(await peer.head())[0]));
    });
  const [web, api] = await Promise.all([echo(), echo()]);
  const at = (name: string, port: number, pathPrefix: string): EdgeService => ({
    ...service([port]),
    name,
    listen: { address: '127.0.0.1', port: PORT, hosts: [], pathPrefix },
    slots: {
      blue: { revision: `r-${name}`, targets: [{ id: name, host: '127.0.0.1', port }], draining: false },
      green: null,
    },
  });
  const edge = await startEdge([at('web', web.port, '/'), at('api', api.port, '/api')]);
  const client = await edge.client();
  expect(field(await client.send(get('/x')).take('GET /x HTTP/1.1'), 'x-morrow-revision')).toBe('r-web');
  expect(field(await client.send(get('/api/y?z')).take('GET /api/y?z HTTP/1.1'), 'x-morrow-revision')).toBe(
    'r-api',
  );
});

test('a request for no service gets a 404 and the connection goes on', async () => {
  const edge = await startEdge([]);
  const client = await edge.client();
  for (let i = 0; i < 2; i++) {
    const answer = await client.send(get()).take('NO_SERVICE)\n');
    expect(lines(answer)[0]).toBe('HTTP/1.1 404 Not Found');
    expect(field(answer, 'x-morrow-revision')).toBeNull();
  }
  expect(edge.proxy.takeCounts()).toEqual({ slots: [], refused: { NO_SERVICE: 2 } });
});

test('a service that routes nothing answers 503', async () => {
  const edge = await startEdge([service([], { weights: null })]);
  await (await edge.client()).send(get()).take('NO_REVISION)\n');
});

test('a revision without a healthy target answers 503 in its name, and it counts as its error', async () => {
  const upstream = await startAnswering(ok());
  const edge = await startEdge([service([upstream.port])]);
  edge.proxy.setHealthy('web-blue-0', false);
  const client = await edge.client();
  const answer = await client.send(get()).take('NO_TARGET)\n');
  expect(lines(answer)[0]).toBe('HTTP/1.1 503 Service Unavailable');
  expect(field(answer, 'x-morrow-revision')).toBe('r-blue');
  expect(edge.proxy.takeCounts().slots[0]?.counts).toMatchObject({
    requests: 1,
    errors: 1,
    status: [0, 0, 0, 0, 1],
  });
  edge.proxy.setHealthy('web-blue-0', true);
  await client.send(get()).take('ok');
});

/** Two slots with one target each, which answer with their colour. */
async function twoSlots(weights: EdgeService['weights'], random?: () => number) {
  const [blue, green] = await Promise.all([
    startAnswering(ok('from blue')),
    startAnswering(ok('from green')),
  ]);
  const slot = (name: string, port: number) => ({
    revision: `r-${name}`,
    targets: [{ id: name, host: '127.0.0.1', port }],
    draining: false,
  });
  const web = service([], {
    weights,
    slots: { blue: slot('blue', blue.port), green: slot('green', green.port) },
  });
  return { web, edge: await startEdge([web], random === undefined ? {} : { random }) };
}

test('the slot is drawn by weight, anew for each request', async () => {
  // A fixed sequence stands for chance: its first number of each request chooses the slot.
  const draws = [0, 0.0499, 0.05, 0.5, 0.9999];
  let next = 0;
  const { edge } = await twoSlots({ blue: 5, green: 95 }, () => draws[next++ % draws.length] as number);
  const client = await edge.client();
  const seen: (string | null)[] = [];
  for (let i = 0; i < draws.length; i++)
    seen.push(field(await client.send(get()).take(i < 2 ? 'from blue' : 'from green'), 'x-morrow-revision'));
  expect(seen).toEqual(['r-blue', 'r-blue', 'r-green', 'r-green', 'r-green']);
});

test('weights of 100 and 0 leave nothing to chance', async () => {
  const { edge, web } = await twoSlots({ blue: 100, green: 0 }, () => 0.999_999);
  const client = await edge.client();
  await client.send(get()).take('from blue');
  edge.apply({ ...web, weights: { blue: 0, green: 100 } });
  await client.send(get()).take('from green');
});

test('measured weights lie within what chance allows', async () => {
  const { edge } = await twoSlots({ blue: 30, green: 70 });
  const client = await edge.client();
  const total = 4_000;
  client.send(get().repeat(total));
  client.socket.on('data', () => {
    client.received = '';
  });
  const counts = { blue: 0, green: 0 };
  while (counts.blue + counts.green < total) {
    await new Promise(setImmediate);
    for (const { slot, counts: more } of edge.proxy.takeCounts().slots) counts[slot] += more.requests;
  }
  // Six standard deviations: by chance once in 500 million runs.
  expect(Math.abs(counts.blue - total * 0.3)).toBeLessThan(6 * Math.sqrt(total * 0.3 * 0.7));
});

test('the less busy of two targets gets the request', async () => {
  const held = await startUpstream();
  const free = await startAnswering(ok('free'));
  const edge = await startEdge([service([held.port, free.port])], { random: () => 0 });
  const first = await edge.client();
  first.send(get());
  await held.peer();
  const second = await edge.client();
  for (let i = 0; i < 5; i++) await second.send(get()).take('free');
});

describe('the preview listener', () => {
  test('reaches a revision without weight, and counts nothing', async () => {
    const { edge } = await twoSlots({ blue: 100, green: 0 });
    const client = await edge.client(edge.previewPort);
    const answer = await client.send(get('/', 'X-Morrow-Revision: r-green\r\n')).take('from green');
    expect(field(answer, 'x-morrow-revision')).toBe('r-green');
    await client.send(get('/', 'X-Morrow-Revision: r-blue\r\n')).take('from blue');
    expect(edge.proxy.takeCounts().slots).toEqual([]);
  });

  test('refuses a revision that nobody has, and a request that names none', async () => {
    const { edge } = await twoSlots({ blue: 100, green: 0 });
    const client = await edge.client(edge.previewPort);
    await client.send(get('/', 'X-Morrow-Revision: r-red\r\n')).take('UNKNOWN_REVISION)\n');
    await client.send(get()).take('REVISION_MISSING)\n');
  });

  test('knows services with the same revision by x-morrow-service, or by host and path', async () => {
    const [web, api] = await Promise.all([startAnswering(ok('web')), startAnswering(ok('api'))]);
    const at = (name: string, port: number, pathPrefix: string): EdgeService => ({
      ...service([port]),
      name,
      listen: { address: '127.0.0.1', port: PORT, hosts: [], pathPrefix },
      slots: {
        blue: { revision: 'r-1', targets: [{ id: name, host: '127.0.0.1', port }], draining: false },
        green: null,
      },
    });
    const edge = await startEdge([at('web', web.port, '/'), at('api', api.port, '/api')]);
    const client = await edge.client(edge.previewPort);
    await client.send(get('/', 'X-Morrow-Revision: r-1\r\n')).take('web');
    await client.send(get('/api/x', 'X-Morrow-Revision: r-1\r\n')).take('api');
    await client.send(get('/', 'X-Morrow-Revision: r-1\r\nX-Morrow-Service: api\r\n')).take('api');
    await client
      .send(get('/', 'X-Morrow-Revision: r-1\r\nX-Morrow-Service: none\r\n'))
      .take('UNKNOWN_REVISION)\n');
  });
});

describe('a change', () => {
  test('holds for the next request, while those under way end where they are', async () => {
    const old = await startUpstream();
    const fresh = await startAnswering(ok('new'));
    const edge = await startEdge([service([old.port])]);
    const waiting = await edge.client();
    waiting.send(get());
    const peer = await old.peer();
    await peer.head();
    const slots = (port: number) => ({
      blue: { revision: 'r-2', targets: [{ id: 'web-blue-new', host: '127.0.0.1', port }], draining: false },
      green: null,
    });
    edge.apply(service([], { slots: slots(fresh.port) }));
    const client = await edge.client();
    expect(field(await client.send(get()).take('new'), 'x-morrow-revision')).toBe('r-2');
    expect(edge.proxy.inFlight()).toEqual([
      { service: 'web', slot: 'blue', revision: 'r-blue', requests: 1 },
    ]);
    peer.send(ok('old'));
    expect(field(await waiting.take('old'), 'x-morrow-revision')).toBe('r-blue');
    const counts = edge.proxy.takeCounts().slots.map((each) => [each.counts.revision, each.counts.requests]);
    expect(counts.sort()).toEqual([
      ['r-2', 1],
      ['r-blue', 1],
    ]);
  });

  test('of something else keeps health and connections of a target', async () => {
    const upstream = await startAnswering(ok());
    const web = service([upstream.port]);
    const edge = await startEdge([web]);
    const client = await edge.client();
    await client.send(get()).take('ok');
    edge.proxy.apply([{ ...web, maxBodyBytes: 5 }]);
    await client.send(get()).take('ok');
    expect(upstream.peers).toHaveLength(1);
    edge.proxy.apply([
      service([upstream.port], {
        slots: {
          blue: {
            revision: 'r-blue',
            targets: [{ id: 'other', host: '127.0.0.1', port: upstream.port }],
            draining: false,
          },
          green: null,
        },
      }),
    ]);
    await client.send(get()).take('NO_TARGET)\n');
  });

  test('that takes the service away leaves nothing to reach', async () => {
    const upstream = await startAnswering(ok());
    const edge = await startEdge([service([upstream.port])]);
    const client = await edge.client();
    await client.send(get()).take('ok');
    edge.proxy.apply([]);
    await client.send(get()).take('NO_SERVICE)\n');
    await (await upstream.peer()).until((p) => p.ended, 'the idle connection is closed');
  });
});

test('counts tell requests, bytes and latency, and are deltas', async () => {
  const upstream = await startUpstream(async (peer) => {
    await peer.head();
    await peer.take('hello');
    peer.send(ok('0123456789'));
  });
  const edge = await startEdge([service([upstream.port])]);
  const client = await edge.client();
  const request = 'POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello';
  const answer = await client.send(request).take('0123456789');
  const [slot] = edge.proxy.takeCounts().slots;
  expect(slot).toMatchObject({ service: 'web', slot: 'blue' });
  expect(slot?.counts).toMatchObject({
    revision: 'r-blue',
    requests: 1,
    status: [0, 1, 0, 0, 0],
    bytesIn: request.length,
    bytesOut: answer.length,
  });
  expect(slot?.counts.latency).toHaveLength(1);
  expect(edge.proxy.takeCounts()).toEqual({ slots: [], refused: {} });
});
