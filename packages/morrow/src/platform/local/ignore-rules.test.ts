import { describe, expect, test } from 'vitest';
import { ignoreRules } from './ignore-rules.ts';

const rules = (over: { patterns?: string[]; dockerignore?: string; build?: string }) => {
  const made = ignoreRules({
    patterns: over.patterns ?? [],
    dockerignore: over.dockerignore ?? null,
    build: over.build ?? null,
  });
  return (path: string) => made.leavesOut(path.replace(/\/$/, ''), path.endsWith('/'));
};

describe('what is left out of a snapshot', () => {
  test('the memory of version control, Morrow and interpreters, at any depth', () => {
    const out = rules({});
    for (const path of ['.git/', 'lib/.git', '.morrow/', 'a/b/__pycache__/', '.DS_Store'])
      expect(out(path)).toBe(true);
    for (const path of ['.github/', '.gitignore', '.env', 'src/']) expect(out(path)).toBe(false);
  });

  test('node_modules only where the build installs it again', () => {
    expect(rules({})('node_modules/')).toBe(false);
    expect(rules({ build: 'tsc -p .' })('node_modules/')).toBe(false);
    for (const build of [
      'npm ci',
      'npm install && npm run build',
      'pnpm i --frozen-lockfile',
      'yarn',
      'bun install',
    ]) {
      expect(rules({ build })('node_modules/'), build).toBe(true);
      expect(rules({ build })('packages/a/node_modules/'), build).toBe(true);
    }
    expect(rules({ build: 'npm init' })('node_modules/')).toBe(false);
    expect(rules({ build: 'npm run install-fonts' })('node_modules/')).toBe(false);
  });

  test('patterns of the configuration are read as .gitignore is', () => {
    const out = rules({ patterns: ['*.md', '/data', 'logs/*', '!logs/keep'] });
    expect(out('docs/a.md')).toBe(true);
    expect(out('data/')).toBe(true);
    expect(out('src/data/')).toBe(false);
    expect(out('logs/today')).toBe(true);
    expect(out('logs/keep')).toBe(false);
  });

  test('.dockerignore begins at the folder itself and its last match decides', () => {
    const out = rules({ dockerignore: '# notes\n\n*.md\n**/*.log\n/secret/\n!README.md\n' });
    expect(out('a.md')).toBe(true);
    expect(out('docs/a.md')).toBe(false);
    expect(out('README.md')).toBe(false);
    expect(out('a/b/c.log')).toBe(true);
    expect(out('secret/key')).toBe(true);
    expect(out('a/secret/key')).toBe(false);
  });

  test('.dockerignore brings back a file in a folder that it left out', () => {
    const out = rules({ dockerignore: 'dist\n!dist/keep.js\n' });
    expect(out('dist/')).toBe(false);
    expect(out('dist/other.js')).toBe(true);
    expect(out('dist/keep.js')).toBe(false);
  });

  test('.dockerignore cannot leave out dependencies that no build would bring back', () => {
    const dockerignore = 'node_modules\n.venv\n.env\n';
    expect(rules({ dockerignore })('node_modules/')).toBe(false);
    expect(rules({ dockerignore })('node_modules/express/index.js')).toBe(false);
    expect(rules({ dockerignore })('.env')).toBe(true);
    expect(rules({ dockerignore, build: 'make' })('node_modules/')).toBe(true);
    expect(rules({ dockerignore, build: 'make' })('.venv/')).toBe(true);
  });
});
