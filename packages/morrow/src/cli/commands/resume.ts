import type { Run } from '../context.ts';
import { sendCommand } from '../send-command.ts';

/** `morrow resume [env] [service]`: goes on after a pause or a hold. */
export const run: Run = async (context) => {
  await sendCommand(context, { type: 'resume' });
  return 0;
};
