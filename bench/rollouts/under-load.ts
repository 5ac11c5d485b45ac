import { join } from 'node:path';
import { Project } from '../../e2e/project.ts';
import { analyse, type LoadAnalysis } from '../load/analysis.ts';
import { readLog } from '../load/records.ts';
import { startLoad } from '../load/start.ts';

/** Requests per second while revisions are shipped. */
const RATE = 500;

/**
 * Ships one revision after the other under load and counts what users saw.
 * @param rollouts how many
 * @param bake how long each step is held, for example `'300ms'`
 * @throws Error when a rollout does not end promoted
 */
export async function shipUnderLoad(rollouts: number, bake: string): Promise<LoadAnalysis> {
  const project = await Project.create({ rollout: { bake } });
  try {
    await project.ok('up', 'test');
    await project.ok('deploy', 'test', 'web');
    const log = join(project.root, 'load.jsonl');
    const load = await startLoad({ url: project.url, rate: RATE, webSockets: 20, log });
    for (let n = 1; n <= rollouts; n++) {
      project.behave({ name: `revision ${n}` });
      await project.ok('deploy', 'test', 'web');
    }
    await load.stop();
    return analyse(await readLog(log));
  } finally {
    await project.remove();
  }
}
