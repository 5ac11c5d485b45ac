/** Where a command writes: data to stdout, everything else to stderr. */
import type { MorrowError } from '../errors.ts';
import type { TextStream } from './plain-stdout.ts';
import { errorDocument, renderError } from './render/error.ts';
import { ASCII, type Look, type Style, styleOf, UNICODE } from './render/style.ts';

export interface OutputOptions {
  readonly stdout: TextStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
  /** Data as JSON. */
  readonly json: boolean;
}

const DEFAULT_COLUMNS = 80;

export class Output {
  readonly json: boolean;
  readonly #options: OutputOptions;
  readonly #env: NodeJS.ProcessEnv;
  readonly #gone = new AbortController();
  #openStdout: TextStream | null = null;
  #openStderr: NodeJS.WriteStream | null = null;

  constructor(options: OutputOptions) {
    this.#options = options;
    this.#env = options.env;
    this.json = options.json;
  }

  // Node makes a stream when it is first asked for, in a tenth of the time that a whole command takes; most write to
  // one of the two only.
  get #stdout(): TextStream {
    if (this.#openStdout === null) {
      this.#openStdout = this.#options.stdout;
      this.#openStdout.on('error', this.#onError);
    }
    return this.#openStdout;
  }

  get #stderr(): NodeJS.WriteStream {
    this.#openStderr ??= this.#options.stderr.on('error', this.#onError);
    return this.#openStderr;
  }

  /** Aborted once nobody reads stdout any more (`morrow logs -f | head`). */
  get readerGone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Whether stderr can be redrawn in place. */
  get live(): boolean {
    return this.#stderr.isTTY === true && !dumb(this.#env) && !set(this.#env['CI']);
  }

  /** Lines of data for people. */
  data(lines: readonly string[]): void {
    if (lines.length > 0) this.raw(`${lines.join('\n')}\n`);
  }

  /** One JSON document on one line. */
  document(value: unknown): void {
    this.raw(`${JSON.stringify(value)}\n`);
  }

  /** Text to stdout as it is. Once the reader is gone it goes nowhere. */
  raw(text: string): void {
    if (!this.#gone.signal.aborted) this.#stdout.write(text);
  }

  /** Progress and remarks. */
  say(...lines: readonly string[]): void {
    if (lines.length > 0) this.#stderr.write(`${lines.join('\n')}\n`);
  }

  /** Text to stderr as it is, for what redraws. */
  draw(text: string): void {
    this.#stderr.write(text);
  }

  /** An error, for people; for programs too where they asked for JSON. */
  fail(error: MorrowError): void {
    this.say(...renderError(error, this.errorLook.style));
    if (this.json) this.document(errorDocument(error));
  }

  /** How stdout looks. */
  get look(): Look {
    return look(this.#stdout, this.#env);
  }

  /** How stderr looks. */
  get errorLook(): Look {
    return look(this.#stderr, this.#env);
  }

  /** Lines that stderr shows at once. */
  get rows(): number {
    return this.#stderr.rows || 24;
  }

  /** Calls `listener` when the terminal changes its size; returns how to stop. */
  onResize(listener: () => void): () => void {
    this.#stderr.on('resize', listener);
    return () => void this.#stderr.off('resize', listener);
  }

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') this.#gone.abort();
    else throw error;
  };
}

function look(stream: TextStream, env: NodeJS.ProcessEnv): Look {
  // In a file or a pipe nothing is cut off.
  const width = stream.isTTY === true ? stream.columns || DEFAULT_COLUMNS : Number.POSITIVE_INFINITY;
  const columns = Number(env['COLUMNS']) || width;
  return {
    columns: Math.max(20, columns),
    style: style(stream, env),
    signs: utf8(env) ? UNICODE : ASCII,
  };
}

/** NO_COLOR and FORCE_COLOR as everybody reads them: set and not empty; FORCE_COLOR=0 forces nothing. */
function style(stream: TextStream, env: NodeJS.ProcessEnv): Style {
  if (set(env['NO_COLOR'])) return styleOf(false);
  if (set(env['FORCE_COLOR'])) return styleOf(env['FORCE_COLOR'] !== '0');
  return styleOf(stream.isTTY === true && !dumb(env) && !set(env['CI']));
}

const set = (value: string | undefined): boolean => value !== undefined && value !== '';

const dumb = (env: NodeJS.ProcessEnv): boolean => env['TERM'] === 'dumb';

function utf8(env: NodeJS.ProcessEnv): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  // Without any locale (containers, CI) logs are read as UTF-8 nearly everywhere.
  return locale === '' || /utf-?8/i.test(locale);
}
