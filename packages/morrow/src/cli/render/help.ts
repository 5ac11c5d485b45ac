import type { Verb } from '../verbs.ts';
import type { Look } from './style.ts';
import { padEnd, wrap } from './text.ts';

const GROUPS = ['Ship', 'Look', 'Steer', 'Environment', 'Project'] as const;

/** `morrow --help`. */
export function renderHelp(verbs: readonly Verb[], look: Look): string[] {
  const { style } = look;
  const usages = verbs.map((verb) => [verb.name, ...verb.args].join(' '));
  const width = Math.max(...usages.map((usage) => usage.length));
  const lines = [
    'Morrow ships a revision from nothing to promoted or rolled back.',
    '',
    `${style.bold('Usage:')} morrow <verb> [env] [service] [options]`,
  ];
  for (const group of GROUPS) {
    lines.push('', style.bold(group));
    for (const verb of verbs.filter((one) => one.group === group)) {
      const usage = [verb.name, ...verb.args].join(' ');
      const [first = '', ...rest] = wrap(verb.text, Math.max(20, look.columns - width - 4));
      lines.push(`  ${padEnd(usage, width)}  ${first}`, ...rest.map((more) => ' '.repeat(width + 4) + more));
    }
  }
  const notes = [
    'env is the only environment on this machine where it is left out, or MORROW_ENVIRONMENT.',
    '`morrow <verb> --help` says more of a verb, `morrow --version` which Morrow this is.',
  ];
  return [...lines, '', ...notes.flatMap((note) => wrap(note, look.columns))];
}
