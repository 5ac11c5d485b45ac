import { Project } from '../../e2e/project.ts';
import { Load } from '../../e2e/under-load.ts';
import type { LoadAnalysis } from '../load/analysis.ts';

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
    const load = await Load.on(project);
    for (let n = 1; n <= rollouts; n++) {
      project.behave({ name: `revision ${n}` });
      await project.ok('deploy', 'test', 'web');
    }
    return await load.stop();
  } finally {
    await project.remove();
  }
}
