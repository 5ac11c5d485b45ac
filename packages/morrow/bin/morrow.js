#!/usr/bin/env node
// Old syntax and no static import on purpose: a Node too old for Morrow must still be able to read this file
// and say what to do.
var sources;

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 1;
}

if (Number(process.versions.node.split('.')[0]) < 24) {
  fail(
    'morrow needs Node 24 or newer and this is Node ' +
      process.versions.node +
      ': install a newer one from https://nodejs.org or, in a checkout of Morrow, run `make setup` and put its .tools/node/bin first on your PATH.',
  );
} else {
  // Compiled code is kept between runs: compiling the same files again would take half of the start-up.
  process.getBuiltinModule('node:module').enableCompileCache();
  sources = new URL('../src/cli/main.ts', import.meta.url);
  // A checkout runs its sources as they are; a published package has no sources, only the bundle.
  import(process.getBuiltinModule('node:fs').existsSync(sources) ? sources.href : '../dist/cli/main.js').then(
    // Everything is written by now, for writes to files, terminals and pipes wait; ending here spares Node tidying up.
    () => process.exit(),
    (error) => {
      fail(`morrow could not start: ${process.argv.includes('--debug') ? error.stack : error.message}`);
    },
  );
}
