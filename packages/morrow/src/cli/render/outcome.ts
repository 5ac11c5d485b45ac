/** How a rollout ended, and the truth about what serves now. */
import type { Exit } from '../../engine/types.ts';
import type { RolloutView, SideView } from '../../server/api.ts';
import { duration, percent, plural } from './format.ts';
import { howToGoOn, revisionWords } from './rollout-live.ts';
import { phasePaint, phaseWord, weightWords } from './rollout-words.ts';
import type { Look } from './style.ts';
import { harmless, truncate, wrap } from './text.ts';

export interface OutcomeFacts {
  /** What serves now as the agent said after the end; undefined: it was not asked or did not answer. */
  readonly serving: SideView | null | undefined;
  /** When the candidate was first seen with traffic, agent's clock; null: never, or not watched. */
  readonly trafficSinceMs: number | null;
  /** Last lines of the candidate's log, shown where the rollout itself names none. */
  readonly lastLines: readonly string[];
}

const LOG_LINES = 10;

/** The end of a rollout, or where it waits for a person; a sentence each. */
export function renderOutcome(view: RolloutView, facts: OutcomeFacts, look: Look): string[] {
  const { style, signs } = look;
  const paint = phasePaint(view.phase, style);
  const sign = view.phase === 'promoted' ? signs.good : view.outcome ? signs.bad : signs.now;
  const head = `${sign} ${view.service} ${phaseWord(view.phase)}: ${servingWords(view, facts)}`;
  const lines = wrap(head, look.columns).map((line) => style.bold(paint(line)));
  const details = [...why(view), ...times(view, facts)];
  for (const detail of details) {
    lines.push(...wrap(harmless(detail), Math.max(10, look.columns - 2)).map((line) => `  ${line}`));
  }
  lines.push(...logLines(view, facts, look));
  if (!view.outcome && view.exitCode === 6)
    lines.push(...wrap(howToGoOn(view), look.columns - 2).map((l) => `  ${l}`));
  return lines;
}

function servingWords(view: RolloutView, facts: OutcomeFacts): string {
  const serving = facts.serving === undefined ? guessServing(view) : facts.serving;
  if (view.phase === 'stuck' || !view.outcome) return `traffic is ${weightWords(view)}.`;
  return serving ? `${revisionWords(serving.revision)} serves.` : 'nothing serves.';
}

const guessServing = (view: RolloutView): SideView | null =>
  view.phase === 'promoted' ? view.candidate : view.stable;

function why(view: RolloutView): string[] {
  const reason = view.outcome?.reason ?? view.reason;
  const texts: string[] = [];
  if (view.phase === 'promoted') {
    if (view.outcome?.withoutComparison) texts.push('Promoted without comparison of the two revisions.');
    return texts;
  }
  if (reason) texts.push(`Why ${view.candidate.revision.id} did not make it: ${reason.text}`);
  const { live } = view.candidate;
  if (live && live.errors > 0) {
    texts.push(
      `Of ${plural(live.requests, 'request')} that it got, ${live.errors} failed (${percent(live.errors, live.requests)}).`,
    );
  }
  const exit = view.candidate.exits.at(-1);
  if (exit) texts.push(`Its target ${exit.target} ended: ${exit.reason}.`);
  return texts;
}

/** Reasons that nobody detected: somebody asked. */
const BY_PEOPLE: ReadonlySet<string> = new Set(['aborted', 'superseded', 'rollback-requested']);

function times(view: RolloutView, facts: OutcomeFacts): string[] {
  const { outcome } = view;
  if (!outcome) return [];
  const took = duration(outcome.endedAtMs - view.createdAtMs);
  if (outcome.decidedAtMs === null) return [`Took ${took}.`];
  const since = facts.trafficSinceMs ?? view.createdAtMs;
  const from = facts.trafficSinceMs === null ? 'the rollout began' : 'it first got traffic';
  const asked = BY_PEOPLE.has(outcome.reason?.code ?? '');
  const detected = `${asked ? 'Asked to go back' : 'Detected'} ${duration(outcome.decidedAtMs - since)} after ${from}`;
  const returned =
    outcome.returnedAtMs === null
      ? 'traffic did not return'
      : `all traffic was back ${duration(outcome.returnedAtMs - outcome.decidedAtMs)} later`;
  return [
    view.stable ? `${detected}; ${returned}. Took ${took} in all.` : `${detected}. Took ${took} in all.`,
  ];
}

function logLines(view: RolloutView, facts: OutcomeFacts, look: Look): string[] {
  if (view.phase === 'promoted') return [];
  const reason = view.outcome?.reason ?? view.reason;
  const exit: Exit | undefined = view.candidate.exits.at(-1);
  const known = [reason?.lastLines ?? [], exit?.lastLines ?? [], facts.lastLines];
  const lines = known.find((some) => some.length > 0) ?? [];
  if (lines.length === 0) return [];
  const shown = lines.slice(-LOG_LINES).map((line) => truncate(harmless(line), look.columns - 4, look.signs));
  return [look.style.dim('  Last log lines:'), ...shown.map((line) => `  ${look.style.dim('|')} ${line}`)];
}
