import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { basename, extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { publicEntry } from '../programs.ts';

/** Where a program went wrong, as far as that can be told. */
export interface ModuleTrouble {
  /** Absolute; null: somewhere else. */
  readonly file: string | null;
  /** Counted from 1. */
  readonly line: number | null;
}

/** What `import … from 'morrow'` in a configuration gets: this very package, installed beside it or not. */
const PUBLIC_ENTRY = publicEntry();

/** Marks the modules of one load, so that the next load reads them again. */
const MARK = 'morrow-config';
let loads = 0;

/**
 * An `import()` that nobody rewrites: bundlers and test runners do that with those of our own sources, and a
 * configuration must be read as Node reads it.
 */
const IMPORTER: string = 'data:text/javascript,export default (url) => import(url)';
const nativeImport: Promise<{ default: (url: string) => Promise<{ default?: unknown }> }> = import(IMPORTER);

/**
 * The default export of a configuration in TypeScript or JavaScript; undefined where it has none. Each call runs the
 * file anew, with what it imports beside it.
 * @throws whatever the file throws; {@link troubleOf} tells where
 */
export async function readModule(file: string): Promise<unknown> {
  loads += 1;
  const mark = `${MARK}=${loads}`;
  const entry = `${pathToFileURL(file).href}?${mark}`;
  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      if (specifier === 'morrow') return { url: PUBLIC_ENTRY, shortCircuit: true };
      if (specifier === entry) return { url: entry, format: formatOf(file), shortCircuit: true };
      const resolved = nextResolve(specifier, context);
      if (context.parentURL?.includes(`?${mark}`) !== true || !isOwnFile(resolved.url)) return resolved;
      // Without a format Node would look into the file for one, and warn that this takes time.
      const format = resolved.url.endsWith('.ts') ? 'module-typescript' : resolved.format;
      return { ...resolved, url: `${resolved.url}?${mark}`, format };
    },
  });
  try {
    const { default: load } = await nativeImport;
    return (await load(entry)).default;
  } finally {
    hooks.deregister();
  }
}

/** Where in the configuration, or in what it imports, an error comes from. */
export function troubleOf(file: string, error: unknown): ModuleTrouble {
  if (!(error instanceof Error)) return { file: null, line: null };
  const place =
    placeIn(error.stack ?? '') ??
    placeOfImport(error.message) ??
    (error instanceof SyntaxError ? placeOfSyntaxError(file, error) : null);
  return place ?? { file: null, line: null };
}

function placeIn(text: string): ModuleTrouble | null {
  const [, url, line] = new RegExp(`(file://[^\\s()]+)\\?${MARK}=\\d+:(\\d+)`).exec(text) ?? [];
  return url === undefined ? null : { file: fileURLToPath(url), line: Number(line) };
}

/** The line that imports what cannot be found. */
function placeOfImport(message: string): ModuleTrouble | null {
  const [, wanted, file] =
    /^Cannot find (?:package|module) '([^']+)' imported from (\/.+)$/.exec(message) ?? [];
  if (wanted === undefined || file === undefined) return null;
  const lines = readFileSync(file, 'utf8').split('\n');
  const index = lines.findIndex(
    (line) => /\b(import|from|require)\b/.test(line) && line.includes(basename(wanted)),
  );
  return { file, line: index === -1 ? null : index + 1 };
}

/** V8 tells where JavaScript is malformed only as it prints an error that nobody caught: so it is asked to. */
function placeOfSyntaxError(file: string, error: SyntaxError): ModuleTrouble | null {
  const url = `${pathToFileURL(file).href}?${MARK}=0`;
  const answer = JSON.stringify({ url, format: formatOf(file), shortCircuit: true });
  const program = `
    import { registerHooks } from 'node:module';
    registerHooks({ resolve: (specifier, context, next) => specifier === ${JSON.stringify(url)} ? ${answer} : next(specifier, context) });
    await import(${JSON.stringify(url)});`;
  const { stderr } = spawnSync(
    process.execPath,
    ['--no-warnings', '--input-type=module', '--eval', program],
    {
      encoding: 'utf8',
      timeout: 5000,
    },
  );
  return stderr?.includes(error.message) ? placeIn(stderr) : null;
}

/** How Node shall read the file, whatever the package.json beside it says. */
function formatOf(file: string): string {
  if (extname(file) === '.ts') return 'module-typescript';
  if (extname(file) === '.mjs') return 'module';
  return /^\s*(import|export)\b/m.test(readFileSync(file, 'utf8')) ? 'module' : 'commonjs';
}

function isOwnFile(url: string): boolean {
  return url.startsWith('file:') && !url.includes('/node_modules/') && url !== PUBLIC_ENTRY;
}
