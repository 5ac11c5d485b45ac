import { isPlain } from './invariants.ts';
import { keyOf } from './key.ts';
import { judgeLiveness, noLives } from './liveness.ts';
import { beginning, type Engine, historyOf, type ModelState, type Scenario } from './model.ts';
import { isBroken, movesOf } from './moves.ts';

/** What an exploration has found. */
export interface Exploration {
  /** Distinct states visited. */
  readonly states: number;
  /** Moves tried. */
  readonly moves: number;
  /** Whether every state that can be reached with the scenario's disturbances was visited. */
  readonly complete: boolean;
  /** How often each phase was met. */
  readonly phases: Readonly<Record<string, number>>;
  /** The first broken rule, with the history that leads to it; null: none. */
  readonly broken: { readonly rule: string; readonly history: readonly string[] } | null;
}

/** Visits every state breadth-first, up to `limit` states, and judges each move and each state. */
export function explore(engine: Engine, scenario: Scenario, limit: number): Exploration {
  const start = beginning(scenario);
  const seen = new Set<number>([keyOf(start)]);
  const lives = noLives();
  const phases: Record<string, number> = { pending: 1 };
  let moves = 0;
  const result = (complete: boolean, broken: Exploration['broken']): Exploration => ({
    states: seen.size,
    moves,
    complete,
    phases,
    broken,
  });
  const judgeNew = (state: ModelState) => {
    const key = keyOf(state);
    if (seen.has(key)) return null;
    seen.add(key);
    const { phase } = state.rollout;
    phases[phase] = (phases[phase] ?? 0) + 1;
    const { settings: _, ...changing } = state.rollout;
    return isPlain(changing)
      ? judgeLiveness(engine, state, lives)
      : { state, broken: 'the state is not JSON' };
  };
  let level: ModelState[] = [start];
  while (level.length > 0) {
    const next: ModelState[] = [];
    for (const state of level) {
      for (const outcome of movesOf(engine, state)) {
        moves += 1;
        const known = seen.size;
        const fault = isBroken(outcome) ? outcome : judgeNew(outcome.state);
        if (fault !== null) return result(false, { rule: fault.broken, history: historyOf(fault.state) });
        if (seen.size > known) next.push(outcome.state);
        if (seen.size >= limit) return result(false, null);
      }
    }
    level = next;
  }
  return result(true, null);
}
