import { candidates } from './completion.ts';
import type { Context } from './context.ts';
import { findRoot, stateFolders } from './where.ts';

/** `morrow __complete <words>`: one candidate a line, with a tab before what it is. Never fails, says nothing else. */
export async function complete(
  words: readonly string[],
  { cwd, pieces, out }: Pick<Context, 'cwd' | 'pieces' | 'out'>,
): Promise<void> {
  const project = async () => pieces.loadProject(cwd).catch(() => null);
  const root = findRoot(cwd);
  const found = await candidates(words, {
    environments: async () =>
      (await project())?.environments.map((one) => one.name) ?? (root === null ? [] : stateFolders(root)),
    services: async () => (await project())?.services ?? [],
  });
  out.data(found.map(({ word, text }) => `${word}\t${text}`));
}
