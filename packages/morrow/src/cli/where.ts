/** Which project and which environment a command is about; cheap, so that `status` needn't load a configuration. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findConfig } from '../config/find.ts';
import { closest } from '../config/suggest.ts';
import { MorrowError } from '../errors.ts';
import { type EnvironmentPaths, environmentPaths, STATE_FOLDER } from '../paths.ts';
import type { Context } from './context.ts';
import type { Project } from './pieces.ts';

/** The folder at or above `cwd` that holds a configuration; null where there is none. */
export function findRoot(cwd: string): string | null {
  try {
    return dirname(findConfig(cwd));
  } catch (error) {
    if (error instanceof MorrowError && error.code === 'CONFIG_NOT_FOUND') return null;
    throw error;
  }
}

/**
 * Paths of the environment that is meant: the argument, else `MORROW_ENVIRONMENT`, else the only one that was ever
 * up here, else what the configuration says ({@link chooseEnvironment}).
 * @throws MorrowError `CONFIG_NOT_FOUND`, `UNKNOWN_ENVIRONMENT`, `NOT_SUPPORTED`
 */
export async function locate(context: Context, wanted: string | undefined): Promise<EnvironmentPaths> {
  const root = dirname(findConfig(context.cwd));
  const given = wanted ?? (context.env['MORROW_ENVIRONMENT'] || onlyStateFolder(root));
  if (given !== undefined && validName(given) && existsSync(environmentPaths(root, given).state)) {
    return environmentPaths(root, given);
  }
  const project = await context.pieces.loadProject(context.cwd);
  return environmentPaths(root, chooseEnvironment(context, project, wanted));
}

/**
 * The environment by the configuration: the argument, else `MORROW_ENVIRONMENT`, else the only local one, else
 * `development`. Says which where it was not given.
 * @throws MorrowError `UNKNOWN_ENVIRONMENT`, or `NOT_SUPPORTED` for one that is not on this machine
 */
export function chooseEnvironment(context: Context, project: Project, wanted: string | undefined): string {
  const local = project.environments.filter((one) => one.platform === 'local').map((one) => one.name);
  const fallback = local.length === 1 && local[0] !== undefined ? local[0] : 'development';
  const name = wanted ?? (context.env['MORROW_ENVIRONMENT'] || fallback);
  const found = project.environments.find((one) => one.name === name);
  if (!found) throw unknownEnvironment(project, name);
  if (found.platform === 'aws') {
    throw new MorrowError(
      'NOT_SUPPORTED',
      `${name} runs on AWS, a platform that this Morrow does not have yet.`,
      {
        hint: local.length > 0 ? `On this machine there is ${local.join(', ')}.` : '',
      },
    );
  }
  if (wanted === undefined) {
    const from = context.env['MORROW_ENVIRONMENT']
      ? 'from MORROW_ENVIRONMENT'
      : 'the environment on this machine';
    context.out.say(context.out.errorLook.style.dim(`Environment: ${name} (${from})`));
  }
  return name;
}

function unknownEnvironment(project: Project, name: string): MorrowError {
  const names = project.environments.map((one) => one.name);
  const near = closest(name, names);
  const service = project.services.includes(name)
    ? `${name} is a service: name the environment first, for example \`${names[0] ?? 'development'} ${name}\`.`
    : null;
  return new MorrowError('UNKNOWN_ENVIRONMENT', `There is no environment '${name}'.`, {
    hint: service ?? (near ? `Did you mean ${near}?` : `There is ${names.join(', ')}.`),
  });
}

/**
 * A service out of those known.
 * @throws MorrowError `UNKNOWN_SERVICE`
 */
export function knownService(name: string, known: readonly string[], environment: string): string {
  if (known.includes(name)) return name;
  const near = closest(name, known);
  const all = known.length > 0 ? `There is ${known.join(', ')}.` : 'Nothing was deployed yet.';
  throw new MorrowError('UNKNOWN_SERVICE', `There is no service '${name}' in ${environment}.`, {
    hint: near ? `Did you mean ${near}?` : all,
  });
}

/** Names of the environments that were ever up here. */
export function stateFolders(root: string): string[] {
  const base = join(root, STATE_FOLDER);
  if (!existsSync(base)) return [];
  const entries = readdirSync(base, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory() && validName(entry.name)).map((entry) => entry.name);
}

function onlyStateFolder(root: string): string | undefined {
  const names = stateFolders(root);
  return names.length === 1 ? names[0] : undefined;
}

const validName = (name: string): boolean => /^[a-z0-9][a-z0-9-]*$/i.test(name);
