import { describe, expect, it } from 'vitest';
import { detectServices, type Proposal } from './detect.ts';
import { parseDockerfile } from './docker.ts';
import type { FolderFacts } from './facts.ts';

function facts(files: Record<string, string>, programs = ['python3', 'node', 'npx']): FolderFacts {
  return {
    name: 'My Shop',
    files: Object.keys(files).toSorted(),
    texts: new Map(Object.entries(files)),
    has: (program) => programs.includes(program),
  };
}

function only(files: Record<string, string>, programs?: string[]): Proposal {
  const found = detectServices(facts(files, programs));
  expect(found).toHaveLength(1);
  return found[0] as Proposal;
}

const manifest = (value: object) => JSON.stringify(value);
const SERVER = "createServer(f).listen(process.env.PORT ?? 4000); if (url === '/health') ok();";

describe('a folder with a package.json', () => {
  it('starts as its start script says, without npm in between where it can', () => {
    const files = {
      'package.json': manifest({ name: '@me/shop', scripts: { start: 'node src/server.js' } }),
      'src/server.js': SERVER,
    };
    expect(only(files)).toMatchObject({
      name: 'shop',
      build: null,
      start: 'node src/server.js',
      port: 4000,
      health: '/health',
      notes: ['shop: `node src/server.js`, from package.json.'],
    });
    const script = manifest({ scripts: { start: 'NODE_ENV=production node a.js' } });
    expect(only({ 'package.json': script, 'a.js': SERVER }).start).toBe('npm start');
  });

  it.each([
    ['package-lock.json', 'npm ci && npm run build', 'npm start'],
    ['pnpm-lock.yaml', 'pnpm install --frozen-lockfile && pnpm run build', 'pnpm start'],
    ['yarn.lock', 'yarn install --frozen-lockfile && yarn run build', 'yarn start'],
    ['bun.lock', 'bun install && bun run build', 'bun start'],
    ['nothing.txt', 'npm install && npm run build', 'npm start'],
  ])('is built by the package manager of %s', (lockfile, build, start) => {
    const text = manifest({ scripts: { build: 'tsc', start: 'next start' }, dependencies: { next: '1' } });
    expect(only({ 'package.json': text, [lockfile]: '' })).toMatchObject({ build, start });
  });

  it('starts the file that listens, where it has no start script', () => {
    expect(only({ 'package.json': '{}', 'index.js': SERVER }).start).toBe('node index.js');
    expect(only({ 'package.json': manifest({ main: './lib/run.js' }), 'lib/run.js': SERVER }).start).toBe(
      'node lib/run.js',
    );
    expect(only({ 'package.json': '{}', 'src/main.ts': SERVER }).start).toBe('node src/main.ts');
    expect(detectServices(facts({ 'package.json': '{}', 'index.js': 'export const a = 1;' }))).toEqual([]);
  });

  it('serves what Vite has built', () => {
    const text = manifest({ scripts: { dev: 'vite', build: 'vite build' }, devDependencies: { vite: '8' } });
    expect(only({ 'package.json': text, 'package-lock.json': '', 'index.html': '' })).toMatchObject({
      build: 'npm ci && npm run build',
      start: 'npx vite preview --host $HOST --port $PORT --strictPort',
      health: '/',
    });
  });

  it('takes port and command of its Dockerfile, where it says nothing itself', () => {
    const dockerfile = 'FROM node:24\nEXPOSE 5000\nCMD ["node", "dist/server.js"]';
    expect(
      only({ 'package.json': manifest({ scripts: { build: 'tsc' } }), Dockerfile: dockerfile }),
    ).toMatchObject({
      start: 'node dist/server.js',
      port: 5000,
    });
  });
});

describe('a folder with Python', () => {
  it('starts a script, with python3 alone where there are no packages', () => {
    expect(only({ 'app.py': "port = int(os.environ.get('PORT', '8123'))\n# /health" })).toMatchObject({
      name: 'my-shop',
      build: null,
      start: 'python3 app.py',
      port: 8123,
      ignore: [],
    });
  });

  it('is told when nothing in it listens on PORT, or answers for its health', () => {
    const { notes, health } = only({ 'server.py': 'HTTPServer(("", 8000), H).serve_forever()' });
    expect(health).toBe('/');
    expect(notes).toEqual([
      'my-shop: `python3 server.py`, from server.py.',
      'my-shop must listen on the port in the variable PORT; no file of it mentions that.',
      'my-shop counts as healthy when / answers 2xx; a path of its own, such as /health, would say more.',
    ]);
  });

  it('has packages installed in a place that may be moved', () => {
    const { build, start, ignore } = only({ 'main.py': 'PORT', 'requirements.txt': '# ours\nrequests==2\n' });
    expect(build).toBe('python3 -m venv .venv && .venv/bin/python -m pip install -r requirements.txt');
    expect(start).toBe('.venv/bin/python main.py');
    expect(ignore).toEqual(['.venv', 'venv']);
  });

  it.each<[string, Record<string, string>, string, RegExp]>([
    [
      'Flask',
      { 'app.py': 'app = Flask(__name__)', 'requirements.txt': 'Flask>=3\nflask-cors' },
      '.venv/bin/python -m flask --app app:app run --host $HOST --port $PORT',
      /-r requirements\.txt$/,
    ],
    [
      'Flask without requirements',
      { 'shop/__init__.py': 'web = flask.Flask(__name__)' },
      '.venv/bin/python -m flask --app shop:web run --host $HOST --port $PORT',
      /install flask$/,
    ],
    [
      'Flask behind gunicorn',
      { 'app.py': 'app = Flask(__name__)', 'requirements.txt': 'flask\ngunicorn' },
      '.venv/bin/python -m gunicorn --bind $HOST:$PORT app:app',
      /-r requirements\.txt$/,
    ],
    [
      'FastAPI',
      { 'src/main.py': 'api: FastAPI = FastAPI(title="x")', 'requirements.txt': 'fastapi[standard]==1' },
      '.venv/bin/python -m uvicorn src.main:api --host $HOST --port $PORT',
      /-r requirements\.txt$/,
    ],
    [
      'FastAPI without a server',
      { 'main.py': 'app = FastAPI()', 'pyproject.toml': '[project]\ndependencies = [\n  "fastapi>=1",\n]' },
      '.venv/bin/python -m uvicorn main:app --host $HOST --port $PORT',
      /install \. uvicorn$/,
    ],
    [
      'Django',
      { 'manage.py': '', 'shop/wsgi.py': '', 'requirements.txt': 'django' },
      '.venv/bin/python manage.py runserver --noreload $HOST:$PORT',
      /-r requirements\.txt$/,
    ],
    [
      'Django behind gunicorn',
      {
        'manage.py': '',
        'shop/wsgi.py': '',
        'pyproject.toml': '[tool.poetry.dependencies]\npython = "^3"\ndjango = "5"\ngunicorn = "23"\n',
      },
      '.venv/bin/python -m gunicorn --bind $HOST:$PORT shop.wsgi',
      /install \.$/,
    ],
    [
      'a Procfile',
      {
        Procfile: 'release: x\nweb: gunicorn shop:app --port $PORT\n',
        'shop.py': '',
        'requirements.txt': 'gunicorn',
      },
      '.venv/bin/python -m gunicorn shop:app --port $PORT',
      /-r requirements\.txt$/,
    ],
    [
      'a Dockerfile',
      {
        Dockerfile: 'FROM python:3\nEXPOSE 8000\nCMD ["gunicorn", "-b", "0.0.0.0:8000", "shop:app"]',
        'shop.py': '',
        'requirements.txt': 'gunicorn',
      },
      '.venv/bin/python -m gunicorn -b $HOST:$PORT shop:app',
      /-r requirements\.txt$/,
    ],
  ])('knows %s', (_, files, start, build) => {
    const found = only(files);
    expect(found.start).toBe(start);
    expect(found.build).toMatch(build);
  });
});

describe('other folders', () => {
  it('with Go are built from the package that is a program', () => {
    const files = {
      'go.mod': 'module shop',
      'cmd/server/main.go': 'package main\n// os.Getenv("PORT") /health',
      'lib/a.go': 'package lib',
    };
    expect(only(files)).toMatchObject({
      build: 'go build -o bin/server ./cmd/server',
      start: './bin/server',
      port: 8080,
    });
    expect(only({ 'go.mod': '', 'main.go': 'package main' }).build).toBe('go build -o bin/server .');
  });

  it('with a Procfile start what it says', () => {
    expect(only({ Procfile: 'web: bundle exec puma -p $PORT' })).toMatchObject({
      start: 'bundle exec puma -p $PORT',
    });
  });

  it('with pages are served by what the machine has', () => {
    expect(only({ 'public/index.html': '' })).toMatchObject({
      start: 'python3 -m http.server --bind $HOST --directory public $PORT',
      health: '/',
    });
    expect(only({ 'index.html': '' }, ['npx']).start).toBe('npx --yes serve --listen tcp://$HOST:$PORT .');
    expect(detectServices(facts({ 'index.html': '' }, []))).toEqual([]);
  });

  it('with a Dockerfile alone start its command, where this machine has the program', () => {
    const Dockerfile =
      'FROM debian AS x\nEXPOSE 1\nCMD ["a"]\nFROM debian\nEXPOSE 9000/tcp\nENTRYPOINT ["caddy", "run"]\nCMD ["--listen", "0.0.0.0:9000"]';
    expect(only({ Dockerfile }, ['caddy'])).toMatchObject({
      start: 'caddy run --listen $HOST:$PORT',
      port: 9000,
    });
    expect(detectServices(facts({ Dockerfile }, []))).toEqual([]);
  });

  it('that hold several services have one each, with names and ports of their own', () => {
    const backend = {
      'backend/package.json': manifest({ scripts: { start: 'node a.js' } }),
      'backend/a.js': 'PORT || 8080',
    };
    const found = detectServices(facts({ ...backend, 'apps/worker/app.py': 'PORT', 'docs/index.html': '' }));
    expect(found.map(({ name, folder, port }) => [name, folder, port])).toEqual([
      ['worker', 'apps/worker', 8080],
      ['backend', 'backend', 8081],
    ]);
  });
});

describe('a Dockerfile', () => {
  it('is read with comments, long lines and both forms of a command', () => {
    const text = 'FROM node\n# CMD no\nEXPOSE 3000 3001\nCMD node \\\n  server.js';
    expect(parseDockerfile(text)).toEqual({ port: 3000, command: 'node server.js' });
    expect(parseDockerfile('FROM x\nCMD ["sh", "-c", "echo it\'s $PORT"]').command).toBe(
      `sh -c 'echo it'\\''s $PORT'`,
    );
    expect(parseDockerfile('FROM x')).toEqual({ port: null, command: null });
  });
});
