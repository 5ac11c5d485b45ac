import { describe, expect, test } from 'vitest';
import { Story, storyAt } from '../testing/rollout-builder.ts';
import { withSlot } from '../testing/world.ts';
import { exitCodeOf } from './exit-code.ts';
import { refusal } from './refusal.ts';
import type { Command } from './types.ts';

const GATED = { steps: [{ weightPct: 10, bakeMs: 10_000, gate: true }] };
const analysis = (insufficient: 'hold' | 'promote' | 'rollback') => ({
  ...new Story().rollout.settings.analysis,
  insufficient,
});
const promote: Command = { type: 'promote', full: false };
const promoteFull: Command = { type: 'promote', full: true };
const abort: Command = { type: 'abort' };

describe('pause and resume', () => {
  test('stop the steps and let them go on', () => {
    const story = storyAt('observing').command({ type: 'pause' });
    for (let second = 0; second < 100; second++) story.observe();
    expect(story.rollout).toMatchObject({ phase: 'paused', step: 0 });
    expect(story.candidatePct).toBe(5);
    expect(story.command({ type: 'resume' }).until('promoted').phase).toBe('promoted');
  });

  test('work before any traffic: nothing is staged meanwhile', () => {
    const story = new Story().command({ type: 'pause' }).observe().observe();
    expect(story.asked).toEqual([]);
    expect(story.command({ type: 'resume' }).until('promoted').phase).toBe('promoted');
  });

  test('twice change nothing more', () => {
    const story = storyAt('observing').command({ type: 'pause' });
    const { rollout } = story;
    expect(story.command({ type: 'pause' }).rollout).toEqual(rollout);
  });
});

describe('promote', () => {
  test('ends the bake, capacity permitting', () => {
    const story = storyAt('observing').command(promote).observe();
    expect(story.candidatePct).toBe(50);
    const weak = storyAt('observing').change((world) => withSlot(world, 'green', { healthy: 1 }));
    expect(weak.command(promote).observe().rollout).toMatchObject({ phase: 'shifting', step: 1 });
    expect(weak.candidatePct).toBe(5);
  });

  test('passes a gate', () => {
    const story = storyAt('waiting', { settings: GATED });
    expect(story.rollout.reason).toMatchObject({ code: 'gate', text: 'a person has to agree after 10 %' });
    expect(exitCodeOf(story.rollout)).toBe(6);
    expect(story.command(promote).until('promoted').phase).toBe('promoted');
  });

  test('passes a gate before it is reached', () => {
    const story = storyAt('observing', { settings: GATED }).command(promote).observe();
    expect(story.candidatePct).toBe(100);
  });

  test('--full skips all further steps and bakes', () => {
    const story = storyAt('observing').command(promoteFull).observe();
    expect(story.candidatePct).toBe(100);
    expect(story.observe().phase).toBe('promoted');
  });

  test('--full, asked for at the very beginning, skips no check before traffic', () => {
    const story = new Story().command(promoteFull).observe().observe();
    expect(story.rollout).toMatchObject({ phase: 'shifting', step: 2 });
    expect(story.observe().phase).toBe('promoted');
  });

  test('resumes what is paused', () => {
    const story = storyAt('observing').command({ type: 'pause' }).command(promote).observe();
    expect(story.rollout).toMatchObject({ phase: 'shifting', step: 1 });
  });

  test('does not outrank the guard', () => {
    const story = storyAt('observing').measure({ requests: 200, errors: 50 }, { requests: 4000 });
    expect(story.command(promoteFull).observe().phase).toBe('rolling-back');
  });
});

describe('evidence that does not suffice', () => {
  test('waits for a person, who may promote', () => {
    const story = storyAt('waiting', { settings: { analysis: analysis('hold') } });
    expect(story.rollout.reason?.code).toBe('insufficient-evidence');
    expect(story.command(promote).observe().candidatePct).toBe(50);
  });

  test('waits for a person, who may abort', () => {
    const story = storyAt('waiting', { settings: { analysis: analysis('hold') } });
    expect(story.command(abort).until('rolled-back').rollout.outcome?.reason?.text).toBe('aborted by ann');
  });

  test('may still come while it waits', () => {
    const story = storyAt('waiting', { settings: { analysis: analysis('hold') } });
    story.measure({ requests: 100 }, { requests: 1900 }).observe();
    expect(story.candidatePct).toBe(50);
    expect(story.rollout.memory.withoutComparison).toBe(false);
  });

  test('at one step is no evidence for the next', () => {
    const story = storyAt('observing', { settings: { analysis: analysis('hold') } });
    story.measure({ requests: 100 }, { requests: 1900 }).until('observing', 1).until('waiting');
    expect(story.rollout.step).toBe(1);
  });

  test('does not matter at 100 % or where the analysis is off', () => {
    const settings = { steps: [], analysis: analysis('hold') };
    expect(storyAt('promoted', { settings }).rollout.outcome?.withoutComparison).toBe(true);
    const off = { ...analysis('hold'), enabled: false };
    expect(storyAt('promoted', { settings: { analysis: off } }).rollout.outcome?.withoutComparison).toBe(
      true,
    );
  });

  test('passes where that is configured, and the outcome says so', () => {
    expect(storyAt('promoted').rollout.outcome?.withoutComparison).toBe(true);
    const compared = storyAt('observing').measure({ requests: 100 }, { requests: 1900 }).until('promoted');
    expect(compared.rollout.outcome?.withoutComparison).toBe(false);
  });
});

describe('both revisions beyond a limit', () => {
  const bad = () =>
    storyAt('observing', {}, 1)
      .measure({ requests: 200, errors: 50 }, { requests: 200, errors: 50 })
      .observe();

  test('hold the rollout: what they share is broken', () => {
    const story = bad();
    expect(story.rollout).toMatchObject({ phase: 'holding', reason: { code: 'both-bad' } });
    expect(story.candidatePct).toBe(50);
    expect(story.alerts.join()).toMatch(/both revisions are bad: 25 % of the candidate's 200 requests/);
  });

  test('let it go on once that is over', () => {
    const story = bad();
    for (let minute = 0; minute < 4; minute++) {
      story.observe(60_000).measure({ requests: 5000 }, { requests: 5000 });
    }
    expect(story.observe().phase).not.toBe('holding');
    expect(story.until('promoted').phase).toBe('promoted');
  });

  test('send it back at the deadline', () => {
    expect(bad().until('rolled-back').rollout.outcome?.reason?.code).toBe('both-bad');
  });

  test('are a person’s to overrule', () => {
    expect(bad().command(promoteFull).until('promoted').phase).toBe('promoted');
  });
});

describe('abort, rollback and supersede', () => {
  test('before anything was asked for end the rollout at once', () => {
    const story = new Story().command({ type: 'supersede', by: 'backend-2' });
    expect(story.rollout.outcome).toMatchObject({
      phase: 'rolled-back',
      reason: { code: 'superseded', text: 'superseded by backend-2' },
    });
  });

  test('again, while it goes back, keep the first reason', () => {
    const story = storyAt('observing').command(abort);
    expect(refusal(story.rollout, abort)).toBeNull();
    story.command({ type: 'supersede', by: 'backend-2' }).until('rolled-back');
    expect(story.rollout.outcome?.reason?.code).toBe('aborted');
  });

  test('during the last hooks of a promotion still go back', () => {
    const notify = { name: 'tell', type: 'command', command: 'tell', timeoutMs: 60_000 } as const;
    const hooks = { beforeTraffic: [], afterPromote: [notify], afterRollback: [] };
    const story = storyAt('baking', {
      settings: { hooks },
      manners: { healthy: true, succeed: false, drain: true },
    });
    story.observe(30_000).observe();
    expect(story.rollout.waitingFor).toBe('the hook tell to end');
    expect(story.command(abort).until('rolled-back').world.weights).toEqual({ blue: 100, green: 0 });
  });
});

describe('refusal', () => {
  const contracted = () =>
    storyAt('contracting', {
      settings: { migrations: { expand: null, contract: { command: 'migrate', timeoutMs: 60_000 } } },
      manners: { healthy: true, succeed: false, drain: true },
    }).observe();
  const holding = () =>
    storyAt('observing')
      .change((world) => withSlot(world, 'blue', { healthy: 0 }))
      .observe();

  test.each<[string, () => Story, Command, RegExp | null]>([
    [
      'pause while it goes back',
      () => storyAt('observing').command(abort),
      { type: 'pause' },
      /going back to stable/,
    ],
    [
      'pause while it waits',
      () => storyAt('waiting', { settings: GATED }),
      { type: 'pause' },
      /waits for a person/,
    ],
    ['pause of a contract', contracted, { type: 'pause' }, /contract migration has begun/],
    ['resume of what runs', () => storyAt('observing'), { type: 'resume' }, /is not paused/],
    ['resume of a hold', holding, { type: 'resume' }, /holds because stable has 0 of 4 targets healthy/],
    [
      'resume at a gate',
      () => storyAt('waiting', { settings: GATED }),
      { type: 'resume' },
      /waits for `morrow promote`/,
    ],
    ['promote before traffic', () => new Story().observe(), promote, /no bake and no gate/],
    ['promote --full before traffic', () => new Story().observe(), promoteFull, null],
    ['promote while it goes back', () => storyAt('observing').command(abort), promoteFull, /going back/],
    ['promote of a hold', holding, promote, /`morrow promote --full` goes on all the same/],
    ['promote --full of a hold', holding, promoteFull, null],
    ['promote of a contract', contracted, promoteFull, /bake is over/],
    ['abort of a contract', contracted, abort, /contract migration has begun/],
    ['rollback past a contract', contracted, { type: 'rollback', force: false }, /--i-know/],
    ['rollback past a contract, insisting', contracted, { type: 'rollback', force: true }, null],
    ['supersede of a contract', contracted, { type: 'supersede', by: 'x' }, null],
    ['anything after the end', () => storyAt('promoted'), abort, /has ended already: promoted/],
  ])('of %s', (_, place, command, sentence) => {
    const { rollout } = place();
    const refused = refusal(rollout, command);
    if (sentence === null) expect(refused).toBeNull();
    else expect(refused).toMatch(sentence);
  });

  test('means that the command changes nothing', () => {
    const story = contracted();
    const { rollout } = story;
    expect(story.command(abort).rollout).toEqual(rollout);
    expect(story.effects).toEqual([]);
  });

  test('does not speak against a supersede past the contract, which only waits its turn', () => {
    const story = contracted().command({ type: 'supersede', by: 'backend-2' });
    expect(story.phase).toBe('contracting');
    const failed = { state: 'failed', text: 'no', lastLines: [] } as const;
    story.change((world) => ({ ...world, tasks: { 'backend-1/contract': failed } })).observe();
    expect(story.phase).toBe('waiting');
    expect(story.command({ type: 'supersede', by: 'backend-2' }).observe().phase).toBe('promoted');
  });
});
