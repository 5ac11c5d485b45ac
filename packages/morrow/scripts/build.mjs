/**
 * Builds dist/, what the published package holds: the public entry, every program (each `main.ts`) and the
 * declarations of the public entry. Plain JavaScript, so that `npm pack` works with any Node that npm runs on.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { commanderWithoutProcesses, startQuickly } from './start-quickly.mjs';

const folder = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const root = resolve(folder, '../..');
const dist = join(folder, 'dist');
const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

function entryPoints() {
  const src = join(folder, 'src');
  const programs = readdirSync(src, { recursive: true }).filter((path) => /(^|[/\\])main\.ts$/.test(path));
  // programs.ts finds the others by its own place, so it must not be folded into one of them: it is an entry too.
  return [join(src, 'index.ts'), join(src, 'programs.ts'), ...programs.map((path) => join(src, path))];
}

/** Libraries are bundled, so that the package brings no others; what stands under `dependencies` stays outside. */
async function bundle() {
  const { metafile, outputFiles } = await build({
    entryPoints: entryPoints(),
    outdir: dist,
    outbase: join(folder, 'src'),
    chunkNames: 'chunk-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    conditions: ['module', 'import'],
    mainFields: ['module', 'main'],
    external: Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }),
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'warning',
    plugins: [commanderWithoutProcesses],
  });
  for (const { path, text } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, startQuickly(text));
  }
  return Object.keys(metafile.inputs);
}

/** Bundled libraries keep their terms: each one's licence goes into one file beside the code. */
function licences(inputs) {
  const folders = new Set();
  for (const input of inputs) {
    const found = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(resolve(process.cwd(), input));
    if (found) folders.add(found[0]);
  }
  const texts = [...folders].sort().map((library) => {
    const { name, version, license } = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8'));
    const file = readdirSync(library).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) throw new Error(`${name} ${version} (${license}) holds no licence text to pass on.`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(library, file), 'utf8').trim()}\n`;
  });
  writeFileSync(join(dist, 'third-party-licenses.txt'), texts.join(`\n${'-'.repeat(80)}\n\n`));
}

function declarations() {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  const options = { stdio: ['ignore', process.stderr, 'inherit'] };
  execFileSync(process.execPath, [tsc, '-p', join(folder, 'tsconfig.declarations.json')], options);
}

rmSync(dist, { recursive: true, force: true });
licences(await bundle());
declarations();
copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
if (existsSync(join(root, 'README.md'))) copyFileSync(join(root, 'README.md'), join(folder, 'README.md'));
