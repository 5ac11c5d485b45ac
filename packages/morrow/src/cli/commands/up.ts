import { bringUpAndTell } from '../bring-up.ts';
import type { Run } from '../context.ts';
import { renderStatus } from '../render/status.ts';
import { chooseEnvironment } from '../where.ts';

/** `morrow up [env]`: starts edge and agent in the background and tells what serves. Deploys nothing. */
export const run: Run = async (context) => {
  const { out, pieces } = context;
  const project = await pieces.loadProject(context.cwd);
  const environment = chooseEnvironment(context, project, context.args[0]);
  const { status } = await bringUpAndTell(context, project.resolve(environment));
  if (out.json) out.document(status);
  else out.data(renderStatus(status, out.look));
  return 0;
};
