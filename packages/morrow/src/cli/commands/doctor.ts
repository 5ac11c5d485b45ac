import { existsSync } from 'node:fs';
import { MorrowError } from '../../errors.ts';
import { environmentPaths } from '../../paths.ts';
import { agentStatus, edgeState, readMarker } from '../background.ts';
import type { Context, Run } from '../context.ts';
import { checkRunning, checkServices, checkState } from '../doctor/environment.ts';
import { bad, type Finding, note, ok } from '../doctor/finding.ts';
import { checkDisk, checkDocker, checkNode, checkSystem } from '../doctor/machine.ts';
import { renderDoctor } from '../render/doctor.ts';
import { chooseEnvironment, findRoot } from '../where.ts';

/** `morrow doctor [env]`: a line for each thing that Morrow needs, with what to do. Exit code 1 where something is bad. */
export const run: Run = async (context) => {
  const { out, cwd } = context;
  const root = findRoot(cwd);
  const findings = [
    checkNode(process.versions.node),
    checkSystem(process.platform),
    checkDisk(root ?? cwd),
    await checkDocker(),
    ...(root === null
      ? [bad('config', `there is no morrow.config.ts in ${cwd} or above it`, 'morrow init')]
      : []),
    ...(root === null ? [] : await examine(context, root)),
  ];
  const broken = findings.filter((finding) => finding.state === 'bad').length;
  if (out.json) out.document({ ok: broken === 0, findings });
  else out.data(renderDoctor(findings, out.look));
  return broken === 0 ? 0 : 1;
};

async function examine(context: Context, root: string): Promise<Finding[]> {
  const { pieces, cwd, args, signal } = context;
  try {
    const project = await pieces.loadProject(cwd);
    const environment = chooseEnvironment(context, project, args[0]);
    const config = project.resolve(environment);
    const paths = environmentPaths(root, environment);
    const edge = await edgeState(paths, signal);
    const agent = await agentStatus(paths, signal);
    return [
      ok('config', `${project.file} is valid`),
      ...project.warnings.map((warning) => note('config', warning)),
      ...checkState(paths),
      ...(existsSync(paths.state)
        ? checkRunning(environment, { wanted: readMarker(paths) !== null, agent, edge })
        : []),
      ...(await checkServices(config, project.absent(config), edge)),
    ];
  } catch (error) {
    if (!(error instanceof MorrowError)) throw error;
    return [bad('config', error.message, error.hint)];
  }
}
