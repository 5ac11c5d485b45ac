import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { folder } from '../../testing/edge-fixtures.ts';
import { atEnd, endEverything, until } from '../../testing/edge-process.ts';
import { freePort } from '../../testing/free-port.ts';
import {
  closeListener,
  describeListenError,
  detectSharing,
  listenAlone,
  listenerKey,
  openShared,
  tryPort,
} from './listen.ts';

afterEach(endEverything);

const at = (port: number) => ({ address: '127.0.0.1', port, preview: false });

function server(): Server {
  const made = createServer((socket) => socket.on('error', () => {}).end('hello'));
  atEnd(() => void made.close());
  return made;
}

/** What a connection reads; the code of the error if there is none. */
function read(port: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = '';
  connect(port, '127.0.0.1')
    .setEncoding('utf8')
    .on('data', (chunk) => {
      text += chunk;
    })
    .on('error', (error: NodeJS.ErrnoException) => resolve(`${error.code}`))
    .on('end', () => resolve(text));
  return promise;
}

test('Linux shares ports by SO_REUSEPORT, and what a platform has is found out', async () => {
  const found = await detectSharing();
  if (process.platform === 'linux') expect(found).toBe('reuse-port');
  else expect(['reuse-port', 'handle']).toContain(found);
});

test('a port is free, or the sentence says why it is not', async () => {
  const port = await freePort();
  expect(await tryPort(at(port))).toBe(port);
  expect(await tryPort(at(0))).toBeGreaterThan(1023);
  const other = server().listen(port, '127.0.0.1');
  await once(other, 'listening');
  expect(await tryPort(at(port))).toBe(`Port ${port} of 127.0.0.1 is in use by another program.`);
  expect(await tryPort({ ...at(port), address: '192.0.2.1' })).toBe(
    '192.0.2.1 is not an address of this machine.',
  );
});

test('a port that another edge holds by SO_REUSEPORT counts as taken', async () => {
  if ((await detectSharing()) !== 'reuse-port') return;
  const port = await freePort();
  await listenAlone(server(), at(port));
  expect(await tryPort(at(port))).toContain('in use by another program');
});

test('what the system says is put into words', () => {
  const error = (code: string) => Object.assign(new Error('beneath'), { code });
  expect(describeListenError(error('EACCES'), at(80))).toBe(
    'Port 80 of 127.0.0.1 may not be opened by this user.',
  );
  expect(describeListenError(error('EMFILE'), at(80))).toBe("Port 80 of 127.0.0.1 can't be opened: beneath.");
  expect(listenerKey({ address: '::1', port: 8, preview: false })).toBe('[::1]:8');
});

test('several processes accept from one shared handle, and the one that opened it accepts nothing', async () => {
  const port = await freePort();
  const handle = openShared(at(port));
  atEnd(() => handle.close());
  const script = join(folder(), 'worker.mjs');
  writeFileSync(
    script,
    `import { createServer } from 'node:net';
import { listenShared } from ${JSON.stringify(fileURLToPath(new URL('./listen.ts', import.meta.url)))};
process.on('message', async (_message, handle) => {
  await listenShared(createServer((socket) => socket.end(String(process.pid))), handle);
  process.send('listening');
});
process.on('disconnect', () => process.exit());
process.send('up');
`,
  );
  const workers = [fork(script), fork(script)];
  atEnd(() => {
    for (const worker of workers) worker.kill('SIGKILL');
  });
  for (const worker of workers) {
    await once(worker, 'message');
    worker.send('take', handle as never);
    await once(worker, 'message');
  }
  const pids = new Set(workers.map(({ pid }) => String(pid)));
  for (let n = 0; n < 50; n += 1) expect(pids).toContain(await read(port));
  workers[0]?.kill('SIGKILL');
  await once(workers[0] as NonNullable<(typeof workers)[0]>, 'exit');
  for (let n = 0; n < 20; n += 1) expect(await read(port)).toBe(String(workers[1]?.pid));
});

test('listeners that are closed under a stream of connections lose next to none of them while another one listens', async () => {
  if ((await detectSharing()) !== 'reuse-port') return;
  const port = await freePort();
  let listening = server();
  await listenAlone(listening, at(port));
  const script = join(folder(), 'client.mjs');
  // A process of its own: in ours it would connect just between a look for connections and the close.
  writeFileSync(
    script,
    `import { connect } from 'node:net';
const outcomes = {};
const note = (outcome) => { outcomes[outcome] = (outcomes[outcome] ?? 0) + 1; again(); };
function again() {
  if (!process.connected) process.exit();
  connect(${port}, '127.0.0.1').on('error', (error) => note(error.code)).on('end', () => note('served')).resume();
}
process.on('message', () => process.send(outcomes));
for (let n = 0; n < 3; n += 1) again();
`,
  );
  const client = fork(script);
  atEnd(() => void client.kill('SIGKILL'));
  const outcomes = async (): Promise<Record<string, number>> => {
    client.send('tell');
    return (await once(client, 'message'))[0];
  };
  for (let round = 1; round <= 30; round += 1) {
    const next = server();
    await listenAlone(next, at(port));
    await until('connections', async () => ((await outcomes()).served ?? 0) > 20 * round);
    await closeListener(listening);
    listening = next;
  }
  // None on an idle machine. A busy one may take the CPU away between the last look and the close; closed without
  // looking it would be one in every second round.
  const { served, ...lost } = await outcomes();
  expect(Object.values(lost).reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(5);
  expect(served).toBeGreaterThan(600);
});
