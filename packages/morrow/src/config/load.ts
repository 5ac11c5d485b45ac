import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, extname, relative, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { MorrowError } from '../errors.ts';
import { findConfig } from './find.ts';
import { ConfigInvalid } from './mistakes.ts';
import { jsonTrouble, positionsOf } from './positions.ts';
import { readModule, troubleOf } from './read-module.ts';
import type { ConfigSource } from './resolve.ts';
import type { Path } from './schema/walk.ts';
import { validate } from './validate.ts';
import type { Warning } from './warnings.ts';

/** A configuration without mistakes, and what is to be said of it all the same. */
export interface LoadedConfig extends ConfigSource {
  readonly warnings: readonly Warning[];
}

/** What a file holds, unchecked. */
interface Read {
  readonly value: unknown;
  readonly lineOf: (path: Path) => number | null;
}

/**
 * Finds the configuration of a folder (upwards), reads and validates it. Each call reads anew.
 * @param cwd where to begin
 * @param file this file instead, seen from `cwd`; null: look for one
 * @throws MorrowError `CONFIG_NOT_FOUND`; `CONFIG_UNREADABLE` with file and line; {@link ConfigInvalid} with all mistakes
 */
export async function loadConfig(cwd: string, file: string | null = null): Promise<LoadedConfig> {
  const path = file === null ? findConfig(cwd) : resolve(cwd, file);
  const shown = relative(cwd, path) || basename(path);
  if (!existsSync(path)) {
    throw new MorrowError('CONFIG_NOT_FOUND', `There is no file ${path}.`, {
      hint: 'Run `morrow init` to have a configuration written.',
    });
  }
  const { value, lineOf } = await read(path, shown);
  const { config, mistakes, warnings } = validate(value);
  if (config === null) throw new ConfigInvalid(shown, mistakes, lineOf);
  return { file: path, root: dirname(path), config, warnings };
}

async function read(path: string, shown: string): Promise<Read> {
  switch (extname(path)) {
    case '.ts':
    case '.js':
    case '.mjs':
      return { value: await program(path, shown), lineOf: () => null };
    case '.json':
      return json(textOf(path, shown), shown);
    case '.yaml':
    case '.yml':
      return yaml(textOf(path, shown), shown);
    default:
      throw unreadable(shown, 'a configuration ends in .ts, .js, .mjs, .json, .yaml or .yml');
  }
}

async function program(path: string, shown: string): Promise<unknown> {
  let value: unknown;
  try {
    value = await readModule(path);
  } catch (error) {
    const { file, line } = troubleOf(path, error);
    const elsewhere = file === null || file === path ? shown : relative(resolve(path, '..'), file);
    throw unreadable(line === null ? elsewhere : `${elsewhere}:${line}`, wordsOf(error), error);
  }
  if (value === undefined || typeof value === 'function') {
    const what = value === undefined ? 'there is no default export' : 'its default export is a function';
    throw unreadable(shown, what, undefined, 'It ends in `export default defineConfig({ … });`.');
  }
  return value;
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return `it threw ${JSON.stringify(error) ?? String(error)}`;
  const message = error.message.split('\n')[0] ?? '';
  // A path below is that of a module as it was loaded, with what marks the load.
  const words = message
    .replace(/\?morrow-config=\d+/g, '')
    .replace(/ imported from .*$/, '')
    .replace(/\.$/, '');
  return error instanceof SyntaxError || 'code' in error ? words : `it threw ${error.name}: ${words}`;
}

function json(text: string, shown: string): Read {
  const content = text.replace(/^\uFEFF/, '').trimEnd();
  try {
    return { value: JSON.parse(content), lineOf: positionsOf(text) };
  } catch (error) {
    const { line, words } = jsonTrouble(content, (error as Error).message);
    throw unreadable(`${shown}:${line}`, words, error);
  }
}

function yaml(text: string, shown: string): Read {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    logLevel: 'silent',
  });
  const [error] = document.errors;
  if (error !== undefined) {
    throw unreadable(`${shown}:${lines.linePos(error.pos[0]).line}`, error.message, error);
  }
  return { value: document.toJS({ maxAliasCount: 100 }), lineOf: positionsOf(text) };
}

function textOf(path: string, shown: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unreadable(shown, (error as Error).message.replace(/, \w+ '.*'$/, ''), error);
  }
}

function unreadable(place: string, what: string, cause?: unknown, hint = ''): MorrowError {
  return new MorrowError('CONFIG_UNREADABLE', `${place}: ${what}.`, { hint, cause });
}
