/**
 * Every process is started through this small shell script, in a session of its own: it outlives the controller
 * and writes down how the process ended, even when nobody is there to ask.
 */
import { chmodSync, renameSync, writeFileSync } from 'node:fs';
import { readText, refusedBySystem } from './files.ts';

/** By its path: what a service's own PATH names must not decide what it is started with. */
export const SHELL = '/bin/sh';

/**
 * `started` is created exclusively (`set -C`): whoever creates it first decides whether the run takes place, the shim
 * by its nonce and pid, or a controller by cancelling. The command runs in the foreground, so that signals to the
 * group reach it while the shim, whose traps are handlers and thus not inherited, lives on to tell the end.
 */
const SCRIPT = `# Morrow: runs one command and writes down how it ended.
# Arguments: folder of the run, nonce, command.
dir=$1
nonce=$2
command=$3
trap : HUP INT TERM
set -C
printf '%s %s\\n' "$nonce" "$$" >"$dir/started" || exit 125
set +C
# A shell says on its own account how its command ended; that belongs into no log.
exec 3>&2 2>/dev/null
${SHELL} -c "$command" 2>&3 3>&-
code=$?
printf '%s\\n' "$code" >"$dir/exit"
`;

/**
 * Makes sure that the script lies at `path`.
 * @throws MorrowError `DISK_FULL`, `PERMISSION_DENIED`
 */
export function installShim(path: string): void {
  if (readText(path) === SCRIPT) return;
  const aside = `${path}.${process.pid}.part`;
  try {
    writeFileSync(aside, SCRIPT);
    chmodSync(aside, 0o500);
    // Never written in place: a shell that still reads the old one would stumble.
    renameSync(aside, path);
  } catch (error) {
    throw refusedBySystem(error, `writing ${path}`) ?? error;
  }
}

/** What only means something to a shell: with it a command isn't one program with its arguments. */
const SHELL_SYNTAX = /[;&|<>()`\n{}]/;

/** Quoted text, in which nothing has a meaning but, between double quotes, what is replaced. */
const QUOTED = /'[^']*'|"(\\.|[^"\\`(])*"/g;

/** First words that a shell must see itself. */
const SHELL_WORDS = new Set(
  ': . ! [[ alias bg break case cd command continue do done elif else esac eval exec exit export fg fi for function getopts hash if jobs local read readonly return set shift source then time times trap type ulimit umask unalias unset until wait while'.split(
    ' ',
  ),
);

/**
 * What the shell is given for a configured command: one program is `exec`ed, so that it takes the shell's place and
 * signals reach it alone; anything else (`cd app && ./run`, `PORT=1 node x`) stays as it is, and signals reach it
 * because they go to the whole group.
 */
export function shellCommand(command: string): string {
  const text = command.trim();
  const first = /^\S+/.exec(text)?.[0] ?? '';
  const plain =
    !SHELL_SYNTAX.test(text.replaceAll(QUOTED, '')) && !first.includes('=') && !SHELL_WORDS.has(first);
  return plain ? `exec ${text}` : text;
}
