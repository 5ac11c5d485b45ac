import { closest } from '../../config/suggest.ts';
import { MorrowError } from '../../errors.ts';
import { SCRIPTS } from '../completion.ts';
import type { Run } from '../context.ts';

/** `morrow completion <bash|zsh|fish>`: a script that completes verbs, options, environments and services. */
export const run: Run = async ({ out, args }) => {
  const shell = args[0] ?? '';
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script === undefined) {
    const names = Object.keys(SCRIPTS);
    const near = closest(shell, names);
    throw new MorrowError('USAGE', `There is no completion for '${shell}'.`, {
      hint: near ? `Did you mean ${near}?` : `There is ${names.join(', ')}.`,
    });
  }
  out.raw(script);
  return 0;
};
