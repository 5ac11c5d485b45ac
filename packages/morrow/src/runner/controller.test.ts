import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Effect } from '../engine/types.ts';
import { MorrowError } from '../errors.ts';
import { ControllerFixture, revision } from '../testing/controller-fixture.ts';
import { withSlot } from '../testing/world.ts';

let fixture: ControllerFixture;

beforeEach(() => {
  fixture = new ControllerFixture();
});

afterEach(() => fixture.remove());

const code = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: MorrowError) => error.code,
  );

const routes = (): Effect[] =>
  fixture.platform.calls.flatMap(({ effect }) => (effect?.type === 'route' ? [effect] : []));

/** Ships `first`, so that there is something to go back to. */
async function serving(): Promise<Awaited<ReturnType<ControllerFixture['start']>>> {
  const controller = await fixture.start();
  const first = revision('first');
  await controller.loopFor(first).deploy(first, 'a test');
  expect((await fixture.until(controller, 'promoted')).last?.phase).toBe('promoted');
  return controller;
}

describe('a controller', () => {
  it('ships a first revision, and remembers it as stable', async () => {
    const controller = await serving();
    expect(controller.loop('backend').snapshot().record.stable).toEqual({ slot: 'blue', revision: 'first' });
    expect(fixture.platform.world('backend').weights).toEqual({ blue: 100, green: 0 });
  });

  it('takes a second one through its steps and empties the old slot', async () => {
    const controller = await serving();
    await controller
      .loop('backend')
      .deploy(
        revision('second', { analysis: { ...revision('x').settings.rollout.analysis, enabled: false } }),
        'a test',
      );
    const { last, record } = await fixture.until(controller, 'promoted');
    expect(last?.phase).toBe('promoted');
    expect(routes().map((effect) => (effect.type === 'route' ? effect.weights?.green : null))).toEqual([
      0, 0, 5, 50, 100, 100,
    ]);
    expect(record).toMatchObject({ stable: { slot: 'green', revision: 'second' }, previous: ['first'] });
    expect(fixture.platform.world('backend').slots.blue.revision).toBeNull();
  });

  it('goes back at once when the candidate fails its users', async () => {
    const controller = await serving();
    await controller.loop('backend').deploy(revision('bad'), 'a test');
    await fixture.until(controller, 'observing');
    await fixture.clock.advance(2000);
    fixture.platform.traffic('backend', { blue: { requests: 1900 }, green: { requests: 200, errors: 40 } });
    const { last } = await fixture.until(controller, 'rolled-back', 5000);
    expect(last?.outcome).toMatchObject({ phase: 'rolled-back', reason: { code: 'guard-errors' } });
    expect(fixture.platform.world('backend').weights).toEqual({ blue: 100, green: 0 });
  });

  it('killed at any moment of a rollout is followed by one that brings it to its end', async () => {
    let controller = await serving();
    await controller.loop('backend').deploy(revision('second'), 'a test');
    const phases = new Set<string>();
    for (let kills = 0; kills < 60; kills++) {
      await fixture.clock.advance(1100);
      const { rollout } = controller.loop('backend').snapshot();
      if (rollout === null) break;
      phases.add(rollout.phase);
      await fixture.kill();
      controller = await fixture.start();
    }
    const { last } = await fixture.until(controller, 'promoted');
    expect(last?.phase).toBe('promoted');
    expect([...phases]).toContain('observing');
    expect(controller.epoch).toBeGreaterThan(10);
  });

  it('does nothing more once another has taken over, and says why it ended', async () => {
    const first = await serving();
    fixture.dead.add('owner-1');
    const second = await fixture.start();
    const calls = fixture.platform.calls.length;
    await fixture.clock.advance(5000);
    expect((await first.ended)?.code).toBe('LEASE_LOST');
    expect(second.epoch).toBe(first.epoch + 1);
    expect(fixture.platform.calls.slice(calls).every(({ epoch }) => epoch === second.epoch)).toBe(true);
  });

  it('is refused while another lives', async () => {
    await serving();
    expect(await code(fixture.start())).toBe('LEASE_HELD');
  });

  it('goes on above the epoch to which the platform raised itself, and begins the step again', async () => {
    const controller = await serving();
    await controller.loop('backend').deploy(revision('second'), 'a test');
    await fixture.until(controller, 'observing');
    const before = controller.epoch;
    fixture.platform.failsafe('backend');
    await fixture.clock.advance(5000);
    expect(controller.epoch).toBeGreaterThan(before + 1);
    expect((await fixture.until(controller, 'promoted')).last?.phase).toBe('promoted');
  });

  it('keeps a service steady when no rollout is under way', async () => {
    const controller = await serving();
    fixture.platform.change('backend', (world) => ({ ...world, weights: { blue: 40, green: 60 } }));
    await fixture.clock.until(() => fixture.platform.world('backend').weights?.blue === 100, 5000);
    fixture.platform.change('backend', (world) =>
      withSlot(world, 'blue', { revision: null, wanted: 0, running: 0, healthy: 0 }),
    );
    await fixture.clock.until(() => fixture.platform.world('backend').slots.blue.revision === 'first', 5000);
    expect(controller.loop('backend').snapshot().problems).toEqual([]);
  });

  it('shows a platform that does not answer as a problem, and goes on when it does again', async () => {
    const controller = await serving();
    fixture.platform.fail('observe', new MorrowError('EDGE_UNREACHABLE', 'The edge does not answer.'), 3);
    await fixture.clock.until(() => controller.loop('backend').snapshot().problems.length > 0, 5000);
    expect(controller.loop('backend').snapshot().problems).toEqual(['The edge does not answer.']);
    await fixture.clock.until(() => controller.loop('backend').snapshot().problems.length === 0, 20_000);
  });

  it('stops its services traffic first', async () => {
    const controller = await serving();
    const stopped = controller.stopServices(60_000);
    await fixture.clock.advance(1000);
    await stopped;
    const last = fixture.platform.calls.filter(({ effect }) => effect !== null).slice(-2);
    expect(last.map(({ method }) => method)).toEqual(['route', 'retire']);
    expect(fixture.platform.world('backend').slots.blue.revision).toBeNull();
  });
});

describe('what is journaled', () => {
  it('holds every effect before it was carried out, and none twice in a row', async () => {
    const controller = await serving();
    const before = fixture.platform.calls.flatMap(({ effect }) => (effect === null ? [] : [effect])).length;
    await controller.loop('backend').deploy(revision('second'), 'a test');
    const { last } = await fixture.until(controller, 'promoted');
    const entries = await fixture.store.journal(last?.id ?? '', 0, 10_000);
    const journaled = entries.flatMap(({ body }) =>
      body.type === 'effect' && body.effect.type !== 'alert' ? [JSON.stringify(body.effect)] : [],
    );
    const asked = fixture.platform.calls.flatMap(({ effect }) =>
      effect === null ? [] : [JSON.stringify(effect)],
    );
    for (const effect of journaled) expect(asked).toContain(effect);
    const own = asked.slice(before);
    expect(own.length).toBeGreaterThan(5);
    for (const effect of own) expect(journaled).toContain(effect);
    expect(journaled.filter((effect, index) => effect === journaled[index - 1])).toEqual([]);
    expect(entries[0]?.body.type).toBe('created');
  });

  it('is nothing on a full disk: then traffic returns to stable, and all else waits for room', async () => {
    const controller = await serving();
    await controller.loop('backend').deploy(revision('bad'), 'a test');
    await fixture.until(controller, 'observing');
    await fixture.clock.advance(2000);
    const calls = fixture.platform.calls.length;
    fixture.diskFull = true;
    fixture.platform.traffic('backend', { blue: { requests: 1900 }, green: { requests: 200, errors: 40 } });
    await fixture.clock.until(() => fixture.platform.world('backend').weights?.blue === 100, 30_000);
    await fixture.clock.advance(5000);
    const methods = new Set(fixture.platform.calls.slice(calls).map(({ method }) => method));
    expect([...methods]).toEqual(['route']);
    expect(fixture.platform.world('backend').slots.green.revision).toBe('bad');
    fixture.diskFull = false;
    expect((await fixture.until(controller, 'rolled-back')).last?.outcome?.reason?.code).toBe('guard-errors');
    await fixture.clock.until(() => fixture.platform.world('backend').slots.green.revision === null, 60_000);
  });

  it('is no promotion on a full disk: it is one, in rollout and record alike, once there is room', async () => {
    const controller = await serving();
    await controller.loop('backend').deploy(revision('second'), 'a test');
    await fixture.until(controller, 'baking');
    fixture.diskFull = true;
    await fixture.clock.advance(60_000);
    expect(controller.loop('backend').snapshot().record.stable?.revision).toBe('first');
    fixture.diskFull = false;
    const { record } = await fixture.until(controller, 'promoted');
    expect(record.stable?.revision).toBe('second');
  });
});
