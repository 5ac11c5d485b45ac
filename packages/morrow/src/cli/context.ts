/** What every command is given. */
import { hostname, userInfo } from 'node:os';
import type { Output } from './output.ts';
import type { Pieces } from './pieces.ts';

export type Options = Readonly<Record<string, string | boolean | undefined>>;

export interface Context {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly out: Output;
  readonly pieces: Pieces;
  /** Arguments in the order of the verb's description; what was not given is undefined. */
  readonly args: readonly (string | undefined)[];
  readonly options: Options;
  /** Aborted by Ctrl-C or SIGTERM; its reason is an {@link Interrupted}. */
  readonly signal: AbortSignal;
}

/** A verb: parse, call, render. Resolves to the exit code. */
export type Run = (context: Context) => Promise<number>;

/** The person (or the system) ended the command; no error. */
export class Interrupted extends Error {
  /** 130 after Ctrl-C, 143 after SIGTERM. */
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('interrupted');
    this.exitCode = exitCode;
  }
}

/** Text of an option; undefined where it was not given. */
export function text(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

/** Whether a switch was given. */
export const on = (options: Options, name: string): boolean => options[name] === true;

/** Who asks, for the journal: `MORROW_BY`, else the user's name and machine. */
export function whoAsks(env: NodeJS.ProcessEnv): string {
  if (env['MORROW_BY']) return env['MORROW_BY'];
  return `${env['USER'] || userName()}@${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user may have no name.
    return `uid ${process.getuid?.()}`;
  }
}
