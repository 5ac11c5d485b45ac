import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MorrowError } from '../errors.ts';
import { ControllerFixture, revision } from '../testing/controller-fixture.ts';
import type { Controller } from './controller.ts';

let fixture: ControllerFixture;
let controller: Controller;

const loop = () => controller.loop('backend');

beforeEach(async () => {
  fixture = new ControllerFixture();
  controller = await fixture.start();
  const first = revision('first');
  await controller.loopFor(first).deploy(first, 'a test');
  await fixture.until(controller, 'promoted');
});

afterEach(() => fixture.remove());

const code = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: MorrowError) => error.code,
  );

describe('a deploy', () => {
  it('of what serves already starts no rollout, and puts changed settings in force', async () => {
    const { settings } = revision('first');
    const listen = { ...settings.listen, port: 9 };
    const changed = revision('first', { count: 6 }, { listen });
    expect(await loop().deploy(changed, 'a test')).toMatchObject({ decision: 'unchanged', rolloutId: null });
    expect(fixture.platform.world('backend').slots.blue.wanted).toBe(6);
    expect((await fixture.store.revision('first'))?.settings.listen.port).toBe(9);
    expect(loop().snapshot().rollout).toBeNull();
  });

  it('of what is under way already follows it', async () => {
    const one = await loop().deploy(revision('second'), 'one');
    const two = await loop().deploy(revision('second'), 'two');
    expect(two).toMatchObject({ decision: 'join', rolloutId: one.rolloutId });
  });

  it('meanwhile supersedes: the one under way goes back, then the new one begins', async () => {
    const one = await loop().deploy(revision('second'), 'one');
    await fixture.until(controller, 'observing');
    const two = await loop().deploy(revision('third'), 'two');
    expect(two.decision).toBe('queue');
    await fixture.clock.until(() => loop().snapshot().record.stable?.revision === 'third', 600_000);
    const ended = await fixture.store.rollout(one.rolloutId ?? '');
    expect(ended?.outcome).toMatchObject({ phase: 'rolled-back', reason: { code: 'superseded' } });
    expect(loop().snapshot().last?.id).toBe(two.rolloutId);
  });

  it('may be made to wait for the one under way', async () => {
    await loop().deploy(revision('second'), 'one');
    await fixture.until(controller, 'observing');
    await loop().deploy(revision('third', {}, { onBusy: 'queue' }), 'two');
    await fixture.clock.until(() => loop().snapshot().record.stable?.revision === 'third', 600_000);
    expect(loop().snapshot().record.previous).toEqual(['second', 'first']);
  });

  it('may be refused meanwhile', async () => {
    await loop().deploy(revision('second'), 'one');
    expect(await code(loop().deploy(revision('third', {}, { onBusy: 'refuse' }), 'two'))).toBe(
      'ROLLOUT_BUSY',
    );
  });

  it('that takes the place of one that waits ends that one superseded', async () => {
    await loop().deploy(revision('second'), 'one');
    await fixture.until(controller, 'observing');
    const two = await loop().deploy(revision('third', {}, { onBusy: 'queue' }), 'two');
    await loop().deploy(revision('fourth', {}, { onBusy: 'queue' }), 'three');
    expect((await fixture.store.rollout(two.rolloutId ?? ''))?.outcome).toMatchObject({
      reason: { code: 'superseded' },
    });
    await fixture.clock.until(() => loop().snapshot().record.stable?.revision === 'fourth', 600_000);
  });

  it('that waits survives the controller', async () => {
    await loop().deploy(revision('second'), 'one');
    await loop().deploy(revision('third'), 'two');
    await fixture.kill();
    controller = await fixture.start();
    await fixture.clock.until(() => loop().snapshot().record.stable?.revision === 'third', 600_000);
  });

  it('twice at the same moment has one rollout each way', async () => {
    const [one, two] = await Promise.all([
      loop().deploy(revision('second'), 'one'),
      loop().deploy(revision('third'), 'two'),
    ]);
    expect([one.decision, two.decision]).toEqual(['start', 'queue']);
  });

  it('asked for as a dry run starts nothing', async () => {
    const { decision, rollout } = await loop().dryRun(revision('second'));
    expect(decision.type).toBe('start');
    expect(rollout.settings.steps.map((step) => step.weightPct)).toEqual([5, 50, 100]);
    expect(loop().snapshot().rollout).toBeNull();
  });
});

describe('going back', () => {
  it('while a rollout is under way returns to stable', async () => {
    await loop().deploy(revision('second'), 'one');
    await fixture.until(controller, 'observing');
    expect(await loop().rollback(null, false, 'a test')).toMatchObject({ decision: 'command' });
    expect((await fixture.until(controller, 'rolled-back')).last?.outcome?.reason?.code).toBe(
      'rollback-requested',
    );
  });

  it('after a promotion is a rollout to the revision before, in one step', async () => {
    await loop().deploy(revision('second'), 'one');
    await fixture.until(controller, 'promoted');
    await loop().rollback(null, false, 'a test');
    await fixture.clock.until(() => loop().snapshot().record.stable?.revision === 'first', 60_000);
    expect(loop().snapshot().last?.settings.steps).toHaveLength(1);
  });

  it('finds a revision by the beginning of its id, and says when there is none', async () => {
    await loop().deploy(revision('second'), 'one');
    await fixture.until(controller, 'promoted');
    expect(await code(loop().rollback('nonsense', false, 'a test'))).toBe('UNKNOWN_REVISION');
    await loop().rollback('fir', false, 'a test');
    await fixture.clock.until(() => loop().snapshot().record.stable?.revision === 'first', 60_000);
  });

  it('with nothing to go back to says so', async () => {
    expect(await code(loop().rollback(null, false, 'a test'))).toBe('NOTHING_TO_ROLL_BACK_TO');
  });

  it('past a contract migration is refused without force', async () => {
    const contract = { command: 'drop the column', timeoutMs: 1000 };
    await loop().deploy(revision('second', { migrations: { expand: null, contract } }), 'one');
    expect((await fixture.until(controller, 'promoted')).last?.phase).toBe('promoted');
    expect(await code(loop().rollback(null, false, 'a test'))).toBe('COMMAND_REFUSED');
    expect((await loop().rollback(null, true, 'a test')).decision).toBe('start');
  });
});

describe('a command', () => {
  it('without a rollout says so', async () => {
    expect(await code(loop().command({ type: 'abort' }, 'a test'))).toBe('NO_ROLLOUT');
  });

  it('abort during a promotion wins only while there is something to abort', async () => {
    await loop().deploy(revision('second'), 'one');
    await fixture.until(controller, 'observing');
    await loop().command({ type: 'promote', full: true }, 'a test');
    await loop().command({ type: 'abort' }, 'a test');
    expect((await fixture.until(controller, 'rolled-back')).last?.outcome?.reason?.code).toBe('aborted');
    expect(await code(loop().command({ type: 'abort' }, 'a test'))).toBe('NO_ROLLOUT');
  });
});

describe('a restart', () => {
  it('rolls out the same artifact under an id of its own', async () => {
    await loop().restart('a test');
    const { last, record } = await fixture.until(controller, 'promoted');
    expect(last?.phase).toBe('promoted');
    expect(record.stable?.revision).not.toBe('first');
    expect((await fixture.store.revision(record.stable?.revision ?? ''))?.artifact).toBe('sha256:first');
  });

  it('after a rollback takes the configured steps again', async () => {
    await loop().deploy(revision('second'), 'one');
    await fixture.until(controller, 'promoted');
    await loop().rollback(null, false, 'a test');
    await fixture.clock.until(() => loop().snapshot().record.stable?.revision === 'first', 60_000);
    await loop().restart('a test');
    expect(loop().snapshot().rollout?.settings.steps).toHaveLength(3);
  });

  it('is refused while a rollout is under way', async () => {
    await loop().deploy(revision('second'), 'one');
    expect(await code(loop().restart('a test'))).toBe('ROLLOUT_BUSY');
  });
});
