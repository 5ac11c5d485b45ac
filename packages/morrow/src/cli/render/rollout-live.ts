/** The live view of a rollout: redrawn in place while `deploy` and `watch` follow it in a terminal. */
import type { RolloutView, SideView } from '../../server/api.ts';
import { duration, shortDigest } from './format.ts';
import { healthWords, liveFacts, phasePaint, phaseWord, stepWords } from './rollout-words.ts';
import { fit, flow, type Segment, seg } from './segments.ts';
import type { Look } from './style.ts';
import { harmless, padEnd, padStart, wrap } from './text.ts';

export interface LiveExtras {
  /** Time since the view was made, ms: the clocks go on between two changes. */
  readonly sinceViewMs: number;
  /** Something to say that is not part of the rollout (`the agent does not answer …`); empty: nothing. */
  readonly notice: string;
  /** Said in the last line, for example how to detach; empty: nothing. */
  readonly footer: string;
}

/** Below this the sides take a line for each thing. */
const WIDE = 64;

/** Lines of the view; none is wider than `look.columns`. */
export function renderLive(view: RolloutView, extras: LiveExtras, look: Look): string[] {
  const { style } = look;
  const ageMs = view.nowMs + extras.sinceViewMs - view.createdAtMs;
  return [
    fit(
      [
        seg(view.service, style.bold),
        seg(`  ${view.environment}  `, style.dim),
        seg(view.id, style.dim),
        seg(`  ${duration(Math.floor(ageMs / 1000) * 1000)}`),
      ],
      look,
    ),
    ...(view.stable
      ? side('stable', view.stable, look)
      : [fit([seg('  stable     none: first deploy', style.dim)], look)]),
    ...side('candidate', view.candidate, look),
    ...timeline(view, look),
    ...state(view, extras, look),
    ...(extras.notice === '' ? [] : paragraph(extras.notice, look).map(style.yellow)),
    ...(extras.footer === '' ? [] : [style.dim(fit([seg(extras.footer)], look))]),
  ];
}

function side(role: string, view: SideView, look: Look): string[] {
  const { style } = look;
  const name = padEnd(role, 9);
  const weight = padStart(`${view.weightPct} %`, 6);
  const health = healthWords(view);
  const healthSegment = seg(health, view.healthy < view.wanted ? style.yellow : style.green);
  if (look.columns < WIDE) {
    const bars = bar(view.weightPct, Math.max(4, Math.min(20, look.columns - 26)), look);
    return [
      fit([seg(`  ${name}  `, style.bold), seg(view.revision.id)], look),
      fit([seg('    '), bars, seg(`${weight}  `), healthSegment], look),
      ...flow(liveFacts(view, style), ` ${look.signs.dot} `, 4, look),
    ];
  }
  const bars = bar(view.weightPct, Math.min(30, look.columns - WIDE + 10), look);
  return [
    fit(
      [
        seg(`  ${name}  `, style.bold),
        seg(`${padEnd(view.revision.id, 12)}  `),
        seg(`${padEnd(view.slot, 5)}  `, style.dim),
        bars,
        seg(`${weight}  `),
        healthSegment,
      ],
      look,
    ),
    ...flow(liveFacts(view, style), ` ${look.signs.dot} `, 13, look),
  ];
}

/** Something above 0 % always shows, and only 100 % fills the bar. */
function bar(weightPct: number, width: number, look: Look): Segment {
  const exact = (weightPct / 100) * width;
  const full =
    weightPct >= 100 ? width : weightPct <= 0 ? 0 : Math.min(width - 1, Math.max(1, Math.round(exact)));
  return seg(look.signs.full.repeat(full) + look.signs.empty.repeat(width - full));
}

/** What is behind and ahead of it: `✓ prepare  ✓ verify  ● 5 %  ○ 50 %  ○ 100 %  ○ promote`. */
function timeline(view: RolloutView, look: Look): string[] {
  const { signs, style } = look;
  const names = ['prepare', 'verify', ...view.steps.map((step) => `${step.weightPct} %`), 'promote'];
  const at = position(view, names.length - 1);
  const pieces = names.map((name, index) => {
    if (index < at || view.phase === 'promoted') return seg(`${signs.done} ${name}`, style.green);
    if (index > at) return seg(`${signs.ahead} ${name}`, style.dim);
    return seg(`${signs.now} ${name}`, phasePaint(view.phase, style));
  });
  return flow(pieces, '  ', 2, look);
}

function position(view: RolloutView, last: number): number {
  if (view.phase === 'pending' || view.phase === 'preparing') return 0;
  if (view.step < 0) return 1;
  if (view.phase === 'baking' || view.phase === 'contracting' || view.phase === 'promoted') return last;
  return Math.min(last, 2 + view.step);
}

function state(view: RolloutView, extras: LiveExtras, look: Look): string[] {
  const { style } = look;
  const strong = (text: string): string => style.bold(phasePaint(view.phase, style)(text));
  const sinceMs = Math.max(0, view.nowMs + extras.sinceViewMs - view.phaseSinceMs);
  const lines = view.outcome
    ? [fit([seg(`  ${phaseWord(view.phase)}`, strong)], look)]
    : [
        fit(
          [
            seg(`  ${phaseWord(view.phase)}`, strong),
            seg(` for ${duration(Math.floor(sinceMs / 1000) * 1000)}`, style.dim),
            seg(`  ${stepWords(view)}`, style.dim),
          ],
          look,
        ),
        ...(view.waitingFor === '' ? [] : paragraph(`waits for ${view.waitingFor}`, look)),
      ];
  const lastExit = view.candidate.exits.at(-1);
  if (lastExit)
    lines.push(...paragraph(`Target ${lastExit.target} ended: ${lastExit.reason}.`, look).map(style.red));
  if (view.reason) lines.push(...paragraph(view.reason.text, look).map(style.yellow));
  if (view.queued) lines.push(...paragraph(`Deploy ${view.queued} waits behind it.`, look).map(style.dim));
  if (view.exitCode === 6) lines.push(...paragraph(howToGoOn(view), look).map(style.bold));
  return lines;
}

/** What a person can type where a rollout waits for one. */
export function howToGoOn(view: RolloutView): string {
  const where = `${view.environment} ${view.service}`;
  const on = view.phase === 'paused' ? 'resume' : 'promote';
  return `Go on: morrow ${on} ${where}. Go back: morrow abort ${where}.`;
}

const paragraph = (text: string, look: Look): string[] =>
  wrap(harmless(text), Math.max(10, look.columns - 2)).map((line) => `  ${line}`);

/** `3f2a91c0d4e1 (sha256:0123456789ab)`. */
export const revisionWords = (revision: { readonly id: string; readonly artifact: string }): string =>
  `${revision.id} (${shortDigest(revision.artifact)})`;
