import { on, type Run } from '../context.ts';
import { sendCommand } from '../send-command.ts';

/** `morrow promote [env] [service] [--full]`: ends the bake or passes the gate; `--full` skips all that is left. */
export const run: Run = async (context) => {
  await sendCommand(context, { type: 'promote', full: on(context.options, 'full') });
  return 0;
};
