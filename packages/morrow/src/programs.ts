import { fileURLToPath } from 'node:url';

/**
 * Where a program of Morrow's own lies that runs as a process or thread of its own: `src/<name>/main.ts` in a
 * checkout, `dist/<name>/main.js` in the published package (scripts/build.mjs bundles every `main.ts`).
 * @param name folder below src, `edge` or `edge/process`
 * @returns an absolute path for `process.execPath` or a worker to run
 */
export function programPath(name: string): string {
  const here = import.meta.url;
  // The bundler puts what programs share into files directly below dist, beside the programs' folders.
  return fileURLToPath(new URL(`./${name}/main.${here.endsWith('.ts') ? 'ts' : 'js'}`, here));
}

/** What `import … from 'morrow'` gets, as a URL: `src/index.ts` in a checkout, `dist/index.js` in the published package. */
export function publicEntry(): string {
  const here = import.meta.url;
  return new URL(here.endsWith('.ts') ? './index.ts' : './index.js', here).href;
}
