/** From words to an exit code: parses, calls the verb, and turns whatever is thrown into what a person should read. */
import { MorrowError } from '../errors.ts';
import { type Context, Interrupted } from './context.ts';
import { Output } from './output.ts';
import type { Pieces } from './pieces.ts';
import { plainStdout } from './plain-stdout.ts';
import { renderHelp } from './render/help.ts';
import { VERBS } from './verbs.ts';

/**
 * Runs one command line in this process; resolves to the exit code and never rejects.
 * @param words those behind `morrow`
 */
export async function runCommandLine(words: readonly string[], pieces: Pieces): Promise<number> {
  const { env } = process;
  const out = new Output({
    get stdout() {
      return plainStdout() ?? process.stdout;
    },
    get stderr() {
      return process.stderr;
    },
    env,
    json: words.includes('--json'),
  });
  const debug = words.includes('--debug') || Boolean(env['MORROW_DEBUG']);
  const stop = new AbortController();
  const signals = listenToSignals(stop);
  try {
    return await dispatch(words, {
      cwd: process.cwd(),
      env,
      out,
      // A configuration is a program: one that never ends must end by the first signal.
      pieces: { ...pieces, loadProject: (cwd) => signals.without(() => pieces.loadProject(cwd)) },
      signal: stop.signal,
    });
  } catch (error) {
    if (error instanceof Interrupted) return error.exitCode;
    const known = asMorrowError(error);
    out.fail(known);
    if (debug) out.say(stackOf(error));
    return known.exitCode;
  } finally {
    signals.off();
  }
}

type Surroundings = Omit<Context, 'args' | 'options'>;

async function dispatch(words: readonly string[], around: Surroundings): Promise<number> {
  const { out, pieces } = around;
  if (words[0] === '__complete') {
    const { complete } = await import('./complete.ts');
    await complete(words.slice(1), around);
    return 0;
  }
  if (words.length === 0 || (words.length === 1 && ['--help', '-h', 'help'].includes(words[0] ?? ''))) {
    out.data(renderHelp(VERBS, out.look));
    return 0;
  }
  const { parse } = await import('./program.ts');
  const parsed = parse(words, pieces.version, out.look);
  if (parsed.kind === 'text') {
    out.raw(parsed.text);
    return 0;
  }
  const { loadCommand } = await import('./load-command.ts');
  const run = await loadCommand(parsed.verb.name);
  return run({ ...around, args: parsed.args, options: parsed.options });
}

/** Ctrl-C and SIGTERM ask the command to leave; a second one ends it at once. */
function listenToSignals(stop: AbortController): Signals {
  const leave = (exitCode: number) => (): void => {
    if (stop.signal.aborted) process.exit(exitCode);
    stop.abort(new Interrupted(exitCode));
  };
  const interrupt = leave(130);
  const terminate = leave(143);
  const listen = (): void => {
    process.on('SIGINT', interrupt);
    process.on('SIGTERM', terminate);
  };
  const off = (): void => {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', terminate);
  };
  listen();
  return {
    off,
    async without(work) {
      off();
      try {
        return await work();
      } finally {
        listen();
      }
    },
  };
}

interface Signals {
  /** Leaves them to the system again. */
  off(): void;
  /** Does `work` while they are left to the system, which ends the process at once. */
  without<T>(work: () => Promise<T>): Promise<T>;
}

function asMorrowError(error: unknown): MorrowError {
  if (error instanceof MorrowError) return error;
  const { code, path, message } = error as NodeJS.ErrnoException;
  const where = path === undefined ? '' : `: ${path}`;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new MorrowError('DISK_FULL', `The disk is full${where}.`, {
      hint: 'Free some room, then run it again.',
      cause: error,
    });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new MorrowError('PERMISSION_DENIED', `The operating system refuses access${where}.`, {
      hint: '`morrow doctor` looks at the permissions.',
      cause: error,
    });
  }
  return new MorrowError('INTERNAL', `Morrow itself is at fault: ${message ?? String(error)}.`, {
    hint: 'Run it again with --debug and report what it prints, together with what `morrow doctor` says.',
    cause: error,
  });
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const beneath = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${beneath}`;
}
