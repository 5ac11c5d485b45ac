import { describe, expect, test } from 'vitest';
import { planRequest, rolloutSettings } from '../testing/rollout-builder.ts';
import { describePlan } from './describe-plan.ts';
import { plan } from './plan.ts';

const step = (weightPct: number, bakeMs = 0, gate = false) => ({ weightPct, bakeMs, gate });

describe('plan', () => {
  test('puts the candidate into the slot that stable does not hold', () => {
    expect(plan(planRequest()).candidate).toEqual({ slot: 'green', revision: 'new' });
    const green = plan(planRequest({ stable: { slot: 'green', revision: 'old' } }));
    expect(green.candidate.slot).toBe('blue');
    expect(plan(planRequest({ stable: null })).candidate.slot).toBe('blue');
  });

  test('ends at 100 % whatever the steps say', () => {
    const { settings } = plan(planRequest({ settings: rolloutSettings({ steps: [step(5), step(95)] }) }));
    expect(settings.steps).toEqual([step(5), step(95), step(100)]);
    expect(plan(planRequest({ settings: rolloutSettings({ steps: [] }) })).settings.steps).toEqual([
      step(100),
    ]);
  });

  test('leaves a blue-green rollout its only step', () => {
    const steps = [step(100, 1000, true)];
    expect(plan(planRequest({ settings: rolloutSettings({ steps }) })).settings.steps).toEqual(steps);
  });

  test('takes a first deploy to 100 % at once: there is nothing to compare with', () => {
    const { settings } = plan(planRequest({ stable: null }));
    expect(settings.steps).toEqual([step(100)]);
    expect(settings.finalBakeMs).toBe(rolloutSettings().finalBakeMs);
  });

  test.each([[[step(50), step(50)]], [[step(50), step(5)]], [[step(0)]], [[step(101)]], [[step(5.5)]]])(
    'refuses steps that do not rise in whole per cents: %j',
    (steps) => {
      expect(() => plan(planRequest({ settings: rolloutSettings({ steps }) }))).toThrow(
        /whole per cents that rise/,
      );
    },
  );

  test('refuses a service without targets, and kinds that come later', () => {
    expect(() => plan(planRequest({ settings: rolloutSettings({ count: 0 }) }))).toThrow(
      /at least one target/,
    );
    expect(() => plan(planRequest({ settings: rolloutSettings({ kind: 'worker' }) }))).toThrow(
      /only http services/,
    );
  });
});

describe('describePlan', () => {
  test('describes the very object that the rollout starts from', () => {
    const rollout = plan(planRequest());
    expect(describePlan(rollout).rollout).toBe(rollout);
  });

  test('says what each step weighs, needs and compares', () => {
    const { steps, leastMs } = describePlan(plan(planRequest()));
    expect(steps.map(({ weights, needs, compared }) => ({ weights, needs, compared }))).toEqual([
      { weights: { blue: 95, green: 5 }, needs: { candidate: 1, stable: 4 }, compared: true },
      { weights: { blue: 50, green: 50 }, needs: { candidate: 2, stable: 2 }, compared: true },
      { weights: { blue: 0, green: 100 }, needs: { candidate: 4, stable: 0 }, compared: false },
    ]);
    expect(leastMs).toBe(40_000);
  });

  test('names smoke tests, hooks, migrations and gates in the order in which they come', () => {
    const check = {
      name: 'home',
      method: 'GET',
      path: '/',
      headers: {},
      body: null,
      expect: { status: [], bodyIncludes: null, withinMs: 1000 },
    };
    const hook = (name: string) => ({ name, type: 'command', command: 'true', timeoutMs: 1000 }) as const;
    const settings = rolloutSettings({
      smoke: [check],
      steps: [step(10, 60_000, true), step(100)],
      hooks: { beforeTraffic: [hook('warm')], afterPromote: [hook('tell')], afterRollback: [] },
      migrations: {
        expand: { command: 'npm run expand', timeoutMs: 1 },
        contract: { command: 'npm run contract', timeoutMs: 1 },
      },
    });
    expect(describePlan(plan(planRequest({ settings }))).lines).toEqual([
      'revision old in slot blue serves all traffic and stays warm',
      'start revision new in slot green with 4 targets, wait until all are healthy',
      'smoke tests through the preview route: home',
      'hook warm, before any traffic',
      'expand migration: npm run expand',
      '10 % to the candidate (needs 1 + 4 healthy targets), bake 1 min, evidence wanted (without it: promote), then a person has to agree',
      '100 % to the candidate (needs 4 healthy targets)',
      'final bake 20 s, stable kept warm',
      'end the old revision, then contract migration: npm run contract',
      'hook tell, after promotion',
      'promoted',
      'note: once the contract migration has begun there is no way back',
    ]);
  });

  test('warns of a promotion without comparison', () => {
    const settings = rolloutSettings({ steps: [step(100)] });
    expect(describePlan(plan(planRequest({ settings }))).warnings).toEqual([
      'note: promoted without comparison: no step has traffic on both revisions',
    ]);
    expect(describePlan(plan(planRequest({ stable: null }))).warnings).toEqual([]);
  });
});
