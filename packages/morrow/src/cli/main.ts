/**
 * The command line, and the one place that chooses what stands behind the interfaces. Loads as little as it can:
 * each part is imported when a verb first needs it.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MorrowError } from '../errors.ts';
import { programPath } from '../programs.ts';
import type { Pieces, Programs } from './pieces.ts';
import { runCommandLine } from './run.ts';

const near = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const programs: Programs = {
  self: [process.execPath, near('bin/morrow.js')],
  edge: [process.execPath, programPath('edge')],
};

const pieces: Pieces = {
  programs,
  version: () => (JSON.parse(readFileSync(near('package.json'), 'utf8')) as { version: string }).version,
  loadProject: async (cwd) => (await import('./load-project.ts')).loadProject(cwd),
  configSchema: async () => (await import('../config/json-schema.ts')).configJsonSchema(),
  initConfig: async (folder) => (await import('../config/init.ts')).initConfig(folder),
  yaml: async (value) => (await import('yaml')).stringify(value),
  makeRevision: async ({ service, stateDir, onLine, signal }) => {
    const { makeRevision } = await import('../platform/local/revisions.ts');
    const { revisionId } = await import('../config/revision-id.ts');
    const identify = (artifact: string): string => revisionId(artifact, service, {});
    return makeRevision(service, { stateDir, identify, nowMs: Date.now(), onLine, signal });
  },
};

/** The hidden verb `__agent --state DIR`: the agent of one environment, until it is told to end. */
async function agent(stateDir: string): Promise<number> {
  const { AgentProcess } = await import('./agent-process.ts');
  const { createLocalPlatform } = await import('../platform/local/platform.ts');
  const { openSqliteStore } = await import('../store/sqlite.ts');
  const around = new AgentProcess(resolve(stateDir), programs);
  const { edge, log, paths } = around;
  const { state, environment } = paths;
  const platform = createLocalPlatform({ stateDir: state, environment, edge, log });
  try {
    return await around.run(platform, openSqliteStore(join(state, 'journal.db')));
  } finally {
    await platform.close();
  }
}

const [verb, option, stateDir] = process.argv.slice(2);
if (verb === '__agent') {
  if (option !== '--state' || stateDir === undefined)
    throw new MorrowError('USAGE', '__agent needs --state DIR.');
  // Services that it started are its children and outlive it: nothing is waited for.
  process.exit(await agent(stateDir));
} else {
  process.exitCode = await runCommandLine(process.argv.slice(2), pieces);
}
