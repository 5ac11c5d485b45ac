import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StatusReport } from '../packages/morrow/src/server/api.ts';
import { kill, processesIn } from './processes.ts';
import { Project } from './project.ts';
import { Load } from './under-load.ts';

let project: Project;
let revisions = 0;

beforeAll(async () => {
  project = await Project.create({
    edge: { failsafe: '4s', workers: 2 },
    rollout: { steps: ['5%', '50%', '100%'], bake: '3s', finalBake: '3s' },
  });
  await project.ok('up', 'test');
  await project.ok('deploy', 'test', 'web');
}, 120_000);

afterAll(() => project.remove());

/** Begins a rollout of something new; its command goes on by itself. */
function deploy(startMs = 0): ReturnType<Project['start']> {
  revisions += 1;
  project.behave({ name: `revision ${revisions}`, startMs });
  return project.start('deploy', 'test', 'web', '--json');
}

const rollout = ({ services }: StatusReport) => services[0]?.rollout ?? null;

/** One revision serves, the other slot is empty, and no process is left of any other revision. */
async function oneStable(): Promise<void> {
  const status = await project.until(({ services }) => {
    const [web] = services;
    return (
      web?.rollout === null &&
      web.problems.length === 0 &&
      web.serving?.healthy === 2 &&
      web.serving.weightPct === 100
    );
  });
  const serving = status.services[0]?.serving?.revision.id ?? '';
  const running = processesIn(join(project.state, 'revisions'));
  const own = processesIn(join(project.state, 'revisions', serving));
  expect(running.sort()).toEqual(own.sort());
}

describe('kill -9 of the agent, and nobody types anything', () => {
  const moments: readonly {
    readonly title: string;
    readonly startMs: number;
    readonly reached: (status: StatusReport) => boolean;
  }[] = [
    {
      title: 'while the candidate starts',
      startMs: 3000,
      reached: (status) => rollout(status)?.phase === 'preparing' || rollout(status)?.phase === 'verifying',
    },
    { title: 'at 5 %', startMs: 0, reached: (status) => rollout(status)?.candidate.weightPct === 5 },
    { title: 'at 50 %', startMs: 0, reached: (status) => rollout(status)?.candidate.weightPct === 50 },
    { title: 'in the last bake', startMs: 0, reached: (status) => rollout(status)?.phase === 'baking' },
  ];

  it.each(moments)(
    '$title: the rollout goes on to its end, and no request is lost',
    async ({ startMs, reached }) => {
      const load = await Load.on(project);
      const command = deploy(startMs);
      const { agent } = await project.until(reached);
      kill(agent.pid);
      const { code, err } = await command.ended;
      const seen = await load.stop();
      expect(code, err).toBe(0);
      expect(seen.shippingFailures.slice(0, 3)).toEqual([]);
      await oneStable();
    },
    120_000,
  );

  it('while it goes back: it is back all the same', async () => {
    const load = await Load.on(project);
    const command = deploy();
    const { agent } = await project.until((status) => rollout(status)?.candidate.weightPct === 50);
    await project.ok('abort', 'test', 'web');
    kill(agent.pid);
    const { code } = await command.ended;
    const seen = await load.stop();
    expect(code).toBe(3);
    expect(seen.shippingFailures.slice(0, 3)).toEqual([]);
    await oneStable();
  }, 120_000);

  it('again and again: still one end', async () => {
    const command = deploy();
    await project.until((status) => rollout(status) !== null);
    for (let kills = 0; kills < 5; kills++) {
      const { agent } = await project.until((status) => status.agent.pid > 0);
      kill(agent.pid);
    }
    expect((await command.ended).code).toBe(0);
    await oneStable();
  }, 120_000);
});

describe('an agent that is kept from starting', () => {
  it('leaves all traffic on stable, and goes on when it can', async () => {
    const before = (await project.status()).services[0]?.serving?.revision.id;
    const command = deploy();
    const { agent } = await project.until((status) => rollout(status)?.candidate.weightPct === 50);
    const socket = join(project.state, 'agent.sock');
    const squatter = createServer((connection) => connection.destroy());
    kill(agent.pid);
    rmSync(socket, { force: true });
    await new Promise<void>((resolve) => squatter.listen(socket, resolve));
    await until(async () => (await revisionsSeen(200)).every((id) => id === before));
    await new Promise((resolve) => squatter.close(resolve));
    expect((await command.ended).code).toBe(0);
    await oneStable();
  }, 120_000);
});

describe('kill -9 of the edge', () => {
  it('one worker: the others serve on, and another takes its place', async () => {
    const { edge } = await project.status();
    const [worker] = edge?.workers ?? [];
    kill(worker ?? 0);
    // What the dead worker had taken in, or was about to, is gone with it; every other connection is served.
    const lost = (await revisionsSeen(50)).filter((id) => id === null);
    expect(lost.length).toBeLessThanOrEqual(2);
    await project.until(
      (status) => status.edge?.workers.length === 2 && !status.edge.workers.includes(worker ?? 0),
    );
  }, 60_000);

  it('all of it, while weights are split: back by itself with the weights it had', async () => {
    const command = deploy();
    const { edge } = await project.until((status) => rollout(status)?.candidate.weightPct === 50);
    for (const pid of [edge?.pid ?? 0, ...(edge?.workers ?? [])]) kill(pid);
    await until(async () => (await fetch(project.url).catch(() => null))?.ok === true);
    expect(new Set(await revisionsSeen(100)).size).toBe(2);
    expect((await command.ended).code).toBe(0);
    await oneStable();
  }, 120_000);

  it('and of the agent at once: `morrow up` brings both back, and the rollout goes on', async () => {
    const command = deploy();
    const { agent, edge } = await project.until((status) => rollout(status)?.candidate.weightPct === 50);
    for (const pid of [agent.pid, edge?.pid ?? 0, ...(edge?.workers ?? [])]) kill(pid);
    await project.ok('up', 'test');
    expect((await command.ended).code).toBe(0);
    await oneStable();
  }, 120_000);
});

/** Which revisions answer `count` requests, each over a connection of its own. */
async function revisionsSeen(count: number): Promise<(string | null)[]> {
  const seen: (string | null)[] = [];
  for (let n = 0; n < count; n++) {
    const response = await fetch(project.url, { headers: { connection: 'close' } }).catch(() => null);
    await response?.arrayBuffer();
    seen.push(response?.headers.get('x-morrow-revision') ?? null);
  }
  return seen;
}

async function until(holds: () => Promise<boolean>, limitMs = 30_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await holds()))
    if (Date.now() > deadline)
      throw new Error(`it did not come true within ${limitMs} ms\n${project.logs()}`);
}
