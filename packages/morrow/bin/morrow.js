#!/usr/bin/env node
// Old syntax and no static import on purpose: a Node too old for Morrow must still be able to read this file
// and say what to do.
var major = Number(process.versions.node.split('.')[0]);

if (major < 24) {
  process.stderr.write(
    'morrow needs Node 24 or newer and this is Node ' +
      process.versions.node +
      ': install a newer one from https://nodejs.org, or run `make setup` in a checkout and put .tools/node/bin first on your PATH.\n',
  );
  process.exitCode = 1;
} else {
  // Keeps compiled code between runs: half of the start-up time would go into compiling the same files again.
  process.getBuiltinModule('node:module').enableCompileCache();
  var sources = new URL('../src/cli/main.ts', import.meta.url);
  // A checkout runs its sources as they are; a published package has no sources, only the bundle.
  import(process.getBuiltinModule('node:fs').existsSync(sources) ? sources.href : '../dist/main.js');
}
