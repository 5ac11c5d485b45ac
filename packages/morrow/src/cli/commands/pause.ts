import type { Run } from '../context.ts';
import { sendCommand } from '../send-command.ts';

/** `morrow pause [env] [service]`: holds the rollout where it is; guard and rollback go on. */
export const run: Run = async (context) => {
  await sendCommand(context, { type: 'pause' });
  return 0;
};
