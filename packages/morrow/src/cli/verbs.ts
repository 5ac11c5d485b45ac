/** Every verb of the command line as data: help, parsing and shell completion are all made from this. */

export interface VerbOption {
  /** As commander reads it: `-f, --follow`, `--tail <n>`. */
  readonly flags: string;
  readonly text: string;
}

export interface Verb {
  /** Words that call it: `deploy`, `agent logs`. */
  readonly name: string;
  readonly text: string;
  /** As commander reads them: `[env]` may be left out, `<url>` not. */
  readonly args: readonly string[];
  readonly options: readonly VerbOption[];
  /** Heading in `morrow --help`. */
  readonly group: 'Ship' | 'Look' | 'Steer' | 'Environment' | 'Project';
  /** Something to know that the options do not say. */
  readonly more?: string;
}

const JSON_OPTION: VerbOption = { flags: '--json', text: 'print data as JSON on stdout' };
const DETACH: VerbOption = { flags: '-d, --detach', text: 'do not follow the rollout' };
const ENV_SERVICE = ['[env]', '[service]'];

const EXIT_CODES =
  'Exit codes: 0 promoted, 1 error, 2 usage, 3 rolled back, aborted or failed, 4 timed out, stuck or unknown, 5 locked, 6 waits for a person, 130 left by Ctrl-C.';

/** Options that every verb takes. */
export const COMMON_OPTIONS: readonly VerbOption[] = [
  { flags: '--debug', text: 'show the stack of an error' },
  { flags: '-h, --help', text: 'show help' },
];

export const VERBS: readonly Verb[] = [
  {
    name: 'deploy',
    text: 'make a revision of each service and roll it out',
    args: ENV_SERVICE,
    options: [
      { flags: '--dry-run', text: 'only say what would be done' },
      DETACH,
      { flags: '--image <ref>', text: 'ship an image instead of the folder' },
      JSON_OPTION,
    ],
    group: 'Ship',
    more: EXIT_CODES,
  },
  { name: 'plan', text: 'what deploy would do', args: ENV_SERVICE, options: [JSON_OPTION], group: 'Ship' },
  {
    name: 'rollback',
    text: 'back to stable, or to the revision before',
    args: ENV_SERVICE,
    options: [
      { flags: '--to <revision>', text: 'go back to this revision' },
      { flags: '--i-know', text: 'even past a migration that the earlier revision may not fit' },
      DETACH,
      JSON_OPTION,
    ],
    group: 'Ship',
    more: 'Without a service: the one whose rollout is under way, else the one that was shipped last.',
  },
  {
    name: 'restart',
    text: 'roll the present revision out again',
    args: ENV_SERVICE,
    options: [DETACH, JSON_OPTION],
    group: 'Ship',
  },
  {
    name: 'status',
    text: 'what serves, and what is under way',
    args: ['[env]'],
    options: [JSON_OPTION],
    group: 'Look',
  },
  {
    name: 'watch',
    text: 'follow the rollout under way',
    args: ENV_SERVICE,
    options: [{ flags: '--rollout <id>', text: 'follow this rollout' }, JSON_OPTION],
    group: 'Look',
    more: EXIT_CODES,
  },
  {
    name: 'history',
    text: 'rollouts, the newest first',
    args: ENV_SERVICE,
    options: [{ flags: '-n, --limit <n>', text: 'at most so many (20)' }, JSON_OPTION],
    group: 'Look',
  },
  {
    name: 'history show',
    text: 'one rollout with its journal',
    args: ['<rollout>', '[env]'],
    options: [
      { flags: '-n, --limit <n>', text: 'at most so many entries of the journal (1000)' },
      JSON_OPTION,
    ],
    group: 'Look',
  },
  {
    name: 'logs',
    text: 'what a service wrote',
    args: ENV_SERVICE,
    options: [
      { flags: '-f, --follow', text: 'go on with new lines' },
      { flags: '-n, --tail <n>', text: 'begin with the last n lines (100)' },
      { flags: '--slot <slot>', text: 'only blue or green' },
      JSON_OPTION,
    ],
    group: 'Look',
  },
  {
    name: 'health',
    text: 'wait until <url>/health answers',
    args: ['<url>'],
    options: [
      { flags: '--timeout <time>', text: 'for how long (30s)' },
      { flags: '--interval <time>', text: 'how often (5s)' },
      JSON_OPTION,
    ],
    group: 'Look',
  },
  {
    name: 'smoke',
    text: 'run the smoke checks against what serves',
    args: ENV_SERVICE,
    options: [JSON_OPTION],
    group: 'Look',
  },
  {
    name: 'pause',
    text: 'hold the rollout where it is',
    args: ENV_SERVICE,
    options: [JSON_OPTION],
    group: 'Steer',
  },
  { name: 'resume', text: 'go on after a pause', args: ENV_SERVICE, options: [JSON_OPTION], group: 'Steer' },
  {
    name: 'promote',
    text: 'end the bake, or pass the gate',
    args: ENV_SERVICE,
    options: [{ flags: '--full', text: 'skip all further steps and bakes' }, JSON_OPTION],
    group: 'Steer',
  },
  {
    name: 'abort',
    text: 'end the rollout, all traffic back to stable',
    args: ENV_SERVICE,
    options: [{ flags: '-d, --detach', text: 'do not wait until the traffic is back' }, JSON_OPTION],
    group: 'Steer',
  },
  {
    name: 'up',
    text: 'start an environment on this machine',
    args: ['[env]'],
    options: [JSON_OPTION],
    group: 'Environment',
  },
  {
    name: 'down',
    text: 'stop services, agent and edge',
    args: ['[env]'],
    options: [JSON_OPTION],
    group: 'Environment',
  },
  {
    name: 'agent logs',
    text: 'what the agent wrote',
    args: ['[env]'],
    options: [
      { flags: '-f, --follow', text: 'go on with new lines' },
      { flags: '-n, --tail <n>', text: 'begin with the last n lines (100)' },
      { flags: '--edge', text: 'those of the edge instead' },
    ],
    group: 'Environment',
  },
  {
    name: 'doctor',
    text: 'is everything there that Morrow needs',
    args: ['[env]'],
    options: [JSON_OPTION],
    group: 'Environment',
  },
  {
    name: 'init',
    text: 'write a configuration for a folder',
    args: ['[folder]'],
    options: [JSON_OPTION],
    group: 'Project',
  },
  {
    name: 'config',
    text: 'the configuration with its defaults filled in',
    args: ['[env]'],
    options: [JSON_OPTION, { flags: '--schema', text: 'print the JSON Schema for editors' }],
    group: 'Project',
  },
  {
    name: 'completion',
    text: 'completion script for bash, zsh or fish',
    args: ['<shell>'],
    options: [],
    group: 'Project',
    more: 'bash: source <(morrow completion bash). zsh: morrow completion zsh into a file _morrow on the fpath. fish: morrow completion fish | source.',
  },
];
