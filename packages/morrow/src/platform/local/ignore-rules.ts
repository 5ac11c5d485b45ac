/** What of a service's folder is left out of its snapshot. */
import ignore from 'ignore';

/** Never part of a snapshot, wherever they lie: other tools' memory, Morrow's own state, and what running leaves behind. */
const ALWAYS = ['.git', '.hg', '.svn', '.morrow', '.DS_Store', '__pycache__'];

/** Folders that hold what a service depends on. Without a build nobody would bring them back. */
const DEPENDENCIES = ['node_modules', '.venv', 'venv', 'vendor'];

/** A build that installs the packages of Node itself. */
const INSTALLS_NODE = /\b((npm|pnpm|bun)\s+(ci|i|install)|yarn(\s+install)?)(\s|;|&|$)/;

export interface IgnoreRules {
  /** @param path relative to the folder, with `/` between its parts */
  leavesOut(path: string, isFolder: boolean): boolean;
}

export interface IgnoreSettings {
  /** As in `.gitignore`. */
  readonly patterns: readonly string[];
  /** Text of the folder's `.dockerignore`; null: there is none. */
  readonly dockerignore: string | null;
  readonly build: string | null;
}

/**
 * The rules, in this order:
 * 1. `.git`, `.morrow` and the like never belong to a snapshot.
 * 2. `node_modules` is left out where the build command installs it again (`npm ci`, `pnpm install`, `yarn`, …).
 * 3. The configuration's `ignore`, read as `.gitignore` is.
 * 4. `.dockerignore`, read as Docker does. It describes what a build needs, so where there is no build command it
 *    cannot leave out the folders of dependencies: nobody would bring them back.
 */
export function ignoreRules(settings: IgnoreSettings): IgnoreRules {
  const { build, patterns, dockerignore } = settings;
  const own = ignore().add([...ALWAYS]);
  if (build !== null && INSTALLS_NODE.test(build)) own.add('node_modules');
  own.add([...patterns]);
  const docker = dockerRules(dockerignore ?? '');
  return {
    leavesOut(path, isFolder) {
      if (own.ignores(isFolder ? `${path}/` : path)) return true;
      const dependencies = build === null && path.split('/').some((part) => DEPENDENCIES.includes(part));
      return !dependencies && docker(path, isFolder);
    },
  };
}

/**
 * Docker reads its file otherwise than git: patterns begin at the folder itself, the last that matches decides,
 * and `!` brings back what lies in a folder that was left out.
 */
function dockerRules(text: string): (path: string, isFolder: boolean) => boolean {
  const rules = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const back = line.startsWith('!');
      const pattern = (back ? line.slice(1) : line)
        .trim()
        .replace(/^\.?\/+/, '')
        .replace(/\/+$/, '');
      return { back, pattern, matches: ignore().add(`/${pattern}`) };
    })
    .filter(({ pattern }) => pattern !== '');
  const bringsBack = rules.some(({ back }) => back);
  return (path, isFolder) => {
    // What is left out of a folder can only be known by looking into it.
    if (isFolder && bringsBack) return false;
    const last = rules.findLast(({ matches }) => matches.ignores(path));
    return last !== undefined && !last.back;
  };
}
