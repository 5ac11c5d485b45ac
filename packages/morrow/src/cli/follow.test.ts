import { afterEach, beforeEach, expect, test } from 'vitest';
import { type TestProject, testProject } from '../testing/command-line.ts';
import { FakeAgent } from '../testing/fake-agent.ts';
import { NOON, promotedView, rolloutView } from '../testing/rollout-views.ts';
import { agentClient } from './agent-client.ts';
import { type FollowOptions, follow } from './follow.ts';

let project: TestProject;
let agent: FakeAgent;
let shown: string[];

function options(over: Partial<FollowOptions> = {}): FollowOptions {
  const { paths } = project;
  const signal = new AbortController().signal;
  return {
    client: agentClient(paths, signal),
    paths,
    id: rolloutView().id,
    signal,
    stopAtPerson: true,
    viewer: {
      show: (view) => shown.push(view.phase),
      notice: (text) => shown.push(text === '' ? 'back' : 'away'),
      close: () => undefined,
    },
    ...over,
  };
}

beforeEach(async () => {
  project = testProject({});
  agent = new FakeAgent(project.paths);
  agent.rollouts.set(rolloutView().id, rolloutView());
  shown = [];
  await agent.start();
});

afterEach(() => {
  agent.die();
  project.remove();
});

test('a follower sees each change until the end, and since when the candidate had traffic', async () => {
  agent.rollouts.set(rolloutView().id, rolloutView({ phase: 'verifying', weights: { blue: 100, green: 0 } }));
  const following = follow(options());
  await agent.followed();
  agent.show(rolloutView({ nowMs: NOON + 5_000 }));
  agent.show(promotedView());
  expect(await following).toEqual({ view: promotedView(), trafficSinceMs: NOON + 5_000 });
  expect(shown).toEqual(['verifying', 'observing', 'promoted']);
});

test('an agent that dies and comes back is followed on, again and again', async () => {
  const following = follow(options());
  for (let times = 0; times < 3; times += 1) {
    await agent.followed();
    agent.die();
    await agent.start();
  }
  await agent.followed();
  agent.show(promotedView());
  expect((await following).view.phase).toBe('promoted');
  expect(shown.filter((one) => one === 'back').length).toBeGreaterThan(0);
});

test('an agent that stays away is given up with exit code 4', async () => {
  agent.die();
  const given = follow(options({ giveUpMs: 300 }));
  await expect(given).rejects.toMatchObject({ code: 'AGENT_GONE', exitCode: 4 });
  expect(shown).toEqual(['away']);
});

test('an environment that was taken down is given up at once', async () => {
  const { rmSync } = await import('node:fs');
  const following = follow(options());
  await agent.followed();
  rmSync(project.paths.upMarker);
  agent.die();
  await expect(following).rejects.toMatchObject({
    code: 'AGENT_GONE',
    message: 'development was taken down meanwhile.',
  });
});

test('a rollout that waits for a person ends it only where that was asked for', async () => {
  const waiting = rolloutView({ phase: 'waiting', exitCode: 6 });
  agent.rollouts.set(waiting.id, waiting);
  expect((await follow(options())).view).toEqual(waiting);
  const patient = follow(options({ stopAtPerson: false }));
  await agent.followed();
  agent.show(promotedView());
  expect((await patient).view.phase).toBe('promoted');
});

test('what the agent refuses is not tried again', async () => {
  const unknown = follow(options({ id: 'nothing', client: { watch: () => refuse() } }));
  await expect(unknown).rejects.toThrow('There is no rollout nothing.');
});

async function* refuse(): AsyncGenerator<never> {
  const { MorrowError } = await import('../errors.ts');
  yield* [];
  throw new MorrowError('NO_ROLLOUT', 'There is no rollout nothing.');
}

test('aborting its signal ends it with the signal’s reason, connected or not', async () => {
  for (const dead of [false, true]) {
    const stop = new AbortController();
    const following = follow(
      options({ signal: stop.signal, client: agentClient(project.paths, stop.signal) }),
    );
    if (dead) agent.die();
    else await agent.followed();
    stop.abort(new Error('enough'));
    await expect(following).rejects.toThrow('enough');
  }
});
