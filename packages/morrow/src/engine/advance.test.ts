import { describe, expect, test } from 'vitest';
import { Story, storyAt } from '../testing/rollout-builder.ts';
import { observationOf, WHEN_TOLD, withFailsafe, withSlot } from '../testing/world.ts';
import { advance } from './advance.ts';
import { exitCodeOf } from './exit-code.ts';
import { type Phase, type Rollout, TERMINAL_PHASES } from './types.ts';

const check = {
  name: 'home',
  method: 'GET',
  path: '/',
  headers: {},
  body: null,
  expect: { status: [], bodyIncludes: null, withinMs: 1000 },
};
const hook = (name: string) => ({ name, type: 'command', command: `do ${name}`, timeoutMs: 5000 }) as const;
const call = {
  name: 'notify',
  type: 'call',
  url: 'https://example.org',
  secret: 'KEY',
  timeoutMs: 5000,
} as const;
const migration = (name: string) => ({ command: `migrate ${name}`, timeoutMs: 60_000 });

const kinds = (story: Story): readonly string[] =>
  story.asked.map((effect) => ('key' in effect ? `${effect.type} ${effect.key}` : effect.type));

const routes = (story: Story) =>
  story.asked.flatMap((effect) => (effect.type === 'route' ? [effect.weights?.green] : []));

describe('a rollout in which all goes well', () => {
  test('goes through its steps in order and is promoted', () => {
    const story = new Story().until('promoted');
    expect(routes(story)).toEqual([5, 50, 100, 100]);
    expect(story.rollout.outcome).toMatchObject({ phase: 'promoted', reason: null, withoutComparison: true });
    expect(exitCodeOf(story.rollout)).toBe(0);
  });

  test('says who gets the traffic when nobody steers: stable until it is promoted, then the candidate', () => {
    const story = new Story().until('promoted');
    const stables = story.asked.flatMap((effect) => (effect.type === 'route' ? [effect.stable] : []));
    expect(stables).toEqual(['blue', 'blue', 'blue', 'green']);
  });

  test('asks for the drain of the old slot at the end, and does not wait for it', () => {
    const story = new Story({ manners: { healthy: true, succeed: true, drain: false } }).until('promoted');
    expect(story.asked.at(-1)).toEqual({ type: 'retire', slot: 'blue' });
    expect(story.world.slots.blue.draining).toBe(true);
  });

  test('does everything before traffic once and in order: smoke tests, hooks, expand', () => {
    const story = new Story({
      settings: {
        smoke: [check],
        migrations: { expand: migration('expand'), contract: null },
        hooks: { beforeTraffic: [hook('one'), call], afterPromote: [], afterRollback: [] },
      },
    }).until('shifting');
    expect(kinds(story)).toEqual([
      'ensure',
      'stage',
      'probe backend-1/smoke',
      'run backend-1/hook/0',
      'call backend-1/hook/1',
      'run backend-1/expand',
      'route',
    ]);
  });

  test('contracts the schema from the candidate once the old slot is empty', () => {
    const story = new Story({
      settings: { migrations: { expand: null, contract: migration('contract') } },
      manners: { healthy: true, succeed: true, drain: false },
    }).until('contracting');
    story.observe().observe();
    expect(story.rollout).toMatchObject({ phase: 'contracting', contracted: false });
    expect(kinds(story)).not.toContain('run backend-1/contract');
    story
      .change((world) => withSlot(world, 'blue', { revision: null, draining: false, wanted: 0 }))
      .observe();
    expect(story.rollout.contracted).toBe(true);
    expect(story.asked.at(-1)).toMatchObject({ type: 'run', slot: 'green', key: 'backend-1/contract' });
    expect(story.until('promoted').rollout.contracted).toBe(true);
  });

  test('runs the hooks after promotion before it counts as promoted, and tells of one that fails', () => {
    const story = new Story({
      settings: { hooks: { beforeTraffic: [], afterPromote: [hook('one'), hook('two')], afterRollback: [] } },
      manners: { healthy: true, succeed: false, drain: true },
    });
    while (!kinds(story).includes('run backend-1/promoted/0')) story.observe();
    expect(story.world.slots.blue.healthy).toBe(4);
    const failed = { state: 'failed', text: 'exit code 1', lastLines: [] } as const;
    story.change((world) => ({ ...world, tasks: { 'backend-1/promoted/0': failed } })).observe();
    expect(story.alerts).toContain('backend: the hook one failed: exit code 1');
    const done = { 'backend-1/promoted/0': failed, 'backend-1/promoted/1': { state: 'succeeded' } as const };
    story.change((world) => ({ ...world, tasks: done })).observe();
    expect(story.phase).toBe('promoted');
  });

  test('needs three looks from nothing to promoted where nothing bakes', () => {
    const settings = { steps: [{ weightPct: 100, bakeMs: 0, gate: false }], finalBakeMs: 0 };
    const story = new Story({ settings });
    for (const phase of ['preparing', 'shifting', 'promoted'] as const) {
      expect(story.observe(50).phase).toBe(phase);
    }
  });
});

describe('a first deploy', () => {
  test('goes to 100 % after health and smoke tests', () => {
    const story = new Story({ stable: null }).until('promoted');
    expect(story.world.weights).toEqual({ blue: 100, green: 0 });
    expect(story.rollout.outcome?.withoutComparison).toBe(true);
  });

  test('is failed when it never gets healthy: nothing is routed, the candidate is retired', () => {
    const story = new Story({ stable: null, manners: WHEN_TOLD }).until('failed');
    expect(story.world.weights).toBeNull();
    expect(story.asked.at(-1)).toEqual({ type: 'retire', slot: 'blue' });
    expect(story.rollout.outcome?.reason?.code).toBe('never-healthy');
    expect(exitCodeOf(story.rollout)).toBe(3);
  });

  test('is failed and unrouted when it dies in its final bake', () => {
    const story = storyAt('baking', { stable: null });
    story.change((world) => withSlot(world, 'blue', { healthy: 0 })).until('failed');
    expect(story.world.weights).toBeNull();
  });

  test('sits out a moment without healthy targets: there is nothing to go back to', () => {
    const story = storyAt('baking', { stable: null });
    story
      .change((world) => withSlot(world, 'blue', { healthy: 0 }))
      .observe()
      .observe();
    expect(story.phase).toBe('baking');
    story.change((world) => withSlot(world, 'blue', { healthy: 4 }));
    expect(story.until('promoted').phase).toBe('promoted');
  });
});

/** Every phase, and how a story gets there. */
const PLACES: Readonly<Record<Phase, () => Story>> = {
  pending: () => new Story(),
  preparing: () => new Story({ manners: WHEN_TOLD }).until('preparing'),
  verifying: () => new Story({ manners: WHEN_TOLD }).until('verifying'),
  migrating: () =>
    new Story({
      settings: { migrations: { expand: migration('expand'), contract: null } },
      manners: { healthy: true, succeed: false, drain: true },
    }).until('migrating'),
  shifting: () => storyAt('shifting'),
  observing: () => storyAt('observing', {}, 1),
  baking: () => storyAt('baking'),
  contracting: () =>
    storyAt('contracting', {
      settings: { migrations: { expand: null, contract: migration('contract') } },
      manners: { healthy: true, succeed: false, drain: true },
    }),
  paused: () => storyAt('observing').command({ type: 'pause' }),
  holding: () =>
    storyAt('observing')
      .change((world) => withSlot(world, 'blue', { healthy: 0 }))
      .observe(),
  waiting: () => storyAt('waiting', { settings: { steps: [{ weightPct: 10, bakeMs: 0, gate: true }] } }),
  'rolling-back': () => storyAt('observing').command({ type: 'abort' }),
  promoted: () => storyAt('promoted'),
  'rolled-back': () => storyAt('observing').command({ type: 'abort' }).until('rolled-back'),
  failed: () => new Story({ stable: null }).observe().command({ type: 'abort' }).until('failed'),
  stuck: () =>
    storyAt('observing')
      .change((world) => withSlot(withSlot(world, 'blue', { healthy: 0 }), 'green', { healthy: 0 }))
      .until('stuck'),
};
describe.each(Object.entries(PLACES))('in %s', (phase, place) => {
  test('a rollout survives the journal', () => {
    const { rollout } = place();
    expect(rollout.phase).toBe(phase);
    const read: Rollout = JSON.parse(JSON.stringify(rollout));
    expect(read).toEqual(rollout);
  });

  test('a rollout that was read from the journal goes on as one that was not', () => {
    const { rollout, world, nowMs } = place();
    const event = { type: 'observed', atMs: nowMs + 1000, observation: observationOf(world) } as const;
    expect(advance(JSON.parse(JSON.stringify(rollout)), event)).toEqual(advance(rollout, event));
  });

  test('nothing that it was given is changed in place', () => {
    const { rollout, world, nowMs } = place();
    const before = JSON.stringify(rollout);
    advance(rollout, { type: 'observed', atMs: nowMs + 1000, observation: observationOf(world) });
    advance(rollout, { type: 'command', atMs: nowMs, command: { type: 'abort' }, by: 'ann' });
    expect(JSON.stringify(rollout)).toBe(before);
  });
});

describe('an ended rollout', () => {
  test.each(TERMINAL_PHASES)('that is %s stays so whatever comes', (phase) => {
    const story = PLACES[phase]();
    const { rollout } = story;
    story.observe().tick(1e9).command({ type: 'rollback', force: true }).measure(null, null);
    expect(story.rollout).toEqual(rollout);
  });
});

describe('effects are asked for as long as they do not show', () => {
  test('a lost shift is asked for again', () => {
    const story = storyAt('migrating', {
      settings: { migrations: { expand: migration('x'), contract: null } },
    });
    story.observe(1000, { lose: true });
    expect(story.effects).toContainEqual({ type: 'route', weights: { blue: 95, green: 5 }, stable: 'blue' });
    story.observe(1000, { lose: true });
    expect(story.effects).toContainEqual({ type: 'route', weights: { blue: 95, green: 5 }, stable: 'blue' });
    expect(story.observe().observe().phase).toBe('observing');
  });

  test('nothing is asked for while everything is as wanted', () => {
    const story = storyAt('observing');
    story.observe();
    expect(story.effects).toEqual([]);
  });

  test('a smoke test that the platform forgot is asked for again, one that has succeeded is not', () => {
    const settings = {
      smoke: [check],
      hooks: { beforeTraffic: [hook('one')], afterPromote: [], afterRollback: [] },
    };
    const story = new Story({ settings, manners: { healthy: true, succeed: false, drain: true } });
    while (!kinds(story).includes('probe backend-1/smoke')) story.observe();
    story.change((world) => ({ ...world, probes: {} })).observe();
    expect(story.effects).toContainEqual(expect.objectContaining({ type: 'probe' }));
    story.change((world) => ({ ...world, probes: { 'backend-1/smoke': { state: 'succeeded' } } })).observe();
    story.change((world) => ({ ...world, probes: {} })).observe();
    expect(story.effects.filter(({ type }) => type === 'probe')).toEqual([]);
  });

  test('a candidate that another hand has made smaller is put right', () => {
    const story = storyAt('observing').change((world) => withSlot(world, 'green', { wanted: 2 }));
    story.observe();
    expect(story.effects).toEqual([{ type: 'resize', slot: 'green', count: 4 }]);
  });

  test('stable is kept at its full strength', () => {
    const story = storyAt('baking').change((world) => withSlot(world, 'blue', { wanted: 1 }));
    story.observe();
    expect(story.effects).toEqual([{ type: 'resize', slot: 'blue', count: 4 }]);
  });
});

describe('time', () => {
  test('paused is neither bake nor delay', () => {
    const story = storyAt('observing').observe(4000);
    story.command({ type: 'pause' });
    for (let minute = 0; minute < 60; minute++) story.observe(60_000);
    story.command({ type: 'resume' }).observe(1000);
    expect(story.rollout).toMatchObject({ phase: 'observing', step: 0 });
    expect(story.rollout.memory.bakedMs).toBe(5000);
  });

  test('in which nobody looked is neither bake nor delay', () => {
    const story = storyAt('preparing', { manners: WHEN_TOLD });
    expect(story.observe(8 * 3_600_000).phase).toBe('verifying');
    expect(story.observe(8 * 3_600_000).phase).toBe('verifying');
  });

  test('set back by an hour delays nothing', () => {
    const story = storyAt('observing');
    story.observe(-3_600_000);
    for (let second = 0; second < 11; second++) story.observe(1000);
    expect(story.rollout.step).toBe(1);
  });

  test('without any observation ends a rollout all the same', () => {
    const story = storyAt('observing');
    for (let minute = 0; minute < 20; minute++) story.tick(60_000);
    expect(story.rollout.outcome).toMatchObject({ phase: 'stuck', reason: { code: 'deadline' } });
    expect(exitCodeOf(story.rollout)).toBe(4);
  });
});

describe('weights that somebody else has changed', () => {
  const drift = (story: Story) => story.change((world) => ({ ...world, weights: { blue: 0, green: 100 } }));

  test('are put right, and the bake begins anew', () => {
    const story = drift(storyAt('observing').observe(9000)).observe();
    expect(story.effects).toContainEqual({ type: 'route', weights: { blue: 95, green: 5 }, stable: 'blue' });
    expect(story.alerts.join()).toMatch(/changed from outside \(100 % on the candidate.*put right/);
    story.observe();
    expect(story.rollout).toMatchObject({ phase: 'observing', step: 0, memory: { bakedMs: 0 } });
  });

  test('are held for where that is configured, until somebody resumes', () => {
    const story = drift(storyAt('observing', { settings: { onDrift: 'hold' } })).observe();
    expect(story.rollout).toMatchObject({ phase: 'holding', reason: { code: 'drift' } });
    expect(story.candidatePct).toBe(100);
    story.command({ type: 'resume' }).observe().observe();
    expect(story.phase).toBe('observing');
    expect(story.candidatePct).toBe(5);
  });

  test('are put right while it is paused, and the bake begins anew after that', () => {
    const story = storyAt('observing').observe(9000).command({ type: 'pause' });
    drift(story).observe().observe();
    expect(story.candidatePct).toBe(5);
    story.command({ type: 'resume' }).observe().observe(5000);
    expect(story.rollout).toMatchObject({ phase: 'observing', step: 0 });
  });

  test('before the candidate has proved itself go back first', () => {
    const story = storyAt('verifying', { manners: WHEN_TOLD });
    drift(story).observe();
    expect(story.effects).toContainEqual({ type: 'route', weights: { blue: 100, green: 0 }, stable: 'blue' });
  });
});

describe('a platform that took the traffic back because nobody steered', () => {
  test('is followed by the same step again when the candidate is fine', () => {
    const story = storyAt('observing', {}, 1).change(withFailsafe);
    expect(story.candidatePct).toBe(0);
    story.observe();
    expect(story.candidatePct).toBe(50);
    expect(story.observe().rollout).toMatchObject({ phase: 'observing', step: 1 });
    expect(story.alerts.join()).toMatch(/nobody steered backend/);
  });

  test('does not hold a rollout that would hold for a hand', () => {
    const story = storyAt('observing', { settings: { onDrift: 'hold' } })
      .change(withFailsafe)
      .observe();
    expect(story.phase).toBe('shifting');
  });

  test('stays as it is when the candidate has died meanwhile', () => {
    const story = storyAt('observing', {}, 1)
      .change(withFailsafe)
      .change((world) => withSlot(world, 'green', { healthy: 0 }));
    expect(story.observe().phase).toBe('rolled-back');
  });
});
