import { describe, expect, test } from 'vitest';
import { Story, type StoryOptions, storyAt } from '../testing/rollout-builder.ts';
import { AT_ONCE, WHEN_TOLD, type World, withExit, withSlot } from '../testing/world.ts';
import { exitCodeOf } from './exit-code.ts';
import type { ReasonCode } from './types.ts';

const check = {
  name: 'home',
  method: 'GET',
  path: '/',
  headers: {},
  body: null,
  expect: { status: [], bodyIncludes: null, withinMs: 1000 },
};
const hook = (name: string) => ({ name, type: 'command', command: `do ${name}`, timeoutMs: 5000 }) as const;
const migration = { command: 'migrate', timeoutMs: 60_000 };
const BY_HAND = { healthy: true, succeed: false, drain: true };
const LINES = ['Error: cannot find module', 'at line 1'];
const failed = { state: 'failed', text: 'exit code 1', lastLines: LINES } as const;

const withTask = (key: string) => (world: World) => ({ ...world, tasks: { ...world.tasks, [key]: failed } });
const sick =
  (healthy: number, unhealthyReason: string | null = null) =>
  (world: World) =>
    withSlot(world, 'green', { healthy, unhealthyReason });
const stableSick = (healthy: number) => (world: World) => withSlot(world, 'blue', { healthy });
const crashed = (world: World) => withExit(world, 'green', 'exit code 1', LINES);

/** Stable has all traffic and its full strength, the candidate is gone, and the outcome tells the truth. */
function expectReturned(story: Story, code: ReasonCode): void {
  story.until('rolled-back');
  expect(story.world.weights).toEqual({ blue: 100, green: 0 });
  expect(story.world.slots.blue).toMatchObject({ revision: 'old', healthy: 4, wanted: 4 });
  expect(story.world.slots.green.revision).toBeNull();
  expect(story.rollout.outcome).toMatchObject({ phase: 'rolled-back', reason: { code } });
  expect(exitCodeOf(story.rollout)).toBe(3);
}

/** No traffic was ever asked for on the candidate. */
function expectUntouched(story: Story): void {
  const given = story.asked.filter((effect) => effect.type === 'route' && effect.weights?.green !== 0);
  expect(given).toEqual([]);
}

describe('stable keeps serving when the candidate, before any traffic,', () => {
  const before = (options: StoryOptions = {}) =>
    new Story({ manners: { ...WHEN_TOLD, drain: true }, ...options });

  test('cannot be staged', () => {
    const story = before().observe();
    const problem = { text: 'the image cannot be pulled', lastLines: LINES };
    story.change((world) => withSlot(world, 'green', { problem }));
    expectReturned(story, 'stage-failed');
    expectUntouched(story);
    expect(story.rollout.reason?.text).toBe('the candidate could not be started: the image cannot be pulled');
    expect(story.rollout.reason?.lastLines).toEqual(LINES);
  });

  test('never starts a single target', () => {
    const story = before().observe();
    story.change((world) => withSlot(world, 'green', { running: 0 }));
    expectReturned(story, 'never-healthy');
    expectUntouched(story);
  });

  test('never gets healthy within its start timeout', () => {
    const story = before({ settings: { startTimeoutMs: 60_000 } }).until('verifying');
    const since = story.nowMs;
    story.change(sick(3, 'answered 503 on /health'));
    expectReturned(story, 'never-healthy');
    expectUntouched(story);
    expect(story.nowMs - since).toBe(60_000);
    expect(story.rollout.reason?.text).toBe(
      'the candidate was not healthy within 1 min: 3 of 4 targets healthy (answered 503 on /health)',
    );
  });

  test('never gets healthy within the progress deadline', () => {
    const story = before().until('verifying');
    const since = story.nowMs;
    expectReturned(story, 'never-healthy');
    expect(story.nowMs - since).toBe(300_000);
  });

  test('crashes at start, again and again', () => {
    const story = before().until('verifying');
    story.change(crashed).change(crashed).observe();
    expect(story.phase).toBe('verifying');
    story.change(crashed);
    expectReturned(story, 'crashed');
    expectUntouched(story);
    expect(story.rollout.reason).toEqual({
      code: 'crashed',
      text: 'the candidate exited 3 times (exit code 1)',
      lastLines: LINES,
    });
  });

  test('is not blamed for exits of an earlier rollout of the same revision', () => {
    const story = new Story();
    story.change((world) =>
      withSlot(world, 'green', { revision: 'new', wanted: 4, running: 4, healthy: 4, exitCount: 9 }),
    );
    expect(story.until('promoted').phase).toBe('promoted');
  });

  test('is not blamed for a problem of an earlier attempt to stage it', () => {
    const story = new Story();
    const problem = { text: 'old trouble', lastLines: [] };
    story.change((world) => withSlot(world, 'green', { revision: 'new', wanted: 4, problem }));
    expect(story.until('promoted').phase).toBe('promoted');
  });

  test('fails a smoke test', () => {
    const story = new Story({ settings: { smoke: [check] }, manners: BY_HAND }).observe().observe();
    const result = { state: 'failed', text: 'home answered 500', lastLines: [] } as const;
    story.change((world) => ({ ...world, probes: { 'backend-1/smoke': result } }));
    expectReturned(story, 'smoke-failed');
    expectUntouched(story);
    expect(story.rollout.reason?.text).toBe('the smoke tests failed: home answered 500');
  });

  test('fails a hook', () => {
    const hooks = { beforeTraffic: [hook('warm')], afterPromote: [], afterRollback: [] };
    const story = new Story({ settings: { hooks }, manners: BY_HAND }).observe().observe();
    story.change(withTask('backend-1/hook/0'));
    expectReturned(story, 'hook-failed');
    expectUntouched(story);
    expect(story.rollout.reason).toMatchObject({
      text: 'the hook warm failed: exit code 1',
      lastLines: LINES,
    });
  });

  test('has a hook that never ends', () => {
    const hooks = { beforeTraffic: [hook('warm')], afterPromote: [], afterRollback: [] };
    const story = new Story({ settings: { hooks }, manners: BY_HAND }).observe().observe();
    expectReturned(story, 'hook-failed');
    expect(story.rollout.reason?.text).toBe('the hook warm did not end within 5 min 5 s');
  });

  test('fails its expand migration', () => {
    const settings = { migrations: { expand: migration, contract: null } };
    const story = new Story({ settings, manners: BY_HAND }).until('migrating');
    story.change(withTask('backend-1/expand'));
    expectReturned(story, 'migration-failed');
    expectUntouched(story);
  });

  test('is aborted while its expand migration runs: the next rollout must not meet it', () => {
    const settings = { migrations: { expand: migration, contract: null } };
    const story = new Story({ settings, manners: BY_HAND }).until('migrating').observe();
    story.command({ type: 'abort' }).observe().observe();
    expect(story.phase).toBe('rolling-back');
    expect(story.rollout.waitingFor).toBe('the expand migration to end');
    story.change((world) => ({ ...world, tasks: { 'backend-1/expand': { state: 'succeeded' } } }));
    expectReturned(story, 'aborted');
  });
});

describe('stable keeps serving when the candidate, with traffic,', () => {
  test('crashes wholly at 50 %: back at once, in one look', () => {
    const story = storyAt('observing', {}, 1);
    story.change(sick(0)).change(crashed).observe();
    expect(story.candidatePct).toBe(0);
    expectReturned(story, 'crashed');
    expect(story.rollout.reason?.lastLines).toEqual(LINES);
    expect(story.rollout.outcome).toMatchObject({
      decidedAtMs: story.nowMs - 1000,
      returnedAtMs: story.nowMs,
    });
  });

  test('hangs, so that its health checks fail', () => {
    const story = storyAt('observing', {}, 1);
    story.change(sick(0, 'no answer within 1000 ms'));
    expectReturned(story, 'capacity-lost');
    expect(story.rollout.reason?.text).toBe(
      'the candidate lost its capacity: 0 of 4 targets healthy (no answer within 1000 ms), 2 needed at 50 %',
    );
  });

  test('is too weak for its weight for longer than is borne', () => {
    const story = storyAt('observing', {}, 1).change(sick(1));
    for (let second = 0; second < 5; second++) expect(story.observe().phase).toBe('observing');
    expectReturned(story, 'capacity-lost');
  });

  test('is too weak for a moment only: it goes on', () => {
    const story = storyAt('observing', {}, 1).change(sick(1)).observe(3000);
    expect(story.change(sick(4)).until('promoted').phase).toBe('promoted');
  });

  test('is too weak at the end of the final bake: it is not promoted like that', () => {
    const story = storyAt('baking', { settings: { capacityGraceMs: 30_000 } });
    while (!story.rollout.waitingFor.includes(': 1 s left')) story.observe();
    story.change(sick(3)).observe().observe();
    expect(story.rollout.waitingFor).toBe(
      'capacity: the candidate has 3 of 4 targets healthy and carries 75 % at most',
    );
    expectReturned(story, 'capacity-lost');
  });

  test('loses target after target, as one that leaks memory', () => {
    const story = storyAt('observing', {}, 1);
    const killed = (world: World) =>
      withExit(world, 'green', 'memory limit of 256 MiB exceeded (killed)', LINES);
    for (let time = 0; time < 3; time++) story.change(killed).change(sick(4)).observe();
    expectReturned(story, 'crashed');
    expect(story.rollout.reason?.text).toBe(
      'the candidate exited 3 times (memory limit of 256 MiB exceeded (killed))',
    );
  });

  test('breaks a limit of the guard', () => {
    const story = storyAt('observing', {}, 1).measure({ requests: 200, errors: 10 }, { requests: 200 });
    expectReturned(story, 'guard-errors');
  });

  test('breaks a limit of the guard in the final bake', () => {
    const story = storyAt('baking').measure({ requests: 200, errors: 10 }, null);
    expectReturned(story, 'guard-errors');
  });

  test('breaks a limit of the guard while the rollout is paused', () => {
    const story = storyAt('observing')
      .command({ type: 'pause' })
      .measure({ requests: 200, errors: 10 }, { requests: 4000 });
    expectReturned(story, 'guard-errors');
  });

  test('dies while the rollout waits for a person', () => {
    const gate = { steps: [{ weightPct: 10, bakeMs: 0, gate: true }] };
    expectReturned(storyAt('waiting', { settings: gate }).change(sick(0)), 'capacity-lost');
  });

  test('is emptied by another hand', () => {
    const story = storyAt('observing', {}, 1);
    story.change((world) => withSlot(world, 'green', { revision: null, healthy: 0, running: 0, wanted: 0 }));
    expectReturned(story, 'capacity-lost');
  });

  test('does not carry the next step until the deadline', () => {
    const story = storyAt('observing').change(sick(1)).until('shifting', 1);
    const since = story.nowMs;
    expectReturned(story, 'capacity-lost');
    expect(story.nowMs - since).toBeGreaterThan(290_000);
    expect(story.rollout.reason?.text).toContain('the candidate has 1 of 4 targets healthy');
  });

  test('has evidence too thin, where that means going back', () => {
    const analysis = { ...new Story().rollout.settings.analysis, insufficient: 'rollback' as const };
    expectReturned(storyAt('observing', { settings: { analysis } }), 'insufficient-evidence');
  });

  test('is aborted, superseded or rolled back', () => {
    expectReturned(storyAt('observing', {}, 1).command({ type: 'abort' }), 'aborted');
    expectReturned(storyAt('baking').command({ type: 'rollback', force: false }), 'rollback-requested');
    expectReturned(storyAt('shifting').command({ type: 'supersede', by: 'backend-2' }), 'superseded');
  });

  test('runs the hooks after the return, and what fails among them changes nothing', () => {
    const hooks = { beforeTraffic: [], afterPromote: [], afterRollback: [hook('tell'), hook('more')] };
    const story = storyAt('observing', { settings: { hooks }, manners: BY_HAND }).command({ type: 'abort' });
    story.observe().observe();
    expect(story.asked.at(-1)).toMatchObject({ type: 'run', slot: 'green', key: 'backend-1/rolled-back/0' });
    story.change(withTask('backend-1/rolled-back/0')).observe();
    story.change(withTask('backend-1/rolled-back/1'));
    expectReturned(story, 'aborted');
    expect(story.alerts).toContain('backend: the hook tell failed: exit code 1');
  });
});

describe('a return to stable', () => {
  /** A candidate at 100 % goes back while stable has few healthy targets. */
  const weak = (healthy: number) => storyAt('baking').change(stableSick(healthy)).command({ type: 'abort' });

  test('shifts at once as far as stable carries, and wholly after a minute', () => {
    const story = weak(1).observe();
    expect(story.world.weights).toEqual({ blue: 25, green: 75 });
    for (let second = 1; second < 59; second++) story.observe();
    expect(story.world.weights).toEqual({ blue: 25, green: 75 });
    story.observe().observe();
    expect(story.world.weights).toEqual({ blue: 100, green: 0 });
    expect(story.until('rolled-back').rollout.reason?.code).toBe('aborted');
  });

  test('goes further as stable gets stronger', () => {
    const story = weak(1).observe().change(stableSick(2)).observe();
    expect(story.world.weights).toEqual({ blue: 50, green: 50 });
    expect(story.change(stableSick(4)).observe().observe().phase).toBe('rolled-back');
  });

  test('is wholly at once where the candidate serves nobody', () => {
    const story = storyAt('baking').change(stableSick(1)).change(sick(0)).observe();
    expect(story.world.weights).toEqual({ blue: 100, green: 0 });
  });

  test('waits for stable where it has no healthy target, then is stuck', () => {
    const story = weak(0).observe();
    expect(story.world.weights).toEqual({ blue: 0, green: 100 });
    expect(story.rollout.waitingFor).toBe('stable to have a healthy target again');
    story.until('stuck');
    expect(story.rollout.outcome?.reason?.text).toMatch(
      /aborted by ann; the traffic could not be taken back/,
    );
    expect(story.alerts.at(-1)).toMatch(/stuck/);
  });

  test('starts stable again where somebody has stopped it', () => {
    const story = storyAt('baking').change((world) =>
      withSlot(world, 'blue', { revision: null, healthy: 0, wanted: 0 }),
    );
    story.command({ type: 'abort' });
    expectReturned(story, 'aborted');
  });

  test('that cannot be made is stuck, and says so', () => {
    const story = storyAt('observing').command({ type: 'abort' });
    while (story.phase === 'rolling-back') story.observe(1000, { lose: true });
    expect(story.rollout.outcome).toMatchObject({ phase: 'stuck', reason: { code: 'aborted' } });
    expect(story.rollout.outcome?.reason?.text).toContain('the platform does not show the weights');
  });
});

describe('when stable dies', () => {
  test('and the candidate is healthy, the rollout holds, weights untouched, and goes on when stable is back', () => {
    const story = storyAt('observing').change(stableSick(0)).observe();
    expect(story.rollout).toMatchObject({ phase: 'holding', reason: { code: 'stable-unhealthy' } });
    expect(story.candidatePct).toBe(5);
    expect(story.alerts).toEqual(['stable has 0 of 4 targets healthy, too few for its 95 % of the traffic']);
    story.observe().observe();
    expect(story.alerts).toHaveLength(1);
    expect(story.change(stableSick(4)).until('promoted').phase).toBe('promoted');
  });

  test('the next step is taken at once if the candidate carries all of it', () => {
    const story = storyAt('observing', {}, 1).change(stableSick(0)).observe();
    expect(story.candidatePct).toBe(100);
    expect(story.alerts.join()).toMatch(/all its traffic goes to the healthy candidate/);
    expect(story.until('promoted').phase).toBe('promoted');
  });

  test('a promotion in full is the way out', () => {
    const story = storyAt('observing').change(stableSick(0)).observe();
    story.command({ type: 'promote', full: true }).observe();
    expect(story.candidatePct).toBe(100);
    expect(story.until('promoted').phase).toBe('promoted');
  });

  test('before the first step, the rollout holds instead of shifting', () => {
    const story = new Story().observe().change(stableSick(0)).observe();
    expect(story.rollout).toMatchObject({ phase: 'holding', reason: { code: 'stable-unhealthy' } });
    expect(story.candidatePct).toBe(0);
  });

  test('for good, the rollout is stuck after the deadline', () => {
    const story = storyAt('observing').change(stableSick(0)).until('stuck');
    expect(story.rollout.outcome?.reason?.code).toBe('stable-unhealthy');
    expect(exitCodeOf(story.rollout)).toBe(4);
    expect(story.candidatePct).toBe(5);
  });

  test('while all traffic is on the candidate, the bake goes on', () => {
    const story = storyAt('baking').change(stableSick(0)).until('promoted');
    expect(story.phase).toBe('promoted');
  });

  test('and the candidate dies as well, the rollout holds, then is stuck', () => {
    const story = storyAt('observing', {}, 1).change(stableSick(0)).change(sick(0)).observe();
    expect(story.rollout).toMatchObject({ phase: 'holding', reason: { code: 'both-unhealthy' } });
    expect(story.candidatePct).toBe(50);
    story.until('stuck');
    expect(story.rollout.outcome?.reason?.code).toBe('both-unhealthy');
  });

  test('and both were dead, whichever comes back serves', () => {
    const both = () => storyAt('observing', {}, 1).change(stableSick(0)).change(sick(0)).observe();
    expectReturned(both().change(stableSick(4)), 'capacity-lost');
    expect(both().change(sick(4)).until('promoted').phase).toBe('promoted');
  });
});

describe('before the contract, while the old slot is emptied,', () => {
  test('a candidate that dies for longer than is borne goes back to stable, started again', () => {
    const story = storyAt('contracting', {
      settings: { migrations: { expand: null, contract: migration } },
      manners: { healthy: true, succeed: true, drain: false },
    }).observe();
    expect(story.world.slots.blue.draining).toBe(true);
    story.change(sick(0)).observe();
    expect(story.phase).toBe('contracting');
    for (let second = 0; second < 5; second++) story.observe();
    expect(story.phase).toBe('rolling-back');
    story.manners = AT_ONCE;
    expectReturned(story, 'capacity-lost');
  });
});

describe('past the contract', () => {
  const contracting = () =>
    storyAt('contracting', {
      settings: { migrations: { expand: null, contract: migration } },
      manners: BY_HAND,
    }).observe();

  test('a failed migration waits for a person: all traffic is on the candidate, which is fine', () => {
    const story = contracting().change(withTask('backend-1/contract')).observe();
    expect(story.rollout).toMatchObject({
      phase: 'waiting',
      reason: { code: 'migration-failed' },
      contracted: true,
    });
    expect(story.candidatePct).toBe(100);
    expect(exitCodeOf(story.rollout)).toBe(6);
    expect(story.command({ type: 'promote', full: false }).until('promoted').phase).toBe('promoted');
  });

  test('a candidate that dies stays where it is: there is nothing to go back to', () => {
    const story = contracting().change(sick(0)).observe();
    expect(story.phase).toBe('contracting');
    expect(story.alerts.join()).toMatch(/neither revision of backend has a healthy target/);
  });

  test('somebody who insists gets stable back, started again', () => {
    const story = contracting().command({ type: 'rollback', force: true });
    story.change((world) => ({ ...world, tasks: {} }));
    story.manners = AT_ONCE;
    expectReturned(story, 'rollback-requested');
  });
});
