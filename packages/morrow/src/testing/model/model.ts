import { advance } from '../../engine/advance.ts';
import type { Analyzer } from '../../engine/analysis/analyzer.ts';
import { plan } from '../../engine/plan.ts';
import type { Advanced, Event, Rollout, RolloutSettings } from '../../engine/types.ts';
import { planRequest, rolloutSettings } from '../rollout-builder.ts';
import { AT_ONCE, carryOut, EMPTY_WORLD, type Manners, serving, WHEN_TOLD, type World } from '../world.ts';

/** Time moves in steps of so many ms: coarse, so that different orders of events meet in the same state. */
export const UNIT_MS = 10_000;

/** What the world's measurements say from now on. */
export type Mood = 'thin' | 'good' | 'bad' | 'both-bad';

/** What the model remembers on its own, to judge the engine by; the engine never sees it. */
export interface Ghost {
  /** The candidate's weight at the last look, and for how long looks have shown it while the rollout steered it, ms. */
  readonly shownPct: number;
  readonly heldMs: number;
  /** Whether a person has cut the present step's bake short, or all that is to come. */
  readonly hurried: 'no' | 'step' | 'full';
  /** Whether stable was seen too weak for its traffic since the present step began. */
  readonly stableWasWeak: boolean;
  /** Whether a person insisted on going back past the contract. */
  readonly forced: boolean;
}

/** One state of everything: the journaled rollout, the platform, and how many disturbances may still come. */
export interface ModelState {
  readonly rollout: Rollout;
  readonly world: World;
  readonly mood: Mood;
  readonly faults: number;
  readonly ghost: Ghost;
  /** How it came about, newest first. */
  readonly trace: Trace | null;
}

export interface Trace {
  readonly move: string;
  readonly before: Trace | null;
}

/** The engine under test: `advance`, or something made from it that breaks a rule. */
export type Engine = (rollout: Rollout, event: Event) => Advanced;

/** An analyzer that says what the blocks tell it to: a block's errors spell the verdict. */
const scriptedAnalyzer: Analyzer<{ readonly mood: Mood; readonly step: number }> = {
  init: () => ({ mood: 'thin', step: -1 }),
  observe(state, block, { step, candidate, stable }) {
    const bad = (block.slots[candidate]?.errors ?? 0) > 0;
    const stableBad = stable !== null && (block.slots[stable]?.errors ?? 0) > 0;
    if (block.slots[candidate] === null) return { ...state, mood: 'thin' };
    return { mood: bad ? (stableBad ? 'both-bad' : 'bad') : 'good', step };
  },
  verdict({ mood, step }, context) {
    if (mood === 'bad')
      return { decision: 'rollback', reason: { code: 'guard-errors', text: 'bad', lastLines: [] } };
    if (mood === 'both-bad')
      return { decision: 'hold', reason: { code: 'both-bad', text: 'both bad', lastLines: [] } };
    return { decision: mood === 'good' && step === context.step ? 'promote' : 'continue', reason: null };
  },
};

/** The engine as it is, with the scripted analyzer. */
export const soundEngine: Engine = (rollout, event) => advance(rollout, event, scriptedAnalyzer);

/** A kind of rollout to explore. */
export interface Scenario {
  readonly name: string;
  readonly settings: Partial<RolloutSettings>;
  readonly firstDeploy: boolean;
  /** Stable's full count, where it is not the candidate's. */
  readonly stableCount?: number;
  /** Whether the candidate's slot still holds an older revision, warm. */
  readonly leftover?: boolean;
  /** Disturbances per history. */
  readonly faults: number;
}

const task = { command: 'migrate', timeoutMs: UNIT_MS };
const smoke = {
  name: 'home',
  method: 'GET',
  path: '/',
  headers: {},
  body: null,
  expect: { status: [], bodyIncludes: null, withinMs: UNIT_MS },
};
const hook = { name: 'hook', type: 'command', command: 'true', timeoutMs: UNIT_MS } as const;

const BASE: Partial<RolloutSettings> = {
  count: 2,
  steps: [
    { weightPct: 10, bakeMs: UNIT_MS, gate: false },
    { weightPct: 60, bakeMs: UNIT_MS, gate: false },
    { weightPct: 100, bakeMs: 0, gate: false },
  ],
  finalBakeMs: 2 * UNIT_MS,
  progressDeadlineMs: 8 * UNIT_MS,
  capacityGraceMs: UNIT_MS,
  maxExits: 1,
  smoke: [smoke],
  analysis: { ...rolloutSettings().analysis, insufficient: 'hold' },
};

/** Together they use every phase, setting and kind of end. */
export const SCENARIOS: readonly Scenario[] = [
  { name: 'canary, holds without evidence', settings: BASE, firstDeploy: false, faults: 2 },
  {
    name: 'canary with gate and a hook after a return, holds for drift',
    settings: {
      ...BASE,
      steps: [
        { weightPct: 50, bakeMs: 0, gate: true },
        { weightPct: 100, bakeMs: UNIT_MS, gate: false },
      ],
      onDrift: 'hold',
      hooks: { beforeTraffic: [], afterPromote: [], afterRollback: [hook] },
      analysis: { ...rolloutSettings().analysis, insufficient: 'rollback' },
    },
    firstDeploy: false,
    stableCount: 1,
    leftover: true,
    faults: 2,
  },
  {
    name: 'blue-green with expand and a hook',
    settings: {
      ...BASE,
      steps: [{ weightPct: 100, bakeMs: UNIT_MS, gate: false }],
      finalBakeMs: UNIT_MS,
      migrations: { expand: task, contract: null },
      hooks: { beforeTraffic: [hook], afterPromote: [], afterRollback: [] },
    },
    firstDeploy: false,
    faults: 2,
  },
  {
    name: 'blue-green with contract and a hook after it',
    settings: {
      ...BASE,
      steps: [{ weightPct: 100, bakeMs: 0, gate: false }],
      finalBakeMs: UNIT_MS,
      smoke: [],
      migrations: { expand: null, contract: task },
      hooks: { beforeTraffic: [], afterPromote: [hook], afterRollback: [] },
    },
    firstDeploy: false,
    faults: 2,
  },
  { name: 'first deploy', settings: BASE, firstDeploy: true, faults: 3 },
];

/** Where a scenario begins: stable serves everything, the rollout is planned. */
export function beginning({ settings, firstDeploy, faults, stableCount, leftover }: Scenario): ModelState {
  const full = rolloutSettings(settings);
  const count = stableCount ?? full.count;
  const request = planRequest({
    settings: full,
    stableCount: count,
    ...(firstDeploy ? { stable: null } : {}),
  });
  const rollout = plan(request, scriptedAnalyzer);
  const world = request.stable === null ? EMPTY_WORLD : serving(request.stable, count);
  const older = {
    type: 'stage',
    slot: rollout.candidate.slot,
    revision: 'older',
    count: full.count,
  } as const;
  return {
    rollout,
    world: leftover === true ? carryOut(world, older, AT_ONCE) : world,
    mood: 'thin',
    faults,
    ghost: { shownPct: 0, heldMs: 0, hurried: 'no', stableWasWeak: false, forced: false },
    trace: null,
  };
}

/** In the model nothing becomes healthy, succeeds or drains but by a move of its own. */
export const MODEL_MANNERS: Manners = WHEN_TOLD;

/** The history of a state, oldest first. */
export function historyOf(state: ModelState): readonly string[] {
  const moves: string[] = [];
  for (let trace = state.trace; trace !== null; trace = trace.before) moves.push(trace.move);
  return moves.reverse();
}
