import type { AnalysisContext, Analyzer } from './analysis/analyzer.ts';
import { stepWeights } from './scene.ts';
import { reasonOf } from './transitions.ts';
import type { Block, Reason, Rollout } from './types.ts';

function contextOf(rollout: Rollout): AnalysisContext {
  const { settings, stable, candidate, step, memory } = rollout;
  return {
    settings: settings.analysis,
    stable: stable?.slot ?? null,
    candidate: candidate.slot,
    step,
    weights: step < 0 ? null : stepWeights(rollout, step),
    routed: memory.trafficSinceMs !== null,
  };
}

/** The rollout with its verdict made anew, as at the beginning of a step. */
export function judged(rollout: Rollout, analyzer: Analyzer): Rollout {
  if (!rollout.settings.analysis.enabled) return rollout;
  return { ...rollout, verdict: analyzer.verdict(rollout.analysis, contextOf(rollout)) };
}

/** Takes measurements in. What follows from them is decided at the next observation, with stable's health in sight. */
export function measured(rollout: Rollout, blocks: readonly Block[], analyzer: Analyzer): Rollout {
  if (!rollout.settings.analysis.enabled) return rollout;
  const context = contextOf(rollout);
  const observe = (state: unknown, block: Block): unknown => analyzer.observe(state, block, context);
  return judged({ ...rollout, analysis: blocks.reduce(observe, rollout.analysis) }, analyzer);
}

/** Both revisions break a limit; a person who promotes wholly has decided that it does not matter. */
export function bothBad({ verdict, memory }: Rollout): Reason | null {
  if (verdict?.decision !== 'hold' || memory.promoteFull) return null;
  return verdict.reason ?? reasonOf('both-bad', 'both revisions are bad');
}
