import { hasEnded } from '../../engine/advance.ts';
import { refusal } from '../../engine/refusal.ts';
import { otherSlot, SLOTS, type Slot, sameWeights, type Weights, weightsOf } from '../../engine/slot.ts';
import type { Block, Command, Effect, Event, Rollout, TaskView } from '../../engine/types.ts';
import { carryOut, drained, type World, withExit, withFailsafe, withSlot } from '../world.ts';
import { type Broken, judgeDecision, judgeEffect } from './invariants.ts';
import { type Engine, type Ghost, MODEL_MANNERS, type ModelState, type Mood, UNIT_MS } from './model.ts';

/** Where a move leads, or the rule that it breaks. */
export type Outcome = { readonly state: ModelState } | BrokenState;

/** A state in which a rule is broken, and the rule in one sentence. */
export interface BrokenState {
  readonly state: ModelState;
  readonly broken: string;
}

export const isBroken = (outcome: Outcome): outcome is BrokenState => 'broken' in outcome;

/** Everything that can happen next. */
export function* movesOf(engine: Engine, state: ModelState): Generator<Outcome> {
  if (hasEnded(state.rollout)) {
    if (!isFinal(engine, state)) yield { state, broken: `${state.rollout.phase} is not the end` };
    return;
  }
  yield* looks(engine, state);
  yield* betterWorlds(state);
  yield* measurement(engine, state, 'good');
  if (state.faults === 0) return;
  const less = { ...state, faults: state.faults - 1 };
  for (const { name, to } of worseWorlds(less)) yield { state: step(less, name, to) };
  yield* measurement(engine, less, 'bad');
  yield* measurement(engine, less, 'both-bad');
  for (const command of COMMANDS) yield* commanded(engine, less, command);
  yield tell(engine, less, 'time passes unseen', { type: 'tick', atMs: nowOf(state) + UNIT_MS });
}

/** Nothing changes what has ended. */
function isFinal(engine: Engine, { rollout, world }: ModelState): boolean {
  const { slots, weights, probes, tasks, failsafe } = world;
  const atMs = rollout.memory.lastEventMs + UNIT_MS;
  const events: readonly Event[] = [
    { type: 'observed', atMs, observation: { slots, weights, probes, tasks, failsafe } },
    { type: 'tick', atMs },
    ...COMMANDS.map((command) => ({ type: 'command', atMs, command, by: 'ann' }) as const),
  ];
  return events.every((event) => {
    const advanced = engine(rollout, event);
    return advanced.rollout === rollout && advanced.effects.length === 0;
  });
}

const nowOf = ({ rollout }: ModelState): number => rollout.memory.lastEventMs;

const step = (state: ModelState, move: string, changes: Partial<ModelState>): ModelState => ({
  ...state,
  ...changes,
  trace: { move, before: state.trace },
});

/**
 * The controller looks and carries out what follows. Costs nothing when all of it is done; it may also die after (and
 * so before) any effect, or one effect may be lost.
 */
function* looks(engine: Engine, state: ModelState): Generator<Outcome> {
  const whole = look(engine, state, UNIT_MS, () => true);
  yield whole.outcome;
  if (state.faults === 0) return;
  const less = { ...state, faults: state.faults - 1 };
  const count = whole.effects.length;
  for (let done = 0; done < count; done++) {
    yield look(
      engine,
      less,
      UNIT_MS,
      (index) => index < done,
      `looks, dies after ${done} of ${count} effects`,
    ).outcome;
    if (done < count - 1) {
      yield look(
        engine,
        less,
        UNIT_MS,
        (index) => index !== done,
        `looks, loses effect ${done + 1} of ${count}`,
      ).outcome;
    }
  }
}

/** One observation and the effects of it for which `carried` holds, each judged, and each done twice. */
export function look(
  engine: Engine,
  state: ModelState,
  ms: number,
  carried: (index: number) => boolean,
  name = 'looks',
): { readonly outcome: Outcome; readonly effects: readonly Effect[] } {
  const { slots, weights, probes, tasks, failsafe } = state.world;
  const event: Event = {
    type: 'observed',
    atMs: nowOf(state) + ms,
    observation: { slots, weights, probes, tasks, failsafe },
  };
  const advanced = engine(state.rollout, event);
  const asked = advanced.effects.filter(({ type }) => type !== 'alert' && type !== 'ensure');
  const ghost = ghostAfter(state, advanced.rollout, ms, true);
  const next = step(state, name, { rollout: advanced.rollout, ghost });
  const broken = judgeDecision(judgedBy(state, ghost), advanced.rollout, asked, true);
  if (broken !== null) return { outcome: { broken, state: next }, effects: asked };
  let { world } = state;
  for (const [index, effect] of asked.entries()) {
    if (!carried(index)) continue;
    const done = perform(effect, world, advanced.rollout);
    if (typeof done === 'string') return { outcome: { broken: done, state: next }, effects: asked };
    world = done;
  }
  return { outcome: { state: { ...next, world } }, effects: asked };
}

function perform(effect: Effect, world: World, rollout: Rollout): World | string {
  const broken: Broken = judgeEffect(effect, world, rollout);
  if (broken !== null) return broken;
  const once = carryOut(world, effect, MODEL_MANNERS);
  const twice = carryOut(once, effect, MODEL_MANNERS);
  return JSON.stringify(once) === JSON.stringify(twice) ? once : `${effect.type} is not idempotent`;
}

/** Time beyond it between two looks was seen by nobody. */
const UNSEEN_MS = 120_000;

/** What the model remembers of the time that has passed. */
function ghostAfter({ rollout, world, ghost }: ModelState, after: Rollout, ms: number, seen: boolean): Ghost {
  const steered = rollout.phase === 'observing' || rollout.phase === 'baking';
  const shownPct = seen ? (world.weights?.[rollout.candidate.slot] ?? 0) : ghost.shownPct;
  const further = after.step !== rollout.step;
  const countedMs = steered ? Math.min(Math.max(ms, 0), UNSEEN_MS) : 0;
  return {
    ...ghost,
    shownPct,
    heldMs: shownPct === ghost.shownPct ? ghost.heldMs + countedMs : 0,
    hurried: further && ghost.hurried === 'step' ? 'no' : ghost.hurried,
    stableWasWeak: stableIsWeak(rollout, world) || (ghost.stableWasWeak && !further),
  };
}

function stableIsWeak({ stable, stableCount, settings }: Rollout, { slots }: World): boolean {
  if (stable === null) return false;
  const view = slots[stable.slot];
  return view.draining || view.revision !== stable.revision || view.healthy < (stableCount ?? settings.count);
}

/** The memory by which a decision is judged: the time includes the present look, the rest was so before it. */
const judgedBy = (state: ModelState, after: Ghost): ModelState => ({
  ...state,
  ghost: {
    ...after,
    hurried: state.ghost.hurried,
    stableWasWeak: state.ghost.stableWasWeak || stableIsWeak(state.rollout, state.world),
  },
});

function* betterWorlds(state: ModelState): Generator<Outcome> {
  for (const { name, world } of healing(state.world)) yield { state: step(state, name, { world }) };
}

/** What gets better by itself: targets start, tasks succeed, drains end. */
export function* healing(world: World): Generator<{ readonly name: string; readonly world: World }> {
  for (const slot of SLOTS) {
    const view = world.slots[slot];
    if (view.draining) yield { name: `${slot} is drained`, world: drained(world, slot) };
    else if (view.healthy < view.wanted && view.problem === null) {
      yield { name: `${slot} gets healthier`, world: withSlot(world, slot, { healthy: view.healthy + 1 }) };
    }
  }
  yield* finished(world, { state: 'succeeded' });
}

function* finished(
  world: World,
  view: TaskView,
): Generator<{ readonly name: string; readonly world: World }> {
  for (const part of ['probes', 'tasks'] as const) {
    for (const [key, task] of Object.entries(world[part])) {
      if (task.state !== 'running') continue;
      yield { name: `${key} ${view.state}`, world: { ...world, [part]: { ...world[part], [key]: view } } };
    }
  }
}

interface Disturbance {
  readonly name: string;
  readonly to: Partial<ModelState>;
}

/** What a bad day or somebody's hand does. */
function* worseWorlds(state: ModelState): Generator<Disturbance> {
  const { world, rollout } = state;
  for (const slot of SLOTS) yield* ailments(world, slot);
  const { slot } = rollout.candidate;
  if (world.slots[slot].revision === rollout.candidate.revision) {
    yield { name: 'the candidate crashes', to: { world: withExit(world, slot, 'exit code 1') } };
    const problem = { text: 'image not found', lastLines: [] };
    if (world.slots[slot].problem === null)
      yield { name: 'staging fails', to: { world: withSlot(world, slot, { problem }) } };
  }
  for (const failed of finished(world, { state: 'failed', text: 'no', lastLines: [] })) {
    yield { name: failed.name, to: { world: failed.world } };
  }
  for (const weights of handsOf(slot)) {
    if (sameWeights(weights, world.weights)) continue;
    yield { name: `a hand sets ${JSON.stringify(weights)}`, to: { world: { ...world, weights } } };
  }
  const taken = withFailsafe(world);
  if (taken !== world) yield { name: 'the edge takes the traffic back', to: { world: taken } };
}

const handsOf = (candidate: Slot): readonly (Weights | null)[] => [
  weightsOf(candidate, 100),
  weightsOf(candidate, 30),
  weightsOf(candidate, 0),
];

function* ailments(world: World, slot: Slot): Generator<Disturbance> {
  const view = world.slots[slot];
  if (view.revision === null) return;
  if (view.healthy > 0) yield { name: `${slot} dies`, to: { world: withSlot(world, slot, { healthy: 0 }) } };
  if (view.healthy > 1)
    yield { name: `${slot} weakens`, to: { world: withSlot(world, slot, { healthy: view.healthy - 1 }) } };
  yield { name: `a hand empties ${slot}`, to: { world: drained(world, slot) } };
}

/** Measurements come in that say so; of a candidate without traffic there are none. */
function* measurement(engine: Engine, state: ModelState, mood: Mood): Generator<Outcome> {
  const { rollout, world } = state;
  const { candidate } = rollout;
  if (world.weights === null || world.weights[candidate.slot] === 0) return;
  const told = rollout.verdict?.decision ?? 'continue';
  if (told === { good: 'promote', bad: 'rollback', 'both-bad': 'hold', thin: 'continue' }[mood]) return;
  yield tell(engine, { ...state, mood }, `measured: ${mood}`, {
    type: 'measured',
    atMs: nowOf(state),
    blocks: [blockOf(mood, candidate.slot, world.weights, nowOf(state))],
  });
}

function blockOf(mood: Mood, candidate: Slot, weights: Weights, atMs: number): Block {
  const counts = (bad: boolean) => ({ requests: 100, errors: bad ? 100 : 0, latency: [100, 0] });
  const slots = { blue: counts(false), green: counts(false) };
  slots[candidate] = counts(mood !== 'good');
  slots[otherSlot(candidate)] = counts(mood === 'both-bad');
  return { seq: 0, fromMs: atMs - 1000, toMs: atMs, weights, boundsMs: [500], slots };
}

export const COMMANDS: readonly Command[] = [
  { type: 'pause' },
  { type: 'resume' },
  { type: 'promote', full: false },
  { type: 'promote', full: true },
  { type: 'abort' },
  { type: 'rollback', force: true },
  { type: 'supersede', by: 'backend-2' },
];

/** A person's word; one that is refused must change nothing. */
export function* commanded(engine: Engine, state: ModelState, command: Command): Generator<Outcome> {
  const { rollout, ghost } = state;
  const event: Event = { type: 'command', atMs: nowOf(state), command, by: 'ann' };
  if (refusal(rollout, command) !== null) {
    if (engine(rollout, event).rollout === rollout) return;
    yield { state, broken: `a refused ${command.type} changes something` };
    return;
  }
  const hurried = command.type === 'promote' ? (command.full ? 'full' : 'step') : ghost.hurried;
  const forced = ghost.forced || (command.type === 'rollback' && command.force);
  const name = `${command.type}${command.type === 'promote' && command.full ? ' --full' : ''}`;
  const strongest = ghost.hurried === 'full' ? 'full' : hurried;
  const told = tell(engine, { ...state, ghost: { ...ghost, hurried: strongest, forced } }, name, event);
  const away = command.type !== 'abort' && command.type !== 'rollback' && command.type !== 'supersede';
  const { phase, contracted, outcome } = told.state.rollout;
  const ignored = !away && !contracted && phase !== 'rolling-back' && outcome === null;
  yield ignored ? { state: told.state, broken: `${name} is ignored` } : told;
}

/** Gives the engine an event that is no observation; it must ask for nothing but alerts. */
export function tell(engine: Engine, state: ModelState, name: string, event: Event): Outcome {
  const { rollout, effects } = engine(state.rollout, event);
  const ghost = ghostAfter(state, rollout, event.atMs - nowOf(state), false);
  const next = step(state, name, { rollout, ghost });
  if (effects.some(({ type }) => type !== 'alert'))
    return { state: next, broken: `effects without an observation after ${name}` };
  const broken = judgeDecision(state, rollout, [], false);
  return broken === null ? { state: next } : { state: next, broken };
}
