import { statSync } from 'node:fs';
import { relative } from 'node:path';
import { MorrowError } from '../errors.ts';
import type { ResolvedConfig, ResolvedService } from './resolved.ts';

/** A service that cannot run since there is nothing to run. */
export interface AbsentFolder {
  readonly service: string;
  /** Absolute. */
  readonly folder: string;
}

/** Services whose folder does not exist (yet): they are told, and not started; they do not stop the others. */
export function absentFolders(config: ResolvedConfig): AbsentFolder[] {
  return config.services
    .filter(({ folder }) => !isFolder(folder))
    .map(({ name, folder }) => ({ service: name, folder }));
}

/**
 * Makes sure that a service has a folder.
 * @throws MorrowError `SERVICE_FOLDER_ABSENT`
 */
export function requireFolder(config: ResolvedConfig, { name, folder }: ResolvedService): void {
  if (isFolder(folder)) return;
  const shown = relative(config.root, folder) || folder;
  throw new MorrowError(
    'SERVICE_FOLDER_ABSENT',
    `${name} has no folder: there is no ${shown} in ${config.root}.`,
    {
      hint: `Make it, or change services.${name}.folder.`,
    },
  );
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
