/** A rollout in plain lines, one per change, for logs and pipes. */
import type { RolloutView } from '../../server/api.ts';
import { clockTime } from './format.ts';
import { howToGoOn, revisionWords } from './rollout-live.ts';
import { liveWords, phaseWord, stepWords, weightWords } from './rollout-words.ts';
import { ASCII, type Look, NO_STYLE } from './style.ts';
import { harmless } from './text.ts';

const PLAIN: Look = { columns: Number.POSITIVE_INFINITY, style: NO_STYLE, signs: ASCII };

/**
 * What is new in `next` against `previous` (null: all of it), one line each.
 * Numbers in what it waits for (`2 of 3 targets healthy`, seconds left) change all the time: only a change of
 * words makes a line; {@link measuredLine} tells the numbers from time to time.
 */
export function changeLines(previous: RolloutView | null, next: RolloutView): string[] {
  const texts: string[] = [];
  if (!previous) texts.push(opening(next));
  const moved = previous?.phase !== next.phase || previous.step !== next.step;
  if (moved && previous?.candidate.live && hadTraffic(previous)) texts.push(measured(previous));
  if (moved || words(previous?.waitingFor) !== words(next.waitingFor)) texts.push(standing(next));
  if (next.weights !== null && weightsKey(previous) !== weightsKey(next))
    texts.push(`traffic: ${weightWords(next)}`);
  const seen = new Set(previous?.candidate.exits.map(exitKey));
  for (const exit of next.candidate.exits.filter((one) => !seen.has(exitKey(one)))) {
    texts.push(`target ${exit.target} of the candidate ended: ${exit.reason}`);
  }
  if (next.reason && next.reason.text !== previous?.reason?.text) texts.push(next.reason.text);
  if (next.queued && next.queued !== previous?.queued) texts.push(`deploy ${next.queued} waits behind it`);
  if (next.exitCode === 6 && previous?.exitCode !== 6) texts.push(howToGoOn(next));
  return texts.map((text) => lineOf(next, text));
}

/** The measurements of both sides in one line; null while there is nothing to tell. */
export function measuredLine(view: RolloutView): string | null {
  return view.candidate.live && hadTraffic(view) ? lineOf(view, measured(view)) : null;
}

const lineOf = (view: RolloutView, text: string): string =>
  `${clockTime(view.nowMs)} ${view.service}: ${harmless(text)}`;

function opening(view: RolloutView): string {
  const to = revisionWords(view.candidate.revision);
  const from = view.stable ? `from ${view.stable.revision.id} ` : '';
  const steps = view.steps.map((step) => `${step.weightPct} %`).join(', ');
  return `rollout ${view.id} ${from}to ${to}${steps === '' ? '' : `, steps ${steps}`}`;
}

function standing(view: RolloutView): string {
  const step = view.outcome ? '' : stepWords(view);
  const waits = view.waitingFor === '' ? '' : `, waits for ${view.waitingFor}`;
  return `${phaseWord(view.phase)}${step === '' ? '' : `, ${step}`}${waits}`;
}

function measured(view: RolloutView): string {
  const stable = view.stable ? `; stable ${liveWords(view.stable, PLAIN)}` : '';
  return `candidate ${liveWords(view.candidate, PLAIN)}${stable}`;
}

const hadTraffic = (view: RolloutView): boolean => (view.candidate.live?.requests ?? 0) > 0;

const words = (text: string | undefined): string => (text ?? '').replace(/[\d.,]+( (ms|s|min|h|d)\b)?/g, '#');

const weightsKey = (view: RolloutView | null): string => JSON.stringify(view?.weights ?? null);

const exitKey = (exit: { readonly target: string; readonly atMs: number }): string =>
  `${exit.target} ${exit.atMs}`;
