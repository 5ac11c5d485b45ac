/** Reading the command line: which verb, which arguments, which options. */
import { Command, CommanderError } from 'commander';
import { closest } from '../config/suggest.ts';
import { MorrowError } from '../errors.ts';
import type { Options } from './context.ts';
import { renderHelp } from './render/help.ts';
import type { Look } from './render/style.ts';
import { COMMON_OPTIONS, VERBS, type Verb } from './verbs.ts';

/** What was asked for. */
export type Parsed =
  | {
      readonly kind: 'verb';
      readonly verb: Verb;
      readonly args: readonly (string | undefined)[];
      readonly options: Options;
    }
  /** Text for stdout: help or the version. */
  | { readonly kind: 'text'; readonly text: string };

/**
 * Reads the words behind `morrow`.
 * @throws MorrowError `USAGE`, with a suggestion where a word is misspelt
 */
export function parse(words: readonly string[], version: () => string, look: Look): Parsed {
  let result: Parsed | null = null;
  let printed = '';
  const program = new Command('morrow');
  const quiet = (command: Command): Command =>
    command
      .exitOverride()
      .configureOutput({
        writeOut: (text) => (printed += text),
        writeErr: () => undefined,
        getOutHelpWidth: () => width(look),
      })
      .showSuggestionAfterError(false)
      .helpCommand(false);
  quiet(program).option('-V, --version', 'show the version');
  program.on('option:version', () => {
    throw new CommanderError(0, 'commander.version', `${version()}\n`);
  });
  program.helpInformation = () => `${renderHelp(VERBS, look).join('\n')}\n`;
  const parents = new Map<string, Command>([['', program]]);
  for (const verb of VERBS) {
    const command = quiet(commandFor(verb, parents, quiet)).description(sentence(verb.text));
    for (const arg of verb.args) command.argument(arg);
    for (const { flags, text } of [...verb.options, ...COMMON_OPTIONS.slice(0, 1)])
      command.option(flags, text);
    if (verb.more) command.addHelpText('after', `\n${verb.more}`);
    command.action((...given: unknown[]) => {
      const args = given.slice(0, verb.args.length) as (string | undefined)[];
      result = { kind: 'verb', verb, args, options: command.opts() };
    });
  }
  try {
    program.parse(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.version') return { kind: 'text', text: error.message };
    if (error.exitCode === 0) return { kind: 'text', text: printed };
    throw usageError(error, words);
  }
  return result ?? { kind: 'text', text: program.helpInformation() };
}

/** The command of a verb; one of two words hangs below the command of the first, made where it is no verb itself. */
function commandFor(
  verb: Verb,
  parents: Map<string, Command>,
  quiet: (command: Command) => Command,
): Command {
  const [first = '', second] = verb.name.split(' ');
  const program = parents.get('') as Command;
  if (second === undefined) {
    const command = program.command(first);
    parents.set(first, command);
    return command;
  }
  const parent = parents.get(first) ?? quiet(program.command(first));
  parents.set(first, parent);
  return parent.command(second);
}

function usageError(error: CommanderError, words: readonly string[]): MorrowError {
  const message = error.message.replace(/^error: /, '');
  const [verb = ''] = words.filter((word) => !word.startsWith('-'));
  if (error.code === 'commander.unknownCommand') {
    const near = closest(verb, [...new Set(VERBS.map((one) => one.name.split(' ')[0] ?? ''))]);
    return new MorrowError('USAGE', `There is no verb '${verb}'.`, {
      hint: near ? `Did you mean \`morrow ${near}\`?` : '`morrow --help` lists the verbs.',
    });
  }
  if (error.code === 'commander.help') return needsMore(verb);
  const option = /unknown option '(--?[^']+)'/.exec(message)?.[1];
  const spec =
    VERBS.find((one) => words.join(' ').startsWith(one.name)) ?? VERBS.find((one) => one.name === verb);
  const flags = [...(spec?.options ?? []), ...COMMON_OPTIONS].flatMap(
    (one) => one.flags.match(/--[a-z-]+/g) ?? [],
  );
  const near = option === undefined ? null : closest(option, flags);
  return new MorrowError('USAGE', `${sentence(message)}.`, {
    hint: near ? `Did you mean ${near}?` : `\`morrow ${spec?.name ?? verb} --help\` says what it takes.`,
  });
}

function needsMore(verb: string): MorrowError {
  const names = VERBS.filter((one) => one.name.startsWith(`${verb} `)).map((one) => `\`morrow ${one.name}\``);
  return new MorrowError('USAGE', `'${verb}' needs one more word.`, {
    hint: `There is ${names.join(', ')}.`,
  });
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1).replace(/\.$/, '');

const width = (look: Look): number => (Number.isFinite(look.columns) ? look.columns : 80);
