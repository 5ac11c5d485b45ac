import { judgeLiveness, noLives } from './liveness.ts';
import { beginning, type Engine, type ModelState, type Scenario, UNIT_MS } from './model.ts';
import { type BrokenState, isBroken, look, movesOf, type Outcome } from './moves.ts';

/** Times between two looks that the exhaustive search leaves out: at once, a moment, a sleep, a clock set forth or back. */
const LEAPS_MS: readonly number[] = [0, 100, 3 * UNIT_MS, 6 * 3_600_000, -3_600_000];

/** Disturbances are not counted on a walk. */
const PLENTY = 1_000_000;

/**
 * One long history: each number chooses among the moves that are possible then. Judged like the exhaustive search; at its
 * end the rollout must still be able to end.
 * @returns the state in which a rule is broken, or null
 */
export function walk(engine: Engine, scenario: Scenario, choices: readonly number[]): BrokenState | null {
  let state: ModelState = { ...beginning(scenario), faults: PLENTY };
  for (const choice of choices) {
    const moves = possible(engine, state);
    const broken = moves.find(isBroken);
    if (broken !== undefined) return broken;
    const next = choose(moves, choice);
    if (next === undefined) break;
    state = next.state;
  }
  return judgeLiveness(engine, state, noLives());
}

function possible(engine: Engine, state: ModelState): readonly Outcome[] {
  if (state.rollout.outcome !== null) return [...movesOf(engine, state)];
  const leaps = LEAPS_MS.map((ms) => look(engine, state, ms, () => true, `looks ${ms} ms later`).outcome);
  return [...movesOf(engine, state), ...leaps];
}

/** Moves that end most rollouts, so that a walk must not take them too often to get anywhere. */
const ENDS = /^(abort|rollback|supersede|.*failed|staging fails|the candidate crashes|measured: bad)$/;

/** Seven times in ten on the good way (looks, and what gets better by itself), twice disturbed, once perhaps ended. */
function choose(moves: readonly Outcome[], choice: number): Outcome | undefined {
  const mode = choice % 10;
  const named = (outcome: Outcome): string => outcome.state.trace?.move ?? '';
  const good = moves.filter((move) => /^looks$|healthier|succeeded|drained|measured: good/.test(named(move)));
  const lasting = moves.filter((move) => !ENDS.test(named(move)));
  const among = mode < 7 ? good : mode < 9 ? lasting : moves;
  return among[Math.floor(choice / 10) % Math.max(1, among.length)];
}
