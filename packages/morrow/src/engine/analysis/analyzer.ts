import type { Slot, Weights } from '../slot.ts';
import type { AnalysisSettings, Block, Verdict } from '../types.ts';

/** What an analyzer has to know of the rollout besides the measurements. */
export interface AnalysisContext {
  readonly settings: AnalysisSettings;
  /** Null at a first deploy. */
  readonly stable: Slot | null;
  readonly candidate: Slot;
  /** Index of the step whose evidence is asked for. */
  readonly step: number;
  /** The step's weights: a block with others is no evidence for it. Null before the first step. */
  readonly weights: Weights | null;
  /** Whether the rollout has asked for traffic on the candidate yet. */
  readonly routed: boolean;
}

/**
 * Turns measurements into a verdict. Its state is JSON, kept with the rollout, and its size does not depend on the
 * number of requests or blocks. Blocks come in rising `seq`; one that is not newer than the last seen changes nothing,
 * so measurements may be repeated after a crash.
 */
export interface Analyzer<State = unknown> {
  init(settings: AnalysisSettings): State;
  observe(state: State, block: Block, context: AnalysisContext): State;
  /**
   * `rollback`: go back now; `hold`: both revisions are bad, decide nothing; `promote`: the evidence for this step
   * suffices; `continue`: not yet.
   */
  verdict(state: State, context: AnalysisContext): Verdict;
}
