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
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { commanderWithoutProcesses, startQuickly } from './start-quickly.mjs';

const folder = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const root = resolve(folder, '../..');
const src = join(folder, 'src');
const dist = join(folder, 'dist');
const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** By name below dist, without its ending. */
function entryPoints() {
  const programs = readdirSync(src, { recursive: true }).filter((path) => /(^|[/\\])main\.ts$/.test(path));
  // programs.ts finds the others by its own place, so it must not be folded into one of them: it is an entry too.
  const files = ['index.ts', 'programs.ts', ...programs];
  return Object.fromEntries(files.map((file) => [file.replace(/\.ts$/, ''), join(src, file)]));
}

/**
 * What the command line needs before it knows the verb becomes one file: opening ten small ones takes longer than
 * everything that is done with them. The program itself stays where it is, for it finds its neighbours from there.
 */
function startOf(program) {
  let reached = null;
  const reach = (id, context) => {
    if (reached.has(id)) return;
    reached.add(id);
    for (const next of context.getModuleInfo(id)?.importedIds ?? []) reach(next, context);
  };
  return (id, context) => {
    if (reached === null) {
      reached = new Set();
      reach(program, context);
    }
    return id !== program && id.startsWith(src + sep) && reached.has(id) ? 'start' : null;
  };
}

/** Libraries are bundled, so that the package brings no others; what stands under `dependencies` stays outside. */
async function bundle() {
  const build = await rolldown({
    input: entryPoints(),
    external: Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }),
    platform: 'node',
    plugins: [commanderWithoutProcesses],
    onwarn: (warning) => {
      throw new Error(warning.message);
    },
  });
  const { output } = await build.generate({
    format: 'esm',
    chunkFileNames: '[name]-[hash].js',
    comments: false,
    minify: { mangle: false, compress: true, codegen: { removeWhitespace: true } },
    codeSplitting: { groups: [{ debugName: 'start', name: startOf(join(src, 'cli/main.ts')) }] },
  });
  await build.close();
  for (const { fileName, code } of output) {
    const path = join(dist, fileName);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, startQuickly(code));
  }
  return output.flatMap((chunk) => chunk.moduleIds);
}

/** Bundled libraries keep their terms: each one's licence goes into one file beside the code. */
function licences(modules) {
  const folders = new Set();
  for (const module of modules) {
    const found = /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+/.exec(module);
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
