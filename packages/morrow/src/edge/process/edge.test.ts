/** The edge as a whole: a real master with real workers, controlled over its socket. */
import { statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { serviceWith, slotOn } from '../../testing/edge-fixtures.ts';
import { atEnd, endEverything, startEdge, startTarget, until } from '../../testing/edge-process.ts';
import { freePort } from '../../testing/free-port.ts';
import type { EdgeEvent } from '../api.ts';
import { tryPort } from './listen.ts';

afterEach(endEverything);

const get = async (port: number, path = '/', headers: Record<string, string> = {}) => {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: { connection: 'close', ...headers },
  });
  return {
    status: answer.status,
    text: await answer.text(),
    revision: answer.headers.get('x-morrow-revision'),
  };
};

async function edgeWithShop(weights = { blue: 100, green: 0 }) {
  const [edge, blue, green, port] = await Promise.all([
    // Nobody sends heartbeats here.
    startEdge({ args: ['--failsafe-ms', '3600000'] }),
    startTarget('blue'),
    startTarget('green'),
    freePort(),
  ]);
  const shop = serviceWith({
    port,
    blue: slotOn('rev-blue', blue.port),
    green: slotOn('rev-green', green.port),
    weights,
  });
  await edge.client.putService(1, shop);
  await until('two healthy targets', async () =>
    (await edge.state()).services[0]?.targets.every(({ health }) => health === 'healthy'),
  );
  return { edge, blue, green, port, shop };
}

test('a service that was put is served on its port by its weights, from the answer on', async () => {
  const { edge, port } = await edgeWithShop();
  expect(await get(port)).toEqual({ status: 200, text: 'blue', revision: 'rev-blue' });
  const before = Date.now();
  const ack = await edge.client.putWeights('shop', { epoch: 1, weights: { blue: 0, green: 100 } });
  expect(ack.epoch).toBe(1);
  expect(ack.appliedAtMs).toBeGreaterThanOrEqual(before);
  expect(ack.appliedAtMs).toBeLessThanOrEqual(Date.now());
  for (let n = 0; n < 20; n += 1) expect((await get(port)).text).toBe('green');
});

test('the state shows what is served, by whom, and how it fares', async () => {
  const { edge, shop } = await edgeWithShop();
  const state = await edge.state();
  expect(state.pid).toBe(edge.process.pid);
  expect(state.workers).toHaveLength(2);
  expect(state.epoch).toBe(1);
  expect(state.services[0]?.service).toEqual(shop);
  expect(state.services[0]?.listenProblem).toBeNull();
  expect(state.services[0]?.inFlight).toEqual({ blue: 0, green: 0 });
  expect(state.diskProblem).toBeNull();
  expect(statSync(edge.socketPath).mode & 0o777).toBe(0o600);
});

test('the preview listener reaches any slot by its revision, whatever its weight, and is not counted', async () => {
  const { edge, port } = await edgeWithShop();
  const { previewPort } = await edge.state();
  expect((await get(previewPort, '/', { 'x-morrow-revision': 'rev-green' })).text).toBe('green');
  expect((await get(previewPort, '/', { 'x-morrow-revision': 'rev-blue' })).text).toBe('blue');
  expect((await get(port)).text).toBe('blue');
  const blocks = await until('a block with a request', async () => {
    const found = (await edge.client.blocks('shop', 0)).blocks;
    return found.some(({ slots }) => slots.blue?.requests) ? found : null;
  });
  const counted = blocks.map(({ slots }) => (slots.blue?.requests ?? 0) + (slots.green?.requests ?? 0));
  expect(counted.reduce((sum, count) => sum + count, 0)).toBe(1);
});

/** Sends many requests over one connection, one behind the other, and reads all answers. */
async function pipeline(port: number, requests: number): Promise<string> {
  const head = (more: string) => `GET / HTTP/1.1\r\nhost: shop\r\nconnection: ${more}\r\n\r\n`;
  const socket = connect(port, '127.0.0.1');
  socket.write(head('keep-alive').repeat(requests - 1) + head('close'));
  let text = '';
  for await (const chunk of socket.setEncoding('latin1')) text += chunk;
  return text;
}

test('weights are met: 10,000 requests lie within the interval that chance leaves in all but one of a million runs', async () => {
  const { edge, port } = await edgeWithShop({ blue: 95, green: 5 });
  const total = 10_000;
  const answers = await Promise.all(Array.from({ length: 20 }, () => pipeline(port, total / 20)));
  const revisions = answers.flatMap((text) => text.match(/^x-morrow-revision: .+(?=\r$)/gim) ?? []);
  expect(revisions).toHaveLength(total);
  const green = revisions.filter((line) => line.endsWith('rev-green')).length;
  const deviation = Math.sqrt(total * 0.05 * 0.95);
  expect(Math.abs(green - total * 0.05)).toBeLessThan(4.9 * deviation);

  // The edge's own counts are complete: they agree with the clients' to the last request.
  const seen = await until('blocks with every request', async () => {
    const { blocks } = await edge.client.blocks('shop', 0);
    const sum = (slot: 'blue' | 'green') =>
      blocks.reduce((all, { slots }) => all + (slots[slot]?.requests ?? 0), 0);
    return sum('blue') + sum('green') >= total ? { blue: sum('blue'), green: sum('green') } : null;
  });
  expect(seen).toEqual({ blue: total - green, green });
}, 120_000);

test('blocks follow one another without a gap, and none straddles a change of weights', async () => {
  const { edge, port } = await edgeWithShop();
  const weights = [
    { blue: 50, green: 50 },
    { blue: 1, green: 99 },
    { blue: 0, green: 100 },
  ];
  for (const each of weights) {
    await edge.client.putWeights('shop', { epoch: 1, weights: each });
    for (let n = 0; n < 30; n += 1) await get(port);
  }
  const { blocks } = await until('the last block', async () => {
    const found = await edge.client.blocks('shop', 0);
    const sum = found.blocks.reduce(
      (all, { slots }) => all + (slots.blue?.requests ?? 0) + (slots.green?.requests ?? 0),
      0,
    );
    return sum === 90 ? found : null;
  });
  for (const [at, block] of blocks.entries()) {
    const next = blocks[at + 1];
    if (!next) continue;
    expect(next.seq).toBe(block.seq + 1);
    expect(next.fromMs).toBe(block.toMs);
  }
  for (const each of weights) {
    const during = blocks.filter((block) => JSON.stringify(block.weights) === JSON.stringify(each));
    const sum = during.reduce(
      (all, { slots }) => all + (slots.blue?.requests ?? 0) + (slots.green?.requests ?? 0),
      0,
    );
    expect(sum).toBe(30);
  }
  const last = blocks.at(-1);
  expect(
    (await edge.client.blocks('shop', last?.seq ?? 0)).blocks.every(({ seq }) => seq > (last?.seq ?? 0)),
  ).toBe(true);
});

test('a draining slot finishes what is under way, takes nothing new, and tells when it is empty', async () => {
  const { edge, blue, port, shop } = await edgeWithShop();
  const events: EdgeEvent[] = [];
  atEnd(edge.client.events({ onEvent: (event) => events.push(event) }));
  const slow = get(port, '/slow');
  await until('the slow request at its target', () => blue.asked.includes('/slow'));
  const held = slotOn('rev-blue', blue.port);
  await edge.client.putService(1, {
    ...shop,
    slots: { ...shop.slots, blue: { ...held, draining: true } },
    weights: { blue: 0, green: 100 },
    stable: 'green',
  });
  expect((await edge.state()).services[0]?.inFlight).toEqual({ blue: 1, green: 0 });
  expect((await get(port)).text).toBe('green');
  expect(events.filter(({ type }) => type === 'drained')).toEqual([]);
  blue.release();
  expect((await slow).text).toBe('blue');
  await until('the drained event', () => events.some(({ type }) => type === 'drained'));
  expect(events.filter(({ type }) => type === 'drained')).toEqual([
    { type: 'drained', service: 'shop', slot: 'blue' },
  ]);
});

test('a service that is deleted is served no more, and its port is free again', async () => {
  const { edge, port } = await edgeWithShop();
  await edge.client.deleteService('shop', 1);
  await until(
    'a free port',
    async () => (await tryPort({ address: '127.0.0.1', port, preview: false })) === port,
  );
});

test('a port that another program has is said to be taken, and opened once it is free', async () => {
  const { edge, blue } = await edgeWithShop();
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as { port: number };
  const second = serviceWith({ name: 'second', port, blue: slotOn('rev-second', blue.port) });
  await edge.client.putService(1, second);
  const problem = async () =>
    (await edge.state()).services.find(({ service }) => service.name === 'second')?.listenProblem;
  expect(await problem()).toBe(`Port ${port} of 127.0.0.1 is in use by another program.`);
  await new Promise((resolve) => other.close(resolve));
  await until('an opened port', async () => (await problem()) === null);
  expect((await get(port)).status).toBe(200);
});

test('two edges of one user cannot share a port without a word', async () => {
  const { port, blue } = await edgeWithShop();
  const second = await startEdge();
  await second.client.putService(1, serviceWith({ port, blue: slotOn('x', blue.port) }));
  expect((await second.state()).services[0]?.listenProblem).toBe(
    `Port ${port} of 127.0.0.1 is in use by another program.`,
  );
});

test('metrics come as Prometheus text with the counts of every worker', async () => {
  const { edge, port } = await edgeWithShop();
  for (let n = 0; n < 10; n += 1) await get(port);
  const text = await until('ten requests in the metrics', async () => {
    const found = await edge.client.metrics();
    return found.includes('class="2xx"} 10') ? found : null;
  });
  expect(text).toContain(
    'morrow_edge_requests_total{service="shop",slot="blue",revision="rev-blue",class="2xx"} 10',
  );
  expect(text).toContain(
    'morrow_edge_request_duration_seconds_bucket{service="shop",slot="blue",revision="rev-blue",le="+Inf"} 10',
  );
  expect(text).toContain('morrow_edge_weight_percent{service="shop",slot="blue",revision="rev-blue"} 100');
  expect(text).toContain('morrow_edge_healthy_targets{service="shop",slot="green",revision="rev-green"} 1');
});

test.each(['SIGTERM', 'shutdown'])('%s finishes what is under way, then ends with 0', async (how) => {
  const { edge, blue, port } = await edgeWithShop();
  const slow = get(port, '/slow');
  await until('the slow request at its target', () => blue.asked.includes('/slow'));
  if (how === 'SIGTERM') edge.process.kill('SIGTERM');
  else await edge.client.shutdown(1);
  await until('a closed port', async () =>
    get(port).then(
      () => false,
      () => true,
    ),
  );
  blue.release();
  expect((await slow).text).toBe('blue');
  expect(await edge.ended).toBe(0);
});
