/**
 * What makes `morrow --help` start in the time of one and a half empty Node programs. Of the 13 ms that it took on
 * top of an empty program's 20, these two saved 5 (Node 24, medians of 60 runs).
 */
import { readFileSync } from 'node:fs';

/**
 * Commander loads `node:child_process` at once, but needs it only for subcommands that are programs of their own,
 * which Morrow has none of.
 */
export const commanderWithoutProcesses = {
  name: 'commander-without-processes',
  setup(build) {
    build.onLoad({ filter: /[/\\]commander[/\\]lib[/\\]command\.js$/ }, ({ path }) => {
      const before = "import childProcess from 'node:child_process';";
      const after =
        "const childProcess = { get spawn() { return process.getBuiltinModule('node:child_process').spawn; } };";
      const source = readFileSync(path, 'utf8');
      if (!source.includes(before)) throw new Error(`${path} no longer holds ${before}`);
      return { contents: source.replace(before, after), loader: 'js' };
    });
  },
};

const REQUIRE_HELPER = /\btypeof require\b/;

/**
 * Takes Node's own modules by `process.getBuiltinModule` instead of `import`: for each that is imported, Node copies
 * every export into a module made for the purpose, and for `node:process` opens stdin, stdout and stderr to do so.
 * @param text a file that esbuild wrote with `minifyWhitespace`
 */
export function startQuickly(text) {
  const rewritten = text.replace(
    /(?<=^|[;}\n])import(?:\s*([\w$]+))?,?(\{[^}]*\})?(?:\*as ([\w$]+))? ?from"(node:[\w/]+)";/g,
    (_statement, byDefault, named, all, name) => {
      if (named?.includes('default '))
        throw new Error(`Import ${name} by its default or by names, not both ways.`);
      const taken = `process.getBuiltinModule("${name}")`;
      const bindings = [byDefault, all].filter(Boolean).map((binding) => `${binding}=${taken}`);
      // `process` is there anyway; a binding of that name would hide what it is taken from.
      if (byDefault === 'process') bindings.shift();
      if (named) bindings.push(`${named.replace(/([\w$]+) as /g, '$1:')}=${taken}`);
      return bindings.length > 0 ? `const ${bindings.join(',')};` : '';
    },
  );
  if (!REQUIRE_HELPER.test(rewritten)) return rewritten;
  // Libraries that are CommonJS ask for Node's own modules with `require`.
  return `const require=process.getBuiltinModule("node:module").createRequire(import.meta.url);${rewritten}`;
}
