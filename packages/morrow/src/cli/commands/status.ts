import type { Run } from '../context.ts';
import { renderStatus } from '../render/status.ts';
import { openSession } from '../session.ts';

/** `morrow status [env]`: what serves, and what is under way. */
export const run: Run = async (context) => {
  const { out } = context;
  const session = await openSession(context, context.args[0]);
  const status = await session.ask((client) => client.status());
  if (out.json) out.document(status);
  else out.data(renderStatus(status, out.look));
  return 0;
};
