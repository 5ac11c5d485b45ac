import { readdirSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What is known of a folder for which a configuration is written. */
export interface FolderFacts {
  /** The folder's name. */
  readonly name: string;
  /** Paths of its files, with `/`, without dependencies, results of builds' caches and what is hidden. */
  readonly files: readonly string[];
  /** Text of the small ones among them that tell something. */
  readonly texts: ReadonlyMap<string, string>;
  /** Programs on the PATH. */
  readonly has: (program: string) => boolean;
}

/** What a detector found out: a service that runs as a process. */
export interface Detected {
  /** From what, for people: `package.json`. */
  readonly from: string;
  readonly build?: string;
  readonly start: string;
  /** Where the server is used to listen; null: not known. */
  readonly port: number | null;
  readonly ignore?: readonly string[];
  /** Whether it listens on `PORT` although no file mentions it. */
  readonly listensOnPort?: boolean;
  readonly notes?: readonly string[];
}

/** Looks at a folder; null: not its kind. */
export type Detector = (facts: FolderFacts) => Detected | null;

const SKIPPED = new Set([
  'node_modules',
  '__pycache__',
  'venv',
  'vendor',
  'target',
  'coverage',
  'test',
  'tests',
]);
const TELLING =
  /(^|\/)(Dockerfile|Procfile|go\.mod|[^/]+\.(m?[jt]sx?|cjs|py|go|json|toml|txt|html|yaml|yml|lock))$/;
const DEPTH = 4;
const MOST_FILES = 3000;
const MOST_TEXT = 200_000;
const MOST_TEXTS = 8_000_000;

/** Reads what is to be known of a folder: names to a depth of four, and texts up to a size. */
export function readFacts(folder: string, name: string): FolderFacts {
  const files = filesIn(folder, '', DEPTH).slice(0, MOST_FILES);
  const texts = new Map<string, string>();
  let left = MOST_TEXTS;
  for (const file of files.filter((path) => TELLING.test(path))) {
    const { size } = statSync(join(folder, file));
    if (size > MOST_TEXT || size > left) continue;
    left -= size;
    texts.set(file, readFileSync(join(folder, file), 'utf8'));
  }
  return { name, files, texts, has: isOnPath };
}

/** The same facts as seen from a folder below. */
export function below(facts: FolderFacts, folder: string): FolderFacts {
  const prefix = `${folder}/`;
  const inside = <T>(entries: readonly T[], pathOf: (entry: T) => string): T[] =>
    entries.filter((entry) => pathOf(entry).startsWith(prefix));
  const texts = inside([...facts.texts], ([path]) => path);
  return {
    ...facts,
    name: folder.split('/').at(-1) ?? folder,
    files: inside(facts.files, (path) => path).map((path) => path.slice(prefix.length)),
    texts: new Map(texts.map(([path, text]) => [path.slice(prefix.length), text])),
  };
}

function filesIn(folder: string, prefix: string, depth: number): string[] {
  const entries = readdirSync(join(folder, prefix), { withFileTypes: true }).toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  const seen = entries.filter(({ name }) => !name.startsWith('.') && !SKIPPED.has(name));
  const files = seen.filter((entry) => entry.isFile()).map(({ name }) => prefix + name);
  if (depth === 1) return files;
  const folders = seen.filter((entry) => entry.isDirectory());
  return [...files, ...folders.flatMap(({ name }) => filesIn(folder, `${prefix}${name}/`, depth - 1))];
}

function isOnPath(program: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.some(
    (folder) => statSync(join(folder, program), { throwIfNoEntry: false })?.isFile() ?? false,
  );
}
