import { hasEnded } from '../../engine/advance.ts';
import { keyOf } from './key.ts';
import { judgeLiveness, type Lives } from './liveness.ts';
import { beginning, type Engine, historyOf, type ModelState, type Scenario } from './model.ts';
import { movesOf } from './moves.ts';

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
  const lives: Lives = { mended: new Set(), dead: new Set(), blind: new Set() };
  const phases: Record<string, number> = { pending: 1 };
  let moves = 0;
  const result = (complete: boolean, broken: Exploration['broken']): Exploration => ({
    states: seen.size,
    moves,
    complete,
    phases,
    broken,
  });
  let level: ModelState[] = [start];
  while (level.length > 0) {
    const next: ModelState[] = [];
    for (const state of level) {
      for (const outcome of movesOf(engine, state)) {
        moves += 1;
        const history = () => historyOf(outcome.state);
        if ('broken' in outcome) return result(false, { rule: outcome.broken, history: history() });
        const key = keyOf(outcome.state);
        if (seen.has(key)) continue;
        seen.add(key);
        const { phase } = outcome.state.rollout;
        phases[phase] = (phases[phase] ?? 0) + 1;
        const rule = judgeLiveness(engine, outcome.state, lives);
        if (rule !== null) return result(false, { rule, history: history() });
        if (!hasEnded(outcome.state.rollout)) next.push(outcome.state);
        if (seen.size >= limit) return result(false, null);
      }
    }
    level = next;
  }
  return result(true, null);
}
