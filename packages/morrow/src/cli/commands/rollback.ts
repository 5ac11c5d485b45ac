import type { ServiceStatus, StatusReport } from '../../server/api.ts';
import { followBegun } from '../begun.ts';
import { on, type Run, text, whoAsks } from '../context.ts';
import { chooseService, openSession, underWay } from '../session.ts';

/**
 * `morrow rollback [env] [service] [--to REVISION] [--i-know]`: back to stable within a rollout, after it to the
 * revision before. Without a service: the one whose rollout is under way, else the one that was shipped last.
 */
export const run: Run = async (context) => {
  const { out, args, options, env } = context;
  const session = await openSession(context, args[0]);
  const status = await session.ask((client) => client.status());
  const { service } = chooseService(status, args[1] ?? lastShipped(status), underWay);
  if (args[1] === undefined && status.services.length > 1) out.say(`Service: ${service} (shipped last).`);
  const request = { service, to: text(options, 'to') ?? null, force: on(options, 'iKnow'), by: whoAsks(env) };
  const answer = await session.ask((client) => client.rollback(request), 'absent');
  return followBegun(context, session, answer);
};

/** In an emergency nobody should have to look up a name: what went out last is what people want back. */
function lastShipped(status: StatusReport): string | undefined {
  const began = (service: ServiceStatus): number => (service.rollout ?? service.last)?.createdAtMs ?? 0;
  const active = status.services.filter(underWay);
  const among = active.length > 0 ? active : status.services;
  return [...among].sort((a, b) => began(b) - began(a))[0]?.service;
}
