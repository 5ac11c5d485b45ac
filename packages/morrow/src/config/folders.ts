import { statSync } from 'node:fs';
import type { ResolvedConfig } from './resolved.ts';

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

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
