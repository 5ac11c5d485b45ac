import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { StatusReport } from '../server/api.ts';
import { type Ended, morrow, type TestProject, testProject } from '../testing/command-line.ts';
import { freePort } from '../testing/free-port.ts';

const SERVER = `
const { createServer } = require('node:http');
const server = createServer((request, response) => response.setHeader('x-pid', process.pid).end('TEXT'));
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;

let project: TestProject;
let port: number;

const run = (words: string): Promise<Ended> => morrow(project.folder, words.split(' ')).ended;

async function succeed(words: string): Promise<Ended> {
  const end = await run(words);
  expect(end.code, `${words}:\n${end.stderr}`).toBe(0);
  return end;
}

const status = async (): Promise<StatusReport> => JSON.parse((await succeed('status --json')).stdout);

async function until(what: string, holds: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(50);
  }
}

const lives = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const answer = (): Promise<string> =>
  fetch(`http://127.0.0.1:${port}/`).then(
    (response) => response.text(),
    () => '',
  );

/** The process that serves, as it says itself. */
async function onlyTarget(): Promise<{ pid: number }> {
  const response = await fetch(`http://127.0.0.1:${port}/`);
  return { pid: Number(response.headers.get('x-pid')) };
}

beforeEach(async () => {
  port = await freePort();
  project = testProject({
    'morrow.config.yaml': [
      'services:',
      '  web:',
      '    folder: web',
      '    start: node server.js',
      '    runtime: process',
      `    listen: ${port}`,
      '    health: /',
      '    rollout: { strategy: blue-green, bake: 0s, finalBake: 0s }',
      'environments: { development: { platform: local } }',
    ].join('\n'),
    'web/server.js': SERVER.replace('TEXT', 'one'),
  });
});

afterEach(async () => {
  await run('down development');
  project.remove();
});

test('from nothing: deploy brings the environment up and ships; up and down may be said twice', async () => {
  const first = await succeed('deploy');
  expect(first.stderr).toContain('development is up: edge and agent started in the background.');
  expect(first.stdout).toMatch(/^✓ web promoted: /);
  expect(await answer()).toBe('one');

  const again = await succeed('up');
  expect(again.stderr).toContain('edge and agent of development ran already.');
  const { agent, edge } = await status();

  expect((await succeed('deploy')).stderr).toMatch(/serves \w+ already/);
  project.write('web/server.js', SERVER.replace('TEXT', 'two'));
  await succeed('deploy development web');
  expect(await answer()).toBe('two');

  expect((await succeed('down')).stderr).toBe('development is down.\n');
  for (const pid of [agent.pid, edge?.pid ?? 0, ...(edge?.workers ?? [])])
    await until(`${pid} ends`, async () => !lives(pid));
  expect(await answer()).toBe('');
  expect((await succeed('down')).stderr).toBe('development was down already.\n');

  const back = await succeed('up');
  expect(back.stdout).toMatch(/web .* 1\/1 healthy/);
  expect(await answer()).toBe('two');
  await succeed('rollback');
  expect(await answer()).toBe('one');
  expect((await succeed('logs --tail 5')).stdout).toMatch(/\| listening\n$/);
  expect(JSON.parse((await succeed('history --json')).stdout)).toHaveLength(3);
});

test('agent and edge start each other again; with both killed `up` restores what served', async () => {
  await succeed('deploy');
  const before = await status();
  process.kill(before.agent.pid, 'SIGKILL');
  const second = await status();
  expect(second.agent.pid).not.toBe(before.agent.pid);
  expect(second.edge).toEqual(before.edge);
  expect(await answer()).toBe('one');

  for (const pid of [second.edge?.pid ?? 0, ...(second.edge?.workers ?? [])]) process.kill(pid, 'SIGKILL');
  await until('the edge is back', async () => (await answer()) === 'one');
  const third = await status();
  expect(third.agent.pid).toBe(second.agent.pid);

  for (const pid of [third.agent.pid, third.edge?.pid ?? 0, ...(third.edge?.workers ?? [])])
    process.kill(pid, 'SIGKILL');
  await succeed('up');
  expect(await answer()).toBe('one');
});

test('services that outlived agent and edge are stopped by down', async () => {
  await succeed('deploy');
  const { agent, edge } = await status();
  const { pid: target } = await onlyTarget();
  for (const pid of [agent.pid, edge?.pid ?? 0, ...(edge?.workers ?? [])]) process.kill(pid, 'SIGKILL');
  const { stderr } = await succeed('down');
  expect(stderr).toContain('The agent does not run; starting it so that it can stop the services.');
  expect(stderr).toContain('development is down.');
  expect(lives(target)).toBe(false);
  expect((await run('status')).code).toBe(1);
});

test('down works while the edge has just been killed', async () => {
  await succeed('deploy');
  const { edge } = await status();
  const { pid: target } = await onlyTarget();
  for (const pid of [edge?.pid ?? 0, ...(edge?.workers ?? [])]) process.kill(pid, 'SIGKILL');
  expect((await succeed('down')).stderr).toBe('development is down.\n');
  expect(lives(target)).toBe(false);
  expect((await run('status')).code).toBe(1);
});

test('Ctrl-C during up leaves nothing half-done: the next up finds or finishes it', async () => {
  const command = morrow(project.folder, ['up']);
  await until('the state folder is there', async () => (await run('agent logs')).code === 0);
  command.child.kill('SIGINT');
  // Null: while the configuration is loaded the system itself ends the process, which a shell calls 130 as well.
  expect([0, 130, null]).toContain((await command.ended).code);
  await succeed('up');
  expect((await status()).environment).toBe('development');
});

test('a port that another program took meanwhile is told by up and status', async () => {
  await succeed('deploy');
  await succeed('down');
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  try {
    const { code, stdout } = await run('up');
    expect(stdout).toMatch(/web takes no requests: .*\d+.* is in use by another program\./);
    expect(code).toBe(1);
  } finally {
    await new Promise((resolve) => other.close(resolve));
  }
  await until('the edge has the port', async () => (await answer()) === 'one');
  expect((await succeed('status')).stdout).not.toContain('takes no requests');
});

test('an edge that cannot start is reported with what it said', async () => {
  const { mkdirSync } = await import('node:fs');
  mkdirSync(project.paths.state, { recursive: true });
  writeFileSync(project.paths.edgeState, 'in the way');
  const { code, stderr } = await run('up');
  expect(stderr).toMatch(
    /error\[EDGE_START_FAILED\]: The edge of development ended with exit code 1\.\n {2}\| .+\nhint: /,
  );
  expect(code).toBe(1);
});
