import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { MorrowError } from '../errors.ts';
import { configIn } from './find.ts';
import { detectServices } from './init/detect.ts';
import { dockerfileOf } from './init/docker.ts';
import { type FolderFacts, readFacts } from './init/facts.ts';
import { writeConfig } from './init/write.ts';

/** A configuration that was proposed; nothing is written yet. */
export interface InitResult {
  /** Name of the file, to be written into the folder. */
  readonly file: string;
  readonly text: string;
  /** What a person should know, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * A configuration for a folder that has none: looks for package.json, Python, Go, Procfile, Dockerfile and static
 * pages, in the folder or in those below, and says how it starts, builds, listens and answers whether it is healthy.
 * @throws MorrowError `CONFIG_EXISTS` where there is one, `SERVICE_FOLDER_ABSENT`, `START_COMMAND_MISSING` where
 *   nothing tells how to start anything
 */
export function initConfig(folder: string): InitResult {
  const path = resolve(folder);
  if (!(statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false)) {
    throw new MorrowError('SERVICE_FOLDER_ABSENT', `There is no folder ${path}.`);
  }
  const existing = configIn(path);
  if (existing !== null) {
    throw new MorrowError(
      'CONFIG_EXISTS',
      `There is ${basename(existing)} in ${path} already; it stays as it is.`,
      {
        hint: '`morrow config` prints what it says.',
      },
    );
  }
  return proposeConfig(readFacts(path, basename(path)));
}

/**
 * The same of what is known of a folder.
 * @throws MorrowError `START_COMMAND_MISSING`
 */
export function proposeConfig(facts: FolderFacts): InitResult {
  const services = detectServices(facts);
  if (services.length === 0) throw nothingToStart(facts);
  return {
    file: 'morrow.config.ts',
    text: writeConfig(services),
    notes: services.flatMap(({ notes }) => notes),
  };
}

function nothingToStart(facts: FolderFacts): MorrowError {
  const dockerfile = dockerfileOf(facts);
  if (dockerfile !== null) {
    const command =
      dockerfile.command === null ? 'the command of its base image' : `\`${dockerfile.command}\``;
    return new MorrowError(
      'START_COMMAND_MISSING',
      `The Dockerfile starts ${command}, which there is in the image only, and so far Morrow runs processes.`,
      {
        hint: "Write a morrow.config.yaml whose service's `start` is the command that starts it on this machine.",
      },
    );
  }
  return new MorrowError('START_COMMAND_MISSING', 'Nothing here tells how to start a server.', {
    hint: 'Morrow looked for a package.json with a start script, app.py and its kin, go.mod, Procfile, Dockerfile and index.html. A morrow.config.yaml needs no more than services, a name and its `start`.',
  });
}
