/**
 * Shell completion. The scripts only ask `morrow __complete <words> <word being typed>` and show what it prints,
 * so that all knowledge stays here.
 */
import { COMMON_OPTIONS, VERBS, type Verb, type VerbOption } from './verbs.ts';

export interface Candidate {
  readonly word: string;
  readonly text: string;
}

/** Names that only the project knows; asked for when they are needed. */
export interface ProjectNames {
  environments(): Promise<readonly string[]>;
  services(): Promise<readonly string[]>;
}

/** What could stand where the last of `words` is being typed; the words are those behind `morrow`. */
export async function candidates(words: readonly string[], names: ProjectNames): Promise<Candidate[]> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const verb = verbOf(before);
  if (current.startsWith('-')) return beginning(current, optionWords(verb));
  const given = before.filter((word) => !word.startsWith('-'));
  const found = [...verbWords(given), ...(verb ? await argumentWords(verb, given, names) : [])];
  return beginning(current, found);
}

/** The longest verb that the words begin with. */
function verbOf(words: readonly string[]): Verb | undefined {
  const typed = words.filter((word) => !word.startsWith('-')).join(' ');
  const fits = VERBS.filter((verb) => typed === verb.name || typed.startsWith(`${verb.name} `));
  return fits.sort((a, b) => b.name.length - a.name.length)[0];
}

/** Words that go on with the beginning of a verb: all first words, or `logs` behind `agent`. */
function verbWords(given: readonly string[]): Candidate[] {
  const prefix = given.map((word) => `${word} `).join('');
  const going = VERBS.filter((verb) => verb.name.startsWith(prefix));
  const words = new Map<string, string>();
  for (const verb of going) {
    const word = verb.name.slice(prefix.length).split(' ')[0] ?? '';
    if (word !== '' && !words.has(word)) words.set(word, verb.text);
  }
  return [...words].map(([word, text]) => ({ word, text }));
}

async function argumentWords(
  verb: Verb,
  given: readonly string[],
  names: ProjectNames,
): Promise<Candidate[]> {
  const arg = verb.args[given.length - verb.name.split(' ').length];
  const as = (text: string, words: readonly string[]): Candidate[] => words.map((word) => ({ word, text }));
  if (arg === '[env]') return as('environment', await names.environments());
  if (arg === '[service]') return as('service', await names.services());
  return arg === '<shell>' ? as('shell', ['bash', 'zsh', 'fish']) : [];
}

function optionWords(verb: Verb | undefined): Candidate[] {
  const version: VerbOption = { flags: '-V, --version', text: 'show the version' };
  const options = [...(verb ? verb.options : [version]), ...COMMON_OPTIONS];
  return options.flatMap(({ flags, text }) =>
    (flags.match(/--[a-z-]+/g) ?? []).map((word) => ({ word, text })),
  );
}

const beginning = (current: string, found: readonly Candidate[]): Candidate[] =>
  found.filter(({ word }) => word.startsWith(current));

/** The scripts, by shell. */
export const SCRIPTS: Readonly<Record<string, string>> = {
  // bash 3.2 (macOS) has neither mapfile nor negative subscripts.
  bash: `# Completion of morrow for bash: source <(morrow completion bash)
_morrow() {
  local IFS=$'\\n'
  COMPREPLY=($(morrow __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _morrow morrow
`,
  zsh: `#compdef morrow
# Completion of morrow for zsh: morrow completion zsh > "\${fpath[1]}/_morrow", or source it behind compinit.
_morrow() {
  local -a found
  found=("\${(@f)$(morrow __complete "\${(@)words[2,CURRENT]}" 2>/dev/null | tr '\\t' ':')}")
  _describe 'morrow' found
}
if [ "$funcstack[1]" = "_morrow" ]; then _morrow "$@"; else compdef _morrow morrow; fi
`,
  fish: `# Completion of morrow for fish: morrow completion fish | source
complete -c morrow -f -a '(morrow __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
};
