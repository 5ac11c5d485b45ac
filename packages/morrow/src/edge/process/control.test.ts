/** Who may tell the edge what to do, and what it does when nobody does. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { serviceWith, slotOn } from '../../testing/edge-fixtures.ts';
import {
  atEnd,
  endEverything,
  lives,
  startEdge,
  startTarget,
  type TestEdge,
  until,
} from '../../testing/edge-process.ts';
import { freePort } from '../../testing/free-port.ts';
import type { EdgeEvent } from '../api.ts';
import { EdgeClient, EdgeRefusal } from '../client.ts';

afterEach(endEverything);

async function splitShop(edge: TestEdge, weights = { blue: 50, green: 50 }) {
  const [blue, green, port] = await Promise.all([startTarget('blue'), startTarget('green'), freePort()]);
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
  return { blue, green, port, shop };
}

test('a controller of an older epoch is refused in every write, also after kill -9 of the edge', async () => {
  const edge = await startEdge();
  const { shop } = await splitShop(edge);
  await edge.client.heartbeat(5);
  const refused = async (client: EdgeClient) => {
    for (const write of [
      () => client.putService(4, shop),
      () => client.putWeights('shop', { epoch: 4, weights: null }),
      () => client.deleteService('shop', 4),
      () => client.heartbeat(4),
      () => client.putController({ epoch: 4, controller: null }),
      () => client.shutdown(4),
    ]) {
      const error = await write().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(EdgeRefusal);
      expect(error).toMatchObject({ status: 409, code: 'EDGE_EPOCH_STALE', epoch: 5 });
    }
  };
  await refused(edge.client);
  await edge.killAll();
  const again = await startEdge({ dir: edge.dir });
  await refused(again.client);
  expect((await again.state()).services[0]?.service.weights).toEqual({ blue: 50, green: 50 });
});

test('while weights are split and nobody speaks, all traffic goes to stable, and the sleeper must come back newer', async () => {
  const edge = await startEdge({ args: ['--failsafe-ms', '1000'] });
  const events: EdgeEvent[] = [];
  atEnd(edge.client.events({ onEvent: (event) => events.push(event) }));
  await splitShop(edge);
  const state = await until('the failsafe', async () => {
    const found = await edge.state();
    return found.failsafes.length > 0 ? found : null;
  });
  expect(state.epoch).toBe(2);
  expect(state.failsafes[0]?.service).toBe('shop');
  expect(state.services[0]?.service.weights).toEqual({ blue: 100, green: 0 });
  await until('the event', () => events.some(({ type }) => type === 'failsafe'));
  expect(events.find(({ type }) => type === 'failsafe')).toEqual({
    type: 'failsafe',
    service: 'shop',
    epoch: 2,
  });
  await expect(edge.client.heartbeat(1)).rejects.toMatchObject({ code: 'EDGE_EPOCH_STALE', epoch: 2 });
  expect((await edge.client.heartbeat(2)).epoch).toBe(2);
});

test('a heartbeat keeps the failsafe away', async ({ skip }) => {
  const failsafeMs = 1_000;
  const edge = await startEdge({ args: ['--failsafe-ms', String(failsafeMs)] });
  await splitShop(edge, { blue: 100, green: 0 });
  /** Splits the weights and sends heartbeats for a while; false if this busy machine let us sleep too long. */
  const beat = async (epoch: number): Promise<boolean> => {
    await edge.client.putWeights('shop', { epoch, weights: { blue: 50, green: 50 } });
    const from = performance.now();
    for (let last = from; last - from < 3 * failsafeMs; last = performance.now()) {
      await sleep(100);
      if (performance.now() - last > failsafeMs / 2) return false;
      await edge.client.heartbeat(epoch);
      if (performance.now() - last > failsafeMs / 2) return false;
    }
    return true;
  };
  let tries = 1;
  while (!(await beat(10 * tries).catch(() => false))) {
    if (++tries > 8) skip('this machine is too busy to send a heartbeat in time');
  }
  const state = await edge.state();
  expect(state.epoch).toBe(10 * tries);
  expect(state.services[0]?.service.weights).toEqual({ blue: 50, green: 50 });
});

test('the failsafe moves nothing to a stable without a healthy target, and does so once there is one', async () => {
  const edge = await startEdge({ args: ['--failsafe-ms', '800'] });
  const { blue } = await splitShop(edge, { blue: 100, green: 0 });
  blue.live = 500;
  blue.ready = 500;
  await until(
    'an unhealthy stable',
    async () => (await edge.state()).services[0]?.targets[0]?.health === 'unhealthy',
  );
  await edge.client.putWeights('shop', { epoch: 1, weights: { blue: 50, green: 50 } });
  await sleep(1_500);
  expect((await edge.state()).services[0]?.service.weights).toEqual({ blue: 50, green: 50 });
  blue.ready = 200;
  blue.live = 200;
  await until('the failsafe', async () => (await edge.state()).failsafes.length > 0);
  expect((await edge.state()).services[0]?.service.weights).toEqual({ blue: 100, green: 0 });
});

test('the failsafe also works for an edge that has just been started again', async () => {
  const edge = await startEdge();
  await splitShop(edge);
  await edge.killAll();
  expect(readFileSync(join(edge.dir, 'edge.json'), 'utf8')).toContain('"weights":{"blue":50,"green":50}');
  const again = await startEdge({ dir: edge.dir, args: ['--failsafe-ms', '1000'] });
  await until('the failsafe', async () => (await again.state()).failsafes.length > 0);
  expect((await again.state()).epoch).toBe(2);
});

/** A controller as the edge sees one: it opens the event stream and does nothing else. */
function controllerProgram(edge: TestEdge): { command: readonly string[]; pids: () => readonly number[] } {
  const notes = join(edge.dir, 'pids');
  const script = join(edge.dir, 'controller.mjs');
  writeFileSync(
    script,
    `import { appendFileSync } from 'node:fs';
import { request } from 'node:http';
appendFileSync(${JSON.stringify(notes)}, process.pid + '\\n');
console.log('controller runs');
const end = () => process.exit(0);
request({ socketPath: ${JSON.stringify(edge.socketPath)}, path: '/v1/events' }, (answer) => answer.resume().on('close', end)).on('error', end).end();
`,
  );
  const pids = () => (existsSync(notes) ? readFileSync(notes, 'utf8').trim().split('\n').map(Number) : []);
  atEnd(() => {
    for (const pid of pids()) if (lives(pid)) process.kill(pid, 'SIGKILL');
  });
  return { command: [process.execPath, script], pids };
}

test('a controller that is gone is started, and again each time it is killed, but never two at once', async () => {
  const edge = await startEdge();
  const { command, pids } = controllerProgram(edge);
  const logFile = join(edge.dir, 'controller.log');
  await edge.client.putController({ epoch: 1, controller: { command, cwd: edge.dir, logFile } });
  const first = await until('a controller', () => pids()[0]);
  await until('its output in the log', () => readFileSync(logFile, 'utf8') === 'controller runs\n');
  await sleep(1_500);
  expect(pids()).toEqual([first]);
  process.kill(first, 'SIGKILL');
  const second = await until('a second controller', () => pids()[1]);
  expect(lives(first)).toBe(false);
  expect(lives(second)).toBe(true);
  expect(pids()).toHaveLength(2);
});

test('a restarted edge starts the controller as it was told before, unless one connects by itself', async () => {
  const edge = await startEdge();
  const { command, pids } = controllerProgram(edge);
  const own = edge.client.events({ onEvent: () => {} });
  await edge.client.putController({
    epoch: 1,
    controller: { command, cwd: edge.dir, logFile: join(edge.dir, 'log') },
  });
  await edge.killAll();
  const again = await startEdge({ dir: edge.dir });
  await sleep(2_500);
  expect(pids()).toEqual([]);
  own();
  await until('a controller', () => pids().length === 1);
  await again.client.putController({ epoch: 1, controller: null });
  process.kill(pids()[0] ?? 0, 'SIGKILL');
  await sleep(1_500);
  expect(pids()).toHaveLength(1);
});

test('a controller that the edge started before its own death is not started twice', async () => {
  const edge = await startEdge();
  const notes = join(edge.dir, 'pids');
  const script = join(edge.dir, 'slow.mjs');
  writeFileSync(
    script,
    `import { appendFileSync } from 'node:fs'; appendFileSync(${JSON.stringify(notes)}, process.pid + '\\n'); setInterval(() => {}, 1000);`,
  );
  const pids = () => (existsSync(notes) ? readFileSync(notes, 'utf8').trim().split('\n').map(Number) : []);
  atEnd(() => {
    for (const pid of pids()) if (lives(pid)) process.kill(pid, 'SIGKILL');
  });
  await edge.client.putController({
    epoch: 1,
    controller: { command: [process.execPath, script], cwd: edge.dir, logFile: join(edge.dir, 'log') },
  });
  await until('a controller that does not connect', () => pids().length === 1);
  await edge.killAll();
  await startEdge({ dir: edge.dir });
  await sleep(3_000);
  expect(pids()).toHaveLength(1);
});

test('a controller that cannot be started is said so, and tried again', async () => {
  const edge = await startEdge();
  await edge.client.putController({
    epoch: 1,
    controller: { command: ['/nowhere/controller'], cwd: edge.dir, logFile: join(edge.dir, 'log') },
  });
  await until('two tries', () => edge.output().split("The controller can't be started").length > 2);
  expect((await edge.state()).workers).toHaveLength(2);
});

/** Writes bytes to the socket and reads until it is closed. */
function talk(socketPath: string, bytes: string | Buffer): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect({ path: socketPath, allowHalfOpen: true });
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {}).on('close', () => resolve(text));
  socket.end(bytes);
  return promise;
}

test('rubbish on the admin socket gets a 400 or a closed connection, and the edge goes on', async () => {
  const edge = await startEdge();
  const random = Buffer.from(Array.from({ length: 5_000 }, (_, at) => (at * 7919) % 256));
  for (const bytes of ['\0\0\0', 'hello\r\n\r\n', random, 'GET / HTTP/9.9\r\n\r\n', 'x'.repeat(100_000)]) {
    const answer = await talk(edge.socketPath, bytes);
    if (answer !== '') expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  }
  expect(await talk(edge.socketPath, '')).toBe('');
  expect((await edge.state()).workers).toHaveLength(2);
});

test('requests that make no sense are refused with a code, a sentence and the right status', async () => {
  const edge = await startEdge();
  const { shop } = await splitShop(edge);
  const put = (path: string, body: string, method = 'PUT') =>
    talk(
      edge.socketPath,
      `${method} ${path} HTTP/1.1\r\nhost: edge\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  const expected: readonly [string, string, number, string, string, string?][] = [
    ['/v1/services/shop', '{"epoch":1', 400, 'EDGE_BAD_REQUEST', 'The body is not JSON.'],
    ['/v1/services/shop', '[]', 400, 'EDGE_BAD_REQUEST', 'The body must be an object'],
    ['/v1/services/%E0%A4%A', '{}', 400, 'EDGE_BAD_REQUEST', 'not encoded properly'],
    [
      '/v1/services/shop',
      JSON.stringify({ epoch: 1, service: { ...shop, weights: { blue: 1, green: 1 } } }),
      400,
      'EDGE_BAD_REQUEST',
      'must add up to 100, but 1 + 1 = 2',
    ],
    [
      '/v1/services/shop/weights',
      '{"epoch":1,"weights":{"blue":101,"green":-1}}',
      400,
      'EDGE_BAD_REQUEST',
      'weights.blue must be a whole number from 0 to 100',
    ],
    [
      '/v1/services/none/weights',
      '{"epoch":1,"weights":null}',
      404,
      'UNKNOWN_SERVICE',
      'The edge has no service named',
    ],
    ['/v1/services/shop?epoch=x', '', 400, 'EDGE_BAD_REQUEST', 'epoch must be a whole number', 'DELETE'],
    ['/v1/blocks?service=none', '', 404, 'UNKNOWN_SERVICE', 'The edge has no service named', 'GET'],
    [
      '/v1/blocks?service=shop&after=x',
      '',
      400,
      'EDGE_BAD_REQUEST',
      'after must be the number of a block',
      'GET',
    ],
    ['/v1/nothing', '', 404, 'EDGE_BAD_REQUEST', 'The edge has no GET /v1/nothing.', 'GET'],
    ['/v1/heartbeat', '{"epoch":-1}', 400, 'EDGE_BAD_REQUEST', 'epoch must be', 'POST'],
  ];
  for (const [path, body, status, code, sentence, method] of expected) {
    const answer = await put(path, body, method);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    const { code: given, message } = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));
    expect([given, message]).toEqual([code, expect.stringContaining(sentence)]);
  }
  const tooLarge = await put('/v1/services/shop', JSON.stringify('x'.repeat(5 * 1024 * 1024)));
  expect(tooLarge).toMatch(/^HTTP\/1\.1 413 /);
  expect((await edge.state()).services[0]?.service.weights).toEqual({ blue: 50, green: 50 });
});

test('an admin socket whose file was removed is made anew', async () => {
  const edge = await startEdge();
  rmSync(edge.socketPath);
  await until('a socket', () => existsSync(edge.socketPath));
  expect((await edge.state()).pid).toBe(edge.process.pid);
  edge.process.kill('SIGTERM');
  expect(await edge.ended).toBe(0);
});

test('a client of an edge that is not there says so in words', async () => {
  const edge = await startEdge();
  await edge.killAll();
  await expect(edge.client.state()).rejects.toMatchObject({
    code: 'EDGE_UNREACHABLE',
    message: `The edge at ${edge.socketPath} does not answer: nobody listens on the socket.`,
  });
  const nowhere = new EdgeClient({ socketPath: join(edge.dir, 'nothing.sock') });
  await expect(nowhere.state()).rejects.toThrow('there is no such socket');
});

test('the event stream opens again by itself when the edge is back', async () => {
  const edge = await startEdge();
  let opened = 0;
  let closed = 0;
  atEnd(edge.client.events({ onEvent: () => {}, onOpen: () => opened++, onClose: () => closed++ }));
  await until('an open stream', () => opened === 1);
  await edge.killAll();
  await until('a closed stream', () => closed === 1);
  await startEdge({ dir: edge.dir });
  await until('a second open stream', () => opened === 2);
});

test('a disk that cannot be written stops no change of weights, and shows in the state', async () => {
  const edge = await startEdge();
  await splitShop(edge);
  // A folder where the next state file would be written first, so that it fails for root as well.
  const inTheWay = join(edge.dir, 'edge.json.new');
  await until('a folder in the way', () => {
    try {
      mkdirSync(inTheWay);
      return true;
    } catch {
      return false; // The file is just being written.
    }
  });
  await edge.client.putWeights('shop', { epoch: 1, weights: { blue: 100, green: 0 } });
  const state = await edge.state();
  expect(state.services[0]?.service.weights).toEqual({ blue: 100, green: 0 });
  expect(state.diskProblem).toContain("The state can't be written");
  rmSync(inTheWay, { recursive: true });
  await until('a written state', async () => (await edge.state()).diskProblem === null);
  await edge.killAll();
  const again = await startEdge({ dir: edge.dir });
  expect((await again.state()).services[0]?.service.weights).toEqual({ blue: 100, green: 0 });
});
