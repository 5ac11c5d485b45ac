import { sameWeights } from '../slot.ts';
import type { AnalysisSettings, Block, Reason, Verdict } from '../types.ts';
import { duration, percent } from '../words.ts';
import type { AnalysisContext, Analyzer } from './analyzer.ts';
import { add, addToWindow, NOTHING, overdue, type Tally, tally, total, type Window } from './window.ts';

/** Share of requests that may be slower than `p99Ms`, per cent: what a 99th percentile means. */
const SLOW_PCT = 1;

interface GuardState {
  /** `seq` of the newest block seen. */
  readonly lastSeq: number;
  readonly window: Window;
  /** What waits for an answer too long already, as of the newest block. */
  readonly late: { readonly candidate: Tally; readonly stable: Tally };
  /** Whether a block with traffic on the candidate was seen; what its slot did before is another revision's doing. */
  readonly begun: boolean;
  /** The step whose evidence is counted, and how many requests of each side were seen at its weights. */
  readonly step: number;
  readonly candidate: number;
  readonly stable: number;
}

/**
 * The absolute guard: limits that a revision must keep whatever the other one does. It looks at the candidate's requests
 * over its window, across steps. Its evidence for a step is modest: both sides had `minRequests` at the step's weights.
 */
export const guardAnalyzer: Analyzer<GuardState> = {
  init: () => ({
    lastSeq: -1,
    window: [],
    late: { candidate: NOTHING, stable: NOTHING },
    begun: false,
    step: -1,
    candidate: 0,
    stable: 0,
  }),

  observe(state, block, context) {
    if (block.seq <= state.lastSeq) return state;
    const { guard } = context.settings;
    const begun = state.begun || (context.routed && block.weights[context.candidate] > 0);
    const { candidate, stable } = sides(block, begun, context, tally);
    const counted = state.step === context.step ? state : { ...state, candidate: 0, stable: 0 };
    const evidence = context.weights !== null && sameWeights(block.weights, context.weights);
    return {
      lastSeq: block.seq,
      begun,
      window: addToWindow(state.window, block, guard.windowMs, candidate, stable),
      late: sides(block, begun, context, overdue),
      step: context.step,
      candidate: counted.candidate + (evidence ? candidate.requests : 0),
      stable: counted.stable + (evidence ? stable.requests : 0),
    };
  },

  verdict(state, context) {
    const { candidate, stable } = total(state.window);
    const { late } = state;
    const broken = judge(
      { candidate: add(candidate, late.candidate), stable: add(stable, late.stable) },
      context.settings,
    );
    if (broken !== null) return broken;
    const needed = Math.max(1, context.settings.guard.minRequests);
    const enough = state.step === context.step && state.candidate >= needed && state.stable >= needed;
    return { decision: enough ? 'promote' : 'continue', reason: null };
  },
};

/** The tallies of a block by role. */
function sides(
  block: Block,
  own: boolean,
  { settings, stable, candidate }: AnalysisContext,
  count: typeof tally,
) {
  const { p99Ms } = settings.guard;
  return {
    candidate: own ? count(block.slots[candidate], block.boundsMs, p99Ms) : NOTHING,
    stable: stable === null ? NOTHING : count(block.slots[stable], block.boundsMs, p99Ms),
  };
}

type Limit = 'guard-errors' | 'guard-latency';

function breaks(limit: Limit, side: Tally, { guard }: AnalysisSettings): boolean {
  if (side.requests < Math.max(1, guard.minRequests)) return false;
  return limit === 'guard-errors'
    ? side.errors * 100 > guard.errorRatePct * side.requests
    : side.slow * 100 > SLOW_PCT * side.requests;
}

/** Candidate alone beyond a limit: back. Both beyond it: something that they share is broken; hold. */
function judge(
  { candidate, stable }: { candidate: Tally; stable: Tally },
  settings: AnalysisSettings,
): Verdict | null {
  let hold: Verdict | null = null;
  for (const limit of ['guard-errors', 'guard-latency'] as const) {
    if (!breaks(limit, candidate, settings)) continue;
    const text = inWords(limit, candidate, settings);
    if (!breaks(limit, stable, settings)) {
      return { decision: 'rollback', reason: because(limit, `${text}; stable: ${compare(limit, stable)}`) };
    }
    hold ??= {
      decision: 'hold',
      reason: because('both-bad', `both revisions are bad: ${text}; stable: ${compare(limit, stable)}`),
    };
  }
  return hold;
}

const because = (code: Reason['code'], text: string): Reason => ({ code, text, lastLines: [] });

function inWords(limit: Limit, side: Tally, { guard }: AnalysisSettings): string {
  const over = `of the candidate's ${side.requests} requests in the last ${duration(guard.windowMs)}`;
  return limit === 'guard-errors'
    ? `${percent(side.errors, side.requests)} ${over} failed (limit ${guard.errorRatePct} %)`
    : `${percent(side.slow, side.requests)} ${over} took more than ${duration(guard.p99Ms)} (limit ${SLOW_PCT} %)`;
}

const compare = (limit: Limit, side: Tally): string =>
  side.requests === 0
    ? 'no requests'
    : `${percent(limit === 'guard-errors' ? side.errors : side.slow, side.requests)} of ${side.requests}`;
