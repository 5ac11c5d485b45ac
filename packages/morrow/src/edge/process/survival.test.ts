/** What is left when parts of the edge are killed without warning. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { folder, serviceWith, slotOn } from '../../testing/edge-fixtures.ts';
import {
  atEnd,
  bodyOf,
  endEverything,
  lives,
  startEdge,
  startTarget,
  type TestEdge,
  type TestTarget,
  until,
} from '../../testing/edge-process.ts';
import { freePort } from '../../testing/free-port.ts';

afterEach(endEverything);

/** One request; the text of the answer, or the code of the error. */
function ask(port: number, agent: Agent | false = false, path = '/'): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const asked = request({ host: '127.0.0.1', port, agent, path }, (answer) => {
    bodyOf(answer).then(resolve, (error) => resolve(`${error.code}`));
  });
  asked.on('error', (error: NodeJS.ErrnoException) => resolve(`${error.code}`)).end();
  return promise;
}

async function edgeWithShop(
  weights: { blue: number; green: number },
  args: readonly string[] = [],
): Promise<{ edge: TestEdge; port: number; blue: TestTarget }> {
  const [edge, blue, green, port] = await Promise.all([
    startEdge({ args }),
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
  return { edge, port, blue };
}

/** Kept connections that send one request after the other until stopped. */
function load(port: number, connections: number) {
  let stopped = false;
  const outcomes: { connection: number; outcome: string }[] = [];
  const one = async (connection: number) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!stopped) outcomes.push({ connection, outcome: await ask(port, agent) });
    agent.destroy();
  };
  const all = Promise.all(Array.from({ length: connections }, (_, connection) => one(connection)));
  const stop = async () => {
    stopped = true;
    await all;
    return outcomes;
  };
  atEnd(() => void stop());
  return { outcomes, stop };
}

const failures = <T extends { outcome: string }>(outcomes: readonly T[]) =>
  outcomes.filter(({ outcome }) => outcome !== 'blue' && outcome !== 'green');

describe.each(['reuse-port', 'handle'] as const)('with ports shared by %s', (sharing) => {
  const args = ['--sharing', sharing];

  test('a killed worker costs only the requests on its own connections, and another one takes its place', async () => {
    const { edge, port } = await edgeWithShop({ blue: 100, green: 0 }, args);
    const connections = 16;
    const { outcomes, stop } = load(port, connections);
    await until('load on every connection', () => outcomes.length > 20 * connections);
    const before = (await edge.state()).workers;
    process.kill(before[0] ?? 0, 'SIGKILL');
    await until('two workers again', async () => {
      const { workers } = await edge.state();
      return workers.length === 2 && !workers.includes(before[0] ?? 0);
    });
    const seen = outcomes.length;
    await until('more load', () => outcomes.length > seen + 20 * connections);
    const all = await stop();
    // Each connection has one request under way at most, so none fails twice.
    const failed = failures(all).map(({ connection }) => connection);
    expect(new Set(failed).size).toBe(failed.length);
    expect(failed.length).toBeLessThan(connections);
    expect(edge.output()).toContain(`Worker ${before[0]} died (SIGKILL); another one takes its place.`);
    expect((await edge.state()).workers).toContain(before[1]);
  });

  test('after kill -9 of master and workers a new edge serves by the same weights, untold', async () => {
    const { edge, port } = await edgeWithShop({ blue: 0, green: 100 }, args);
    const { previewPort, generation } = await edge.state();
    const lastSeq = await until(
      'a block',
      async () => (await edge.client.blocks('shop', 0)).blocks.at(-1)?.seq,
    );
    await edge.killAll();
    expect(await ask(port)).toMatch(/^ECONN/);
    const again = await startEdge({ dir: edge.dir, wait: false, args });
    await until('an answer', async () => (await ask(port)) === 'green');
    for (let n = 0; n < 20; n += 1) expect(await ask(port)).toBe('green');
    const state = await again.state();
    expect(state).toMatchObject({ epoch: 1, generation, previewPort });
    const next = await until(
      'a new block',
      async () => (await again.client.blocks('shop', 0)).blocks[0]?.seq,
    );
    expect(next).toBeGreaterThan(lastSeq);
  });
});

test('a preview port that another program took meanwhile is replaced by a free one', async () => {
  const { edge } = await edgeWithShop({ blue: 100, green: 0 });
  const { previewPort } = await edge.state();
  await edge.killAll();
  await until('the freed port', async () => {
    const other = await startTarget('other', previewPort).catch(() => null);
    return other !== null;
  });
  const again = await startEdge({ dir: edge.dir });
  const replaced = await until('another preview port', async () => {
    const found = (await again.state()).previewPort;
    return found !== previewPort && found;
  });
  const preview = () =>
    fetch(`http://127.0.0.1:${replaced}/`, { headers: { 'x-morrow-revision': 'rev-green' } })
      .then((answer) => answer.text())
      .catch(() => '');
  await until('an answer there', async () => (await preview()) === 'green');
});

test('targets that were healthy serve at once after a restart, even if only their live check succeeds', async () => {
  const { edge, port, blue } = await edgeWithShop({ blue: 100, green: 0 });
  const onDisk = () => readFileSync(join(edge.dir, 'edge.json'), 'utf8');
  await until('a note of who is healthy', () => onDisk().includes(`"healthy":["rev-blue-${blue.port}"`));
  await edge.killAll();
  blue.ready = 503;
  const again = await startEdge({ dir: edge.dir });
  expect(await ask(port)).toBe('blue');
  const asked = blue.asked.length;
  await until('a few checks', () => blue.asked.length > asked + 3);
  expect((await again.state()).services[0]?.targets[0]?.health).toBe('healthy');
});

test('workers whose master is killed serve on, until a new master serves; then they leave', async () => {
  const { edge, port } = await edgeWithShop({ blue: 100, green: 0 });
  const { workers } = await edge.state();
  const { outcomes, stop } = load(port, 4);
  await until('some load', () => outcomes.length > 50);
  await edge.killMaster();
  const seen = outcomes.length;
  await until('load without a master', () => outcomes.length > seen + 100);
  expect(workers.every(lives)).toBe(true);
  const again = await startEdge({ dir: edge.dir });
  await until('the end of the workers without a master', () => !workers.some(lives));
  expect((await again.state()).services[0]?.listenProblem).toBeNull();
  const later = outcomes.length;
  await until('load on the new workers', () => outcomes.length > later + 100);
  expect(failures(await stop())).toEqual([]);
});

test('where ports can only be shared by a handle, a new master gets them from the workers that leave', async () => {
  const args = ['--sharing', 'handle'];
  const { edge, port } = await edgeWithShop({ blue: 100, green: 0 }, args);
  const { workers, previewPort } = await edge.state();
  await edge.killMaster();
  expect(await ask(port)).toBe('blue');
  const again = await startEdge({ dir: edge.dir, args });
  await until('an answer of the new workers', async () => (await ask(port)) === 'blue');
  const state = await again.state();
  expect(state.services[0]?.listenProblem).toBeNull();
  expect(state.previewPort).toBe(previewPort);
  await until('the end of the workers without a master', () => !workers.some(lives));
  expect(await ask(port)).toBe('blue');
});

test('workers whose master is killed give traffic back to stable when nobody leads, and the next master keeps to it', async () => {
  const { edge, port } = await edgeWithShop({ blue: 100, green: 0 }, ['--failsafe-ms', '1500']);
  await edge.client.putWeights('shop', { epoch: 1, weights: { blue: 0, green: 100 } });
  // A newer controller that has changed nothing: the epoch is known to the master only.
  await edge.client.heartbeat(7);
  await edge.killMaster();
  await until('all traffic on stable', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(port)));
    return answers.every((answer) => answer === 'blue');
  });
  const again = await startEdge({ dir: edge.dir });
  const state = await again.state();
  expect(state.epoch).toBe(8);
  expect(state.services[0]?.service.weights).toEqual({ blue: 100, green: 0 });
  expect(await ask(port)).toBe('blue');
  await until('a dropped note', () => !existsSync(join(edge.dir, 'orphan-failsafe.json')));
});

test('workers without a master do not stay for ever', async () => {
  const { edge } = await edgeWithShop({ blue: 100, green: 0 }, ['--orphan-ms', '500']);
  const { workers } = await edge.state();
  await edge.killMaster();
  await until('the end of the workers', () => !workers.some(lives));
});

test('while an edge that was told to end still drains, a new one already serves', async () => {
  const { edge, port, blue } = await edgeWithShop({ blue: 100, green: 0 });
  const slow = ask(port, false, '/slow');
  await until('the slow request at its target', () => blue.asked.includes('/slow'));
  edge.process.kill('SIGTERM');
  await until('a closed admin socket', () => !existsSync(edge.socketPath));
  const again = await until('a new edge', async () => {
    const tried = await startEdge({ dir: edge.dir, wait: false });
    return until('its start or its refusal', async () => {
      if (tried.process.exitCode !== null) return { edge: null };
      const state = await tried.state().catch(() => null);
      return state?.pid === tried.process.pid && state?.workers.length === 2 && { edge: tried };
    }).then((outcome) => outcome.edge);
  });
  await until('an answer of the new edge', async () => (await ask(port)) === 'blue');
  expect(edge.process.exitCode).toBeNull();
  blue.release();
  expect(await slow).toBe('blue');
  expect(await edge.ended).toBe(0);
  expect((await again.state()).workers).toHaveLength(2);
});

test('an edge whose folder is removed ends, since nobody could reach it any more', async () => {
  const { edge } = await edgeWithShop({ blue: 100, green: 0 });
  rmSync(edge.dir, { recursive: true, maxRetries: 5 });
  expect(await edge.ended).toBe(0);
  expect(edge.output()).toContain('is gone; nobody can reach this edge any more');
});

test('an edge whose folder is removed and made anew ends as well, and leaves the new one alone', async () => {
  const { edge } = await edgeWithShop({ blue: 100, green: 0 });
  rmSync(edge.dir, { recursive: true, maxRetries: 5 });
  const next = await startEdge({ dir: edge.dir });
  expect(await edge.ended).toBe(0);
  await until(
    'a socket of the new edge',
    async () => (await next.state().catch(() => null))?.pid === next.process.pid,
  );
});

test('a second edge in the same folder is refused, and the first one serves on', async () => {
  const { edge, port } = await edgeWithShop({ blue: 100, green: 0 });
  const second = await startEdge({ dir: edge.dir, wait: false });
  expect(await second.ended).toBe(1);
  expect(second.output()).toContain(`Another edge already runs in ${edge.dir}.`);
  expect(await ask(port)).toBe('blue');
});

test('of several edges that start in one folder at once exactly one stays', async () => {
  const dir = folder();
  const edges = await Promise.all(Array.from({ length: 4 }, () => startEdge({ dir, wait: false })));
  const refused = await until('three that are refused', async () => {
    const codes = await Promise.all(edges.map((edge) => edge.process.exitCode));
    return codes.filter((code) => code === 1).length === 3 ? codes : null;
  });
  expect(refused.filter((code) => code === null)).toHaveLength(1);
  const stayed = edges.find((edge) => edge.process.exitCode === null);
  await until(
    'an answer',
    async () => (await stayed?.state().catch(() => null))?.pid === stayed?.process.pid,
  );
});

test('a socket that a dead edge left behind is replaced, one of a living edge is not touched', async () => {
  const { edge } = await edgeWithShop({ blue: 100, green: 0 });
  const elsewhere = await startEdge({ args: ['--socket', edge.socketPath], wait: false });
  expect(await elsewhere.ended).toBe(1);
  expect(elsewhere.output()).toContain(`Another edge already answers at ${edge.socketPath}.`);
  await edge.killAll();
  expect(existsSync(edge.socketPath)).toBe(true);
  const again = await startEdge({ dir: edge.dir });
  expect((await again.state()).pid).toBe(again.process.pid);
});

test('a file where the socket should be is not removed, and the edge says so', async () => {
  const dir = folder();
  writeFileSync(join(dir, 'edge.sock'), 'precious');
  const edge = await startEdge({ dir, wait: false });
  expect(await edge.ended).toBe(1);
  expect(edge.output()).toContain('edge.sock exists and is not a socket.');
  expect(readFileSync(join(dir, 'edge.sock'), 'utf8')).toBe('precious');
});

test('a damaged state file makes the edge start from the one before it, and say so in one sentence', async () => {
  const { edge, port } = await edgeWithShop({ blue: 100, green: 0 });
  await edge.client.putWeights('shop', { epoch: 1, weights: { blue: 0, green: 100 } });
  await edge.client.putController({ epoch: 1, controller: null });
  await edge.killAll();
  writeFileSync(join(edge.dir, 'edge.json'), '{"format":1,"sha2');
  const again = await startEdge({ dir: edge.dir });
  expect(again.output()).toMatch(
    /edge\.json cannot be used \(it is cut off or not JSON\); taking the one before it\./,
  );
  expect(['blue', 'green']).toContain(await ask(port));
});

test('a hung worker is killed and replaced', async () => {
  const { edge, port } = await edgeWithShop({ blue: 100, green: 0 });
  const { workers } = await edge.state();
  const hung = workers[0] ?? 0;
  process.kill(hung, 'SIGSTOP');
  await until('a replaced worker', async () => {
    const now = (await edge.state()).workers;
    return now.length === 2 && !now.includes(hung);
  });
  expect(lives(hung)).toBe(false);
  expect(await ask(port)).toBe('blue');
});
