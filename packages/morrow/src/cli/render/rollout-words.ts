/** Words and signs for the state of a rollout, shared by the live view, the plain lines, status and history. */
import type { Phase } from '../../engine/types.ts';
import type { RolloutView, SideView } from '../../server/api.ts';
import { count, latency, percent, plural } from './format.ts';
import { type Segment, seg } from './segments.ts';
import type { Look, Paint, Style } from './style.ts';

const WORDS: Partial<Record<Phase, string>> = {
  'rolling-back': 'rolling back',
  'rolled-back': 'rolled back',
};

/** The phase in words. */
export const phaseWord = (phase: Phase): string => WORDS[phase] ?? phase;

/** The colour of a phase. */
export function phasePaint(phase: Phase, style: Style): Paint {
  switch (phase) {
    case 'promoted':
      return style.green;
    case 'rolled-back':
    case 'failed':
    case 'stuck':
      return style.red;
    case 'paused':
    case 'holding':
    case 'waiting':
    case 'rolling-back':
      return style.yellow;
    default:
      return style.cyan;
  }
}

/** `step 1 of 3 (5 %)`; empty before the first step and where there are none. */
export function stepWords(view: RolloutView): string {
  const step = view.steps[view.step];
  return step ? `step ${view.step + 1} of ${view.steps.length} (${step.weightPct} %)` : '';
}

/** `95 % stable, 5 % candidate`; the sides by their roles, not their slots. */
export function weightWords(view: RolloutView): string {
  if (view.weights === null) return 'no traffic is routed';
  const candidate = view.weights[view.candidate.slot];
  return view.stable
    ? `${100 - candidate} % stable, ${candidate} % candidate`
    : `${candidate} % on the candidate`;
}

/** What a side did, one fact each: `1,204 requests`, `100/s`, `0 errors`, `p50 3 ms`, `p99 12 ms`. */
export function liveFacts(side: SideView, style: Style): Segment[] {
  const { live } = side;
  if (!live) return [seg('no requests measured yet', style.dim)];
  const { requests, errors } = live;
  const share = errors > 0 ? ` (${percent(errors, requests)})` : '';
  return [
    seg(plural(requests, 'request')),
    seg(`${count(live.requestsPerSecond)}/s`),
    seg(`${plural(errors, 'error')}${share}`, errors > 0 ? style.red : String),
    seg(`p50 ${latency(live.p50Ms)}`),
    seg(`p99 ${latency(live.p99Ms)}`),
  ];
}

/** The same facts in one plain phrase. */
export const liveWords = (side: SideView, look: Look): string =>
  liveFacts(side, look.style)
    .map(({ text }) => text)
    .join(', ');

/** `3/3 healthy`. */
export const healthWords = (side: SideView): string => `${side.healthy}/${side.wanted} healthy`;
