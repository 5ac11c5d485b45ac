/**
 * What makes `morrow --help` start in the time of one and a half empty Node programs. Of the 13 ms that it took on
 * top of an empty program's 20, these two saved 5 (Node 24).
 */
import { readFileSync } from 'node:fs';

/**
 * Commander loads `node:child_process` at once, but needs it only for subcommands that are programs of their own,
 * which Morrow has none of.
 */
export const commanderWithoutProcesses = {
  name: 'commander-without-processes',
  load: {
    filter: { id: /[/\\]commander[/\\]lib[/\\]command\.js$/ },
    handler(id) {
      const before = "import childProcess from 'node:child_process';";
      const after =
        "const childProcess = { get spawn() { return process.getBuiltinModule('node:child_process').spawn; } };";
      const source = readFileSync(id, 'utf8');
      if (!source.includes(before)) throw new Error(`${id} no longer holds ${before}`);
      return source.replace(before, after);
    },
  },
};

const IMPORT =
  /(?<=^|[;}\n])import(?:\s*(?<byDefault>[\w$]+))?,?(?<named>\{[^}]*\})?(?:\*as (?<all>[\w$]+))? ?from(?<quote>["'`])(?<module>node:[\w/]+)\k<quote>;/g;

/**
 * Takes Node's own modules by `process.getBuiltinModule` instead of `import`: for each that is imported, Node copies
 * every export into a module made for the purpose, and for `node:process` opens stdin, stdout and stderr to do so.
 * @param code a file that the bundler wrote without whitespace
 */
export function startQuickly(code) {
  return code.replace(IMPORT, (...match) => {
    const { byDefault, named, all, module } = match.at(-1);
    if (named?.includes('default '))
      throw new Error(`Import ${module} by its default or by names, not both.`);
    const taken = `process.getBuiltinModule("${module}")`;
    // `process` is there anyway; a binding of that name would hide what it is taken from.
    const whole = [byDefault === 'process' ? null : byDefault, all].filter(Boolean);
    const bindings = whole.map((binding) => `${binding}=${taken}`);
    if (named) bindings.push(`${named.replace(/([\w$]+) as /g, '$1:')}=${taken}`);
    return bindings.length > 0 ? `const ${bindings.join(',')};` : '';
  });
}
