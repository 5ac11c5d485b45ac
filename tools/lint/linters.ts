import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { type Linter, ROOT } from './run.ts';

const NOT_OURS = ['**/node_modules/**', '.tools/**', '**/dist/**', '**/.morrow/**', '.demo/**'];

/** Files below a folder that match, or null where there are none. */
function files(root: string, ...patterns: string[]): string[] | null {
  const found = globSync(patterns, { cwd: root, exclude: NOT_OURS }).sort();
  return found.length > 0 ? found : null;
}

/** Puts fixed arguments before the files that match; null where no file does. */
function withFiles(patterns: string[], ...args: string[]): Linter['args'] {
  return (root) => {
    const found = files(root, ...patterns);
    return found && [...args, ...found];
  };
}

/** Formatting, habits, and the engine's purity (biome.json). */
export const biome: Linter = {
  name: 'biome',
  program: 'biome',
  args: () => ['check', '--error-on-warnings', '--colors=off', '--max-diagnostics=100', '.'],
  bundled: true,
};

export const typescript: Linter = {
  name: 'typescript',
  program: 'tsc',
  args: () => ['-p', 'tsconfig.json', '--noEmit'],
  bundled: true,
};

const ARCHITECTURE = join(ROOT, 'tools/lint/architecture.config.mjs');
const PARTS = ['packages', 'app', 'bench', 'demo', 'e2e', 'examples', 'tools'];

/** The rules of architecture.config.mjs. */
export const architecture: Linter = {
  name: 'architecture',
  program: 'depcruise',
  args: (root) => ['--config', ARCHITECTURE, ...PARTS.filter((part) => existsSync(join(root, part)))],
  bundled: true,
};

/** Files, exports and packages that nothing uses (knip.jsonc). */
export const unused: Linter = { name: 'knip', program: 'knip', args: () => ['--no-progress'], bundled: true };

/** Words that must not stand in some places (words.ts). */
export const words: Linter = {
  name: 'words',
  program: 'node',
  args: (root) => [join(ROOT, 'tools/lint/words.ts'), root],
  bundled: true,
};

/** In the order in which they run: the quick and telling ones first. */
export const LINTERS: readonly Linter[] = [
  biome,
  typescript,
  architecture,
  unused,
  words,
  {
    name: 'shellcheck',
    program: 'shellcheck',
    args: withFiles(['scripts/**/*.sh', '.ci/run', 'examples/**/*.sh', 'app/**/*.sh'], '--severity=style'),
    bundled: false,
  },
  {
    name: 'actionlint',
    program: 'actionlint',
    args: withFiles(['.github/workflows/*.yml', '.github/workflows/*.yaml'], '-shellcheck='),
    bundled: false,
  },
  {
    name: 'zizmor',
    program: 'zizmor',
    args: withFiles(
      ['.github/workflows/*.yml', '.github/workflows/*.yaml'],
      '--offline',
      '--no-progress',
      '--quiet',
    ),
    bundled: false,
  },
  {
    name: 'hadolint',
    program: 'hadolint',
    args: withFiles(['**/Dockerfile', '**/*.Dockerfile']),
    bundled: false,
  },
];
