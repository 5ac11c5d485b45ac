/** Servers in Python. */
import { dockerfileOf, withPort } from './docker.ts';
import type { Detected, Detector, FolderFacts } from './facts.ts';

const SCRIPTS = ['app.py', 'main.py', 'server.py', 'run.py', 'src/app.py', 'src/main.py', 'src/server.py'];

export const detectPython: Detector = (facts) => {
  if (!facts.files.some((file) => /^([^/]+\/)?[^/]+\.py$/.test(file))) return null;
  const packages = packagesOf(facts);
  const found = commandOf(facts) ?? frameworkOf(facts) ?? scriptOf(facts);
  if (found === null) return null;
  const needed = [...packages.list, ...(found.needs ?? [])];
  const python = needed.length === 0 ? 'python3' : '.venv/bin/python';
  const port = dockerfileOf(facts)?.port ?? null;
  const start = `${python} ${found.command}`;
  const build = buildOf(packages, found.needs ?? []);
  return {
    from: packages.file ?? found.from,
    start,
    ...(build !== null && { build, ignore: ['.venv', 'venv'] }),
    port,
    listensOnPort: start.includes('$PORT'),
    ...(found.notes && { notes: found.notes }),
  } satisfies Detected;
};

interface Command {
  readonly from: string;
  /** What follows `python`. */
  readonly command: string;
  /** Packages that it needs and that nothing names. */
  readonly needs?: readonly string[];
  readonly notes?: readonly string[];
}

interface Packages {
  readonly file: string | null;
  /** In lower case, with what stands in brackets. */
  readonly list: readonly string[];
}

function packagesOf({ texts }: FolderFacts): Packages {
  const requirements = texts.get('requirements.txt');
  if (requirements !== undefined) {
    const list = requirements.split('\n').map((line) => line.replace(/#.*/, '').trim().toLowerCase());
    return { file: 'requirements.txt', list: list.filter((line) => line !== '') };
  }
  const project = texts.get('pyproject.toml');
  if (project === undefined || !/^\[(project|tool\.poetry)[\].]/m.test(project))
    return { file: null, list: [] };
  const dependencies = /^dependencies\s*=\s*\[([^\]]*(?:\[[^\]]*\][^\]]*)*)\]/m.exec(project)?.[1] ?? '';
  const list = [...dependencies.matchAll(/["']([^"']+)["']/g)].map(([, name]) => (name ?? '').toLowerCase());
  const poetry = /^\[tool\.poetry\.dependencies\]\n((?:[^[].*\n?)*)/m.exec(project)?.[1] ?? '';
  const named = [...poetry.matchAll(/^([\w-]+)\s*=/gm)].map(([, name]) => (name ?? '').toLowerCase());
  return { file: 'pyproject.toml', list: [...list, ...named.filter((name) => name !== 'python')] };
}

function buildOf({ file, list }: Packages, needs: readonly string[]): string | null {
  if (list.length === 0 && needs.length === 0) return null;
  const named = file === 'requirements.txt' ? ['-r requirements.txt'] : file === null ? [] : ['.'];
  // The build's folder is moved afterwards: only what goes through .venv/bin/python finds its packages then.
  return `python3 -m venv .venv && .venv/bin/python -m pip install ${[...named, ...needs].join(' ')}`;
}

const hasPackage = (facts: FolderFacts, name: string) =>
  packagesOf(facts).list.some((line) => new RegExp(`^${name}(?![\\w-])`).test(line));

/** A command that somebody wrote down already: for Heroku's kin, or for Docker. */
function commandOf(facts: FolderFacts): Command | null {
  const procfile = /^web:\s*(.+)$/m.exec(facts.texts.get('Procfile') ?? '')?.[1];
  const dockerfile = dockerfileOf(facts);
  const written = procfile ?? dockerfile?.command ?? '';
  const [, program, rest] =
    /^(?:\S*\/)?(python3?|gunicorn|uvicorn|hypercorn|flask)\s+(.+)$/.exec(written.trim()) ?? [];
  if (program === undefined || rest === undefined) return null;
  const from = procfile === undefined ? 'Dockerfile' : 'Procfile';
  const command = withPort(rest, procfile === undefined ? (dockerfile?.port ?? null) : null);
  return { from, command: program.startsWith('python') ? command : `-m ${program} ${command}` };
}

function frameworkOf(facts: FolderFacts): Command | null {
  if (facts.files.includes('manage.py')) return djangoOf(facts);
  for (const [file, text] of facts.texts) {
    if (!file.endsWith('.py')) continue;
    const [, variable, framework] =
      /^(\w+)\s*(?::\s*\w+\s*)?=\s*(?:\w+\.)?(FastAPI|Starlette|Flask|Quart)\(/m.exec(text) ?? [];
    if (variable === undefined) continue;
    const module = file
      .replace(/\.py$/, '')
      .replaceAll('/', '.')
      .replace(/\.__init__$/, '');
    return framework === 'Flask'
      ? flaskOf(facts, file, `${module}:${variable}`)
      : asgiOf(facts, file, `${module}:${variable}`);
  }
  return null;
}

function djangoOf(facts: FolderFacts): Command {
  const wsgi = facts.files.find((file) => /^[^/]+\/wsgi\.py$/.test(file));
  if (wsgi !== undefined && hasPackage(facts, 'gunicorn')) {
    return { from: wsgi, command: `-m gunicorn --bind $HOST:$PORT ${wsgi.replace('/wsgi.py', '.wsgi')}` };
  }
  return {
    from: 'manage.py',
    command: 'manage.py runserver --noreload $HOST:$PORT',
    notes: ["It runs on Django's own server, which is made for development; gunicorn would serve better."],
  };
}

function flaskOf(facts: FolderFacts, from: string, app: string): Command {
  if (hasPackage(facts, 'gunicorn')) return { from, command: `-m gunicorn --bind $HOST:$PORT ${app}` };
  return {
    from,
    command: `-m flask --app ${app} run --host $HOST --port $PORT`,
    needs: hasPackage(facts, 'flask') ? [] : ['flask'],
    notes: ["It runs on Flask's own server, which is made for development; gunicorn would serve better."],
  };
}

function asgiOf(facts: FolderFacts, from: string, app: string): Command {
  const brought = hasPackage(facts, 'uvicorn') || hasPackage(facts, 'fastapi\\[(standard|all)\\]');
  return {
    from,
    command: `-m uvicorn ${app} --host $HOST --port $PORT`,
    needs: brought ? [] : ['uvicorn'],
  };
}

function scriptOf({ files }: FolderFacts): Command | null {
  const script = SCRIPTS.find((file) => files.includes(file));
  return script === undefined ? null : { from: script, command: script };
}
