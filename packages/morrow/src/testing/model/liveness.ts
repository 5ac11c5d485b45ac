import { hasEnded } from '../../engine/advance.ts';
import type { World } from '../world.ts';
import { keyOf } from './key.ts';
import { type Engine, type ModelState, UNIT_MS } from './model.ts';
import { type BrokenState, commanded, healing, isBroken, look, type Outcome, tell } from './moves.ts';

/** States known to lead to an end, per kind of future, so that none is followed twice. */
export type Lives = Readonly<Record<'mended' | 'dead' | 'blind', Set<number>>>;

export const noLives = (): Lives => ({ mended: new Set(), dead: new Set(), blind: new Set() });

/** What comes next, or null: as good as ended. */
type Future = (engine: Engine, state: ModelState, turn: number) => Outcome | null;

/** No future may take longer; the longest deadlines of the scenarios are some ten looks each. */
const LONGEST = 150;

/**
 * Every rollout ends: when all gets well, when nothing ever does, and when nobody can look.
 * @returns the state in which one does not, and the rule; null: all do
 */
export function judgeLiveness(
  engine: Engine,
  state: ModelState,
  lives: Lives,
): (Outcome & { broken: string }) | null {
  const start = { ...state, faults: 0 };
  const key = keyOf(start);
  return (
    follow(engine, start, key, lives.mended, mended, 'does not end though all is well') ??
    follow(engine, start, key, lives.dead, dead, 'does not end though nothing works') ??
    follow(engine, start, key, lives.blind, blind, 'does not end though nobody can look')
  );
}

function follow(
  engine: Engine,
  state: ModelState,
  startKey: number,
  known: Set<number>,
  future: Future,
  otherwise: string,
): BrokenState | null {
  if (known.has(startKey)) return null;
  const path: number[] = [];
  let current = state;
  for (let turn = 0; turn < LONGEST; turn++) {
    const key = turn === 0 ? startKey : keyOf(current);
    path.push(key);
    const done = hasEnded(current.rollout) || known.has(key);
    const next = done ? null : future(engine, current, turn);
    if (next === null) {
      // What was stuck by a deadline already past is no proof that others on the way are alive.
      if (current.rollout.phase !== 'stuck') for (const one of path) known.add(one);
      return null;
    }
    if (isBroken(next)) return next;
    current = next.state;
  }
  const { phase, waitingFor } = current.rollout;
  return { state: current, broken: `${otherwise}: ${phase}, waiting for ${waitingFor}` };
}

/** Everything gets healthy, tasks succeed, and whoever is waited for decides. */
function mended(engine: Engine, state: ModelState, turn: number): Outcome {
  const decided = decide(engine, { ...state, world: allWell(state.world) });
  if (isBroken(decided)) return decided;
  const { outcome } = look(engine, decided.state, UNIT_MS, () => true);
  // Only a deadline that had passed before all got well may still strike.
  const stuck = outcome.state.rollout.phase === 'stuck' && turn > 0;
  return stuck && !isBroken(outcome) ? { ...outcome, broken: 'stuck though all is well' } : outcome;
}

function allWell(world: World): World {
  let well = world;
  for (let turn = 0; turn < 20; turn++) {
    const [better] = healing(well);
    if (better === undefined) return well;
    well = better.world;
  }
  return well;
}

/** Everything is dead and stays so, and no effect arrives. What waits for a person has said so. */
function dead(engine: Engine, state: ModelState): Outcome | null {
  if (state.rollout.phase === 'waiting') return null;
  const { blue, green } = state.world.slots;
  const slots = { blue: { ...blue, healthy: 0 }, green: { ...green, healthy: 0 } };
  const decided = decide(engine, { ...state, world: { ...state.world, slots } });
  return isBroken(decided) ? decided : look(engine, decided.state, UNIT_MS, () => false).outcome;
}

/** Nobody can look: whom else could a rollout ask that waits for a person? */
function blind(engine: Engine, state: ModelState): Outcome | null {
  const { phase, memory } = state.rollout;
  if (phase === 'waiting' || phase === 'paused') return null;
  return tell(engine, state, 'time passes unseen', { type: 'tick', atMs: memory.lastEventMs + UNIT_MS });
}

/** A person does what a rollout waits for. */
function decide(engine: Engine, state: ModelState): Outcome {
  const { phase } = state.rollout;
  if (phase !== 'waiting' && phase !== 'paused') return { state };
  const command =
    phase === 'waiting' ? ({ type: 'promote', full: false } as const) : ({ type: 'resume' } as const);
  const [decided] = commanded(engine, state, command);
  return decided ?? { state, broken: `nobody may ${command.type} what is ${phase}` };
}
