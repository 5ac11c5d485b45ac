import { writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Run } from '../context.ts';

/** `morrow init [folder]`: writes a configuration for a folder that has none. */
export const run: Run = async (context) => {
  const { out, pieces, args } = context;
  const folder = resolve(context.cwd, args[0] ?? '.');
  const { file, text, notes } = await pieces.initConfig(folder);
  const path = join(folder, file);
  // `wx`: never over a file that is there, even one that came a moment ago.
  writeFileSync(path, text, { flag: 'wx' });
  if (out.json) out.document({ file: path, notes });
  else out.data([`Wrote ${relative(context.cwd, path) || path}`]);
  out.say(...notes.map((note) => `  ${note}`), 'Ship it with `morrow deploy`.');
  return 0;
};
