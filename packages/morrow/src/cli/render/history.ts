import type { RolloutView } from '../../server/api.ts';
import type { JournalEntry } from '../../store/store.ts';
import { clockTime, dateTime, duration, plural, shortDigest } from './format.ts';
import { renderOutcome } from './outcome.ts';
import { phasePaint, phaseWord } from './rollout-words.ts';
import { fit, seg } from './segments.ts';
import type { Look } from './style.ts';
import { type Cell, type Column, table } from './table.ts';
import { harmless } from './text.ts';

const COLUMNS: readonly Column[] = [
  { title: 'ROLLOUT' },
  { title: 'SERVICE', drop: 1 },
  { title: 'BEGAN' },
  { title: 'TOOK', align: 'right', drop: 3 },
  { title: 'FROM', drop: 2 },
  { title: 'TO', drop: 2 },
  { title: 'STATE' },
  { title: 'WHY', drop: 4 },
];

/** Rollouts, the newest first, a line each. */
export const renderHistory = (views: readonly RolloutView[], look: Look): string[] =>
  table(
    COLUMNS,
    views.map((view): Cell[] => [
      { text: view.id },
      { text: view.service, paint: look.style.bold },
      { text: dateTime(view.createdAtMs) },
      { text: duration((view.outcome?.endedAtMs ?? view.nowMs) - view.createdAtMs) },
      { text: view.stable?.revision.id ?? 'none', paint: look.style.dim },
      { text: view.candidate.revision.id },
      { text: phaseWord(view.phase), paint: phasePaint(view.phase, look.style) },
      { text: harmless((view.outcome?.reason ?? view.reason)?.text ?? '') },
    ]),
    look,
  );

/** One rollout with its journal. */
export function renderRollout(view: RolloutView, journal: readonly JournalEntry[], look: Look): string[] {
  const { style } = look;
  const pair = (name: string, value: string): string =>
    fit([seg(`${name.padEnd(12)}`, style.dim), seg(value)], look);
  const from = view.stable
    ? `${view.stable.revision.id} (${shortDigest(view.stable.revision.artifact)})`
    : 'none';
  const to = `${view.candidate.revision.id} (${shortDigest(view.candidate.revision.artifact)})`;
  return [
    pair('rollout', view.id),
    pair('service', `${view.service} (${view.environment})`),
    pair('began', dateTime(view.createdAtMs)),
    pair('from', from),
    pair('to', to),
    '',
    ...renderOutcome(view, { serving: undefined, trafficSinceMs: null, lastLines: [] }, look),
    ...(journal.length > 0 ? ['', style.bold('Journal')] : []),
    ...journal.map((entry) =>
      fit([seg(`${clockTime(entry.atMs)}  `, style.dim), seg(entryWords(entry))], look),
    ),
  ];
}

/** One entry of the journal in words. */
export function entryWords({ body }: JournalEntry): string {
  switch (body.type) {
    case 'created':
      return 'created';
    case 'event': {
      const { event } = body;
      const what = event.type === 'command' ? `command ${event.command.type} by ${event.by}` : event.type;
      return harmless(`${phaseWord(body.phase)}: ${what}`);
    }
    case 'effect':
      return `effect ${effectWords(body.effect)}`;
    case 'effect-failed':
      return harmless(`effect ${effectWords(body.effect)} failed: ${body.message} (${body.code})`);
    case 'note':
      return harmless(body.text);
  }
}

function effectWords(effect: Extract<JournalEntry['body'], { type: 'effect' }>['effect']): string {
  switch (effect.type) {
    case 'route':
      return effect.weights === null
        ? 'route nothing'
        : `route blue ${effect.weights.blue} %, green ${effect.weights.green} %`;
    case 'stage':
      return `stage ${effect.revision} in ${effect.slot}, ${plural(effect.count, 'target')}`;
    case 'resize':
      return `resize ${effect.slot} to ${plural(effect.count, 'target')}`;
    case 'retire':
      return `retire ${effect.slot}`;
    case 'alert':
      return `alert (${effect.severity}): ${harmless(effect.text)}`;
    case 'ensure':
      return 'ensure';
    default:
      return `${effect.type} ${effect.key}`;
  }
}
