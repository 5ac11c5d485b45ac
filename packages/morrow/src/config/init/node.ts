/** Servers with a package.json. */
import { dockerfileOf, withPort } from './docker.ts';
import type { Detected, Detector, FolderFacts } from './facts.ts';

interface Manifest {
  readonly main?: unknown;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Starts that listen on PORT without a word of it in any source. */
const KNOW_PORT = /\b(next start|nuxt|remix-serve|react-router-serve|fastify start|serve)\b/;

const ENTRIES = ['server', 'index', 'app', 'main', 'src/server', 'src/index', 'src/app', 'src/main'].flatMap(
  (name) => ['js', 'mjs', 'cjs', 'ts'].map((ending) => `${name}.${ending}`),
);

export const detectNode: Detector = (facts) => {
  const text = facts.texts.get('package.json');
  const manifest = text === undefined ? null : parse(text);
  if (manifest === null) return null;
  const start = startOf(facts, manifest);
  if (start === null) return null;
  const build = buildOf(facts, manifest);
  const port = dockerfileOf(facts)?.port ?? null;
  return {
    from: 'package.json',
    start,
    ...(build !== null && { build }),
    port,
    listensOnPort: KNOW_PORT.test(started(manifest)) || start.includes('$PORT'),
  } satisfies Detected;
};

function parse(text: string): Manifest | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

const started = ({ scripts }: Manifest) => scripts?.['start'] ?? '';

function startOf(facts: FolderFacts, manifest: Manifest): string | null {
  const script = started(manifest);
  // Without npm in between there is a process less, and it gets the signals itself.
  if (/^node [\w@./ =-]+$/.test(script)) return script;
  if (/\bvite( preview)?\b/.test(script)) return VITE;
  if (script !== '') return `${managerOf(facts).run} start`;
  const command = dockerfileOf(facts)?.command;
  if (command?.startsWith('node ')) return withPort(command, dockerfileOf(facts)?.port ?? null);
  if (/\bvite build\b/.test(manifest.scripts?.['build'] ?? '')) return VITE;
  const main = typeof manifest.main === 'string' ? manifest.main.replace(/^\.\//, '') : '';
  const entry = [main, ...ENTRIES].find(
    (path) => facts.files.includes(path) && isServer(facts.texts.get(path)),
  );
  return entry === undefined ? null : `node ${entry}`;
}

const VITE = 'npx vite preview --host $HOST --port $PORT --strictPort';

/** Whether a file is one that starts something, not a library's. */
function isServer(text: string | undefined): boolean {
  return text !== undefined && /\b(listen|serve|createServer)\s*\(/.test(text);
}

function buildOf(facts: FolderFacts, manifest: Manifest): string | null {
  const { install, run } = managerOf(facts);
  const depends = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).length > 0;
  const steps = [...(depends ? [install] : []), ...(manifest.scripts?.['build'] ? [`${run} run build`] : [])];
  return steps.length === 0 ? null : steps.join(' && ');
}

/** The package manager by its lockfile. */
function managerOf({ files }: FolderFacts): { install: string; run: string } {
  if (files.includes('pnpm-lock.yaml')) return { install: 'pnpm install --frozen-lockfile', run: 'pnpm' };
  if (files.includes('yarn.lock')) return { install: 'yarn install --frozen-lockfile', run: 'yarn' };
  if (files.includes('bun.lock') || files.includes('bun.lockb'))
    return { install: 'bun install', run: 'bun' };
  const locked = files.includes('package-lock.json') || files.includes('npm-shrinkwrap.json');
  return { install: locked ? 'npm ci' : 'npm install', run: 'npm' };
}
