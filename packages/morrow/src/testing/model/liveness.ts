import { hasEnded } from '../../engine/advance.ts';
import type { World } from '../world.ts';
import type { Broken } from './invariants.ts';
import { keyOf } from './key.ts';
import type { Engine, ModelState } from './model.ts';
import { UNIT_MS } from './model.ts';
import { commanded, healing, look, tell } from './moves.ts';

/** States known to lead to an end, per kind of future, so that none is followed twice. */
export interface Lives {
  readonly mended: Set<number>;
  readonly dead: Set<number>;
  readonly blind: Set<number>;
}

/** The next state, a broken rule, or null: as good as ended. */
type Future = (engine: Engine, state: ModelState) => ModelState | string | null;

/** No future may take longer; the longest deadlines of the scenarios are some ten looks each. */
const LONGEST = 150;

/** Every rollout ends: when all gets well, when nothing ever does, and when nobody can look. */
export function judgeLiveness(engine: Engine, state: ModelState, lives: Lives): Broken {
  return (
    follow(engine, state, lives.mended, mended, 'does not end though all is well') ??
    follow(engine, state, lives.dead, dead, 'does not end though nothing works') ??
    follow(engine, state, lives.blind, blind, 'does not end though nobody can look')
  );
}

function follow(
  engine: Engine,
  state: ModelState,
  known: Set<number>,
  future: Future,
  otherwise: string,
): Broken {
  const path: number[] = [];
  let current = { ...state, faults: 0 };
  for (let turn = 0; turn < LONGEST; turn++) {
    const key = keyOf(current);
    path.push(key);
    const done = hasEnded(current.rollout) || known.has(key);
    const next = done ? null : future(engine, current);
    if (typeof next === 'string') return next;
    if (next === null) {
      for (const one of path) known.add(one);
      return null;
    }
    current = next;
  }
  const { phase, waitingFor } = current.rollout;
  return `${otherwise}: ${phase}, waiting for ${waitingFor}`;
}

/** Everything gets healthy, tasks succeed, evidence comes, and whoever is waited for decides. */
function mended(engine: Engine, state: ModelState): ModelState | string {
  const decided = decide(engine, { ...state, world: allWell(state.world) });
  if (typeof decided === 'string') return decided;
  const { outcome } = look(engine, decided, UNIT_MS, () => true);
  return 'broken' in outcome ? outcome.broken : outcome.state;
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
function dead(engine: Engine, state: ModelState): ModelState | string | null {
  if (state.rollout.phase === 'waiting') return null;
  const { blue, green } = state.world.slots;
  const slots = { blue: { ...blue, healthy: 0 }, green: { ...green, healthy: 0 } };
  const decided = decide(engine, { ...state, world: { ...state.world, slots } });
  if (typeof decided === 'string') return decided;
  const { outcome } = look(engine, decided, UNIT_MS, () => false);
  return 'broken' in outcome ? outcome.broken : outcome.state;
}

/** Nobody can look: a rollout that waits for a person has said so, whom else could it ask? */
function blind(engine: Engine, state: ModelState): ModelState | string | null {
  const { phase, memory } = state.rollout;
  if (phase === 'waiting' || phase === 'paused') return null;
  const told = tell(engine, state, 'time passes unseen', {
    type: 'tick',
    atMs: memory.lastEventMs + UNIT_MS,
  });
  return 'broken' in told ? told.broken : told.state;
}

/** A person does what a rollout waits for. */
function decide(engine: Engine, state: ModelState): ModelState | string {
  const { phase } = state.rollout;
  if (phase !== 'waiting' && phase !== 'paused') return state;
  const command =
    phase === 'waiting' ? ({ type: 'promote', full: false } as const) : ({ type: 'resume' } as const);
  for (const outcome of commanded(engine, state, command)) {
    return 'broken' in outcome ? outcome.broken : outcome.state;
  }
  return `nobody may ${command.type} what is ${phase}`;
}
