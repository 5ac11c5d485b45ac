import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rolloutSettings } from '../../testing/rollout-builder.ts';
import { countsOf, type Traffic } from '../../testing/scripted-platform.ts';
import type { Weights } from '../slot.ts';
import type { Block, Verdict } from '../types.ts';
import type { AnalysisContext } from './analyzer.ts';
import { guardBoundsMs } from './bounds.ts';
import { guardAnalyzer } from './guard.ts';

const SPLIT: Weights = { blue: 50, green: 50 };
const START = 1_800_000_000_000;
const settings = { ...rolloutSettings().analysis, enabled: true };

const context = (overrides: Partial<AnalysisContext> = {}): AnalysisContext => ({
  settings,
  stable: 'blue',
  candidate: 'green',
  step: 0,
  weights: SPLIT,
  routed: true,
  ...overrides,
});

interface Seen {
  readonly candidate: Traffic | null;
  readonly stable: Traffic | null;
  /** Seconds after the start. */
  readonly at?: number;
  readonly weights?: Weights;
}

const blockOf = ({ candidate, stable, at = 1, weights = SPLIT }: Seen, seq: number): Block => ({
  seq,
  fromMs: START + (at - 1) * 1000,
  toMs: START + at * 1000,
  weights,
  boundsMs: [100, 500, 1000],
  slots: countsOf({ blue: stable, green: candidate }, [100, 500, 1000]),
});

const watch = (seen: readonly Seen[], where = context()) =>
  seen.reduce(
    (state, one, index) => guardAnalyzer.observe(state, blockOf(one, index + 1), where),
    guardAnalyzer.init(settings),
  );

const judge = (seen: readonly Seen[], where = context()): Verdict =>
  guardAnalyzer.verdict(watch(seen, where), where);

const fine: Traffic = { requests: 200 };
const failing: Traffic = { requests: 200, errors: 10 };
const slow: Traffic = { requests: 200, latencyMs: 700 };

describe('the absolute guard', () => {
  test('lets both revisions be as long as they keep the limits', () => {
    expect(judge([{ candidate: fine, stable: fine }]).decision).toBe('promote');
  });

  test('sends a candidate back that fails too often while stable does not', () => {
    expect(judge([{ candidate: failing, stable: fine }])).toEqual({
      decision: 'rollback',
      reason: {
        code: 'guard-errors',
        text: "5 % of the candidate's 200 requests in the last 5 min failed (limit 1 %); stable: 0 % of 200",
        lastLines: [],
      },
    });
  });

  test('sends a candidate back that is too slow while stable is not', () => {
    const { decision, reason } = judge([{ candidate: slow, stable: fine }]);
    expect(decision).toBe('rollback');
    expect(reason?.code).toBe('guard-latency');
    expect(reason?.text).toContain('took more than 500 ms (limit 1 %)');
  });

  /** Blocks of a candidate that answers well, and leaves so many requests waiting beyond 500 ms at the end of each. */
  const waiting = (late: readonly number[], stableLate = 0): Block[] =>
    late.map((count, index) => {
      const block = blockOf(
        { candidate: { requests: 100 }, stable: { requests: 100 }, at: index + 1 },
        index + 1,
      );
      const { blue, green } = block.slots;
      const also = (side: typeof blue, more: number) =>
        side === null ? null : { ...side, waiting: [9, 9, more, 0] };
      return { ...block, slots: { blue: also(blue, stableLate), green: also(green, count) } };
    });
  const judgeBlocks = (blocks: readonly Block[]): Verdict => {
    const init = guardAnalyzer.init(settings);
    const state = blocks.reduce((before, block) => guardAnalyzer.observe(before, block, context()), init);
    return guardAnalyzer.verdict(state, context());
  };

  test('sends a candidate back that leaves requests waiting, though all that ended were quick', () => {
    expect(judgeBlocks(waiting([0, 3])).reason?.code).toBe('guard-latency');
  });

  test('forgets those that waited once they have been answered, and counts none twice', () => {
    expect(judgeBlocks(waiting([1, 1, 1, 1])).decision).toBe('promote');
    expect(judgeBlocks(waiting([9, 0])).decision).toBe('promote');
  });

  test('holds when requests wait on both', () => {
    expect(judgeBlocks(waiting([9], 9)).reason?.code).toBe('both-bad');
  });

  test('takes exactly the limit for kept', () => {
    const atLimit = { requests: 200, errors: 2 };
    expect(judge([{ candidate: atLimit, stable: fine }]).decision).toBe('promote');
    expect(judge([{ candidate: { requests: 200, latencyMs: 500 }, stable: fine }]).decision).toBe('promote');
  });

  test('holds when both break the same limit', () => {
    const { decision, reason } = judge([{ candidate: failing, stable: failing }]);
    expect(decision).toBe('hold');
    expect(reason?.code).toBe('both-bad');
  });

  test('sends the candidate back when each breaks another limit', () => {
    expect(judge([{ candidate: failing, stable: slow }]).reason?.code).toBe('guard-errors');
  });

  test('needs a minimum of requests to say anything', () => {
    expect(judge([{ candidate: { requests: 99, errors: 99 }, stable: fine }]).decision).toBe('continue');
  });

  test('sends a bad candidate back when stable has no traffic to compare with', () => {
    expect(judge([{ candidate: failing, stable: null }]).decision).toBe('rollback');
    const alone = context({ stable: null, weights: { blue: 0, green: 100 } });
    expect(judge([{ candidate: failing, stable: null }], alone).reason?.text).toContain(
      'stable: no requests',
    );
  });

  test('forgets what is older than its window', () => {
    const good = (at: number): Seen => ({ candidate: { requests: 20 }, stable: { requests: 20 }, at });
    const later = Array.from({ length: 31 }, (_, index) => good(10 + index * 10));
    expect(judge([{ candidate: failing, stable: fine, at: 1 }, ...later.slice(0, 5)]).decision).toBe(
      'rollback',
    );
    expect(judge([{ candidate: failing, stable: fine, at: 1 }, ...later]).decision).not.toBe('rollback');
  });

  test('looks at the candidate across steps', () => {
    const half = { requests: 60, errors: 3 };
    const weights = { blue: 95, green: 5 };
    const seen = [
      { candidate: half, stable: fine, weights },
      { candidate: half, stable: fine, at: 2 },
    ];
    expect(judge(seen, context({ step: 1 })).decision).toBe('rollback');
  });

  test('does not blame the candidate for what its slot did before it had traffic', () => {
    const home = { blue: 100, green: 0 };
    const drain = { candidate: failing, stable: fine, weights: home };
    expect(judge([drain]).decision).toBe('continue');
    expect(judge([{ ...drain, weights: SPLIT }], context({ routed: false })).decision).toBe('continue');
  });

  test('blames it for requests that end after its traffic was taken back', () => {
    const seen = [
      { candidate: { requests: 10 }, stable: fine },
      { candidate: failing, stable: fine, at: 2, weights: { blue: 100, green: 0 } },
    ];
    expect(judge(seen).decision).toBe('rollback');
  });

  test('begins anew when the clock was set back by more than its window', () => {
    const seen = [
      { candidate: fine, stable: fine, at: 10_000 },
      { candidate: failing, stable: fine, at: 1 },
    ];
    expect(judge(seen).decision).toBe('rollback');
  });
});

describe('the evidence of a step', () => {
  const some = (requests: number, weights = SPLIT): Seen => ({
    candidate: { requests },
    stable: { requests },
    weights,
  });

  test('comes from blocks at the weights of the step only', () => {
    expect(judge([some(100, { blue: 95, green: 5 })]).decision).toBe('continue');
    expect(judge([some(100)]).decision).toBe('promote');
  });

  test('needs requests of both sides', () => {
    expect(judge([{ candidate: { requests: 500 }, stable: { requests: 10 } }]).decision).toBe('continue');
  });

  test('of the step before does not count', () => {
    const first = watch([some(500)]);
    expect(guardAnalyzer.verdict(first, context({ step: 1 })).decision).toBe('continue');
    const next = guardAnalyzer.observe(first, blockOf(some(50), 2), context({ step: 1 }));
    expect(guardAnalyzer.verdict(next, context({ step: 1 })).decision).toBe('continue');
  });
});

describe('blocks', () => {
  test('that were seen change nothing', () => {
    const state = watch([{ candidate: fine, stable: fine }]);
    expect(guardAnalyzer.observe(state, blockOf({ candidate: failing, stable: fine }, 1), context())).toBe(
      state,
    );
    expect(guardAnalyzer.observe(state, blockOf({ candidate: failing, stable: fine }, 0), context())).toBe(
      state,
    );
  });

  test('may come one by one or repeated after a crash: the verdict is the same', () => {
    const traffic = fc.record({ requests: fc.nat(100), errors: fc.nat(5), latencyMs: fc.nat(900) });
    const blocks = fc.array(fc.record({ candidate: traffic, stable: traffic }), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(blocks, fc.nat(30), (seen, cut) => {
        const all = seen.map((one, index) => blockOf({ ...one, at: index + 1 }, index + 1));
        const take = (state: ReturnType<typeof guardAnalyzer.init>, block: Block) =>
          guardAnalyzer.observe(state, block, context());
        const once = all.reduce(take, guardAnalyzer.init(settings));
        const interrupted = all.slice(0, cut).reduce(take, guardAnalyzer.init(settings));
        const again = all.reduce(take, JSON.parse(JSON.stringify(interrupted)));
        expect(again).toEqual(once);
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  test('leave a state whose size does not grow with the number of requests or blocks', () => {
    const size = (count: number) => {
      const seen = Array.from({ length: count }, (_, index) => ({
        candidate: fine,
        stable: fine,
        at: index + 1,
      }));
      return JSON.stringify(watch(seen)).length;
    };
    expect(size(20_000)).toBeLessThan(size(1000) * 1.1);
  });

  test('must have the bound that the guard asks for', () => {
    expect(guardBoundsMs(settings)).toEqual([500]);
  });
});
