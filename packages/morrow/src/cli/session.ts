/** What commands that talk to an agent have in common. */
import { MorrowError } from '../errors.ts';
import type { EnvironmentPaths } from '../paths.ts';
import type { ServiceStatus, StatusReport } from '../server/api.ts';
import { type AgentClient, agentClient } from './agent-client.ts';
import type { Context } from './context.ts';
import { patiently } from './reach.ts';
import { knownService, locate } from './where.ts';

export interface Session {
  readonly paths: EnvironmentPaths;
  readonly client: AgentClient;
  /** Asks the agent, waiting a moment where it is being started again; see {@link patiently}. */
  readonly ask: <T>(ask: (client: AgentClient) => Promise<T>, again?: 'lost' | 'absent') => Promise<T>;
}

/** A session with the agent of the environment that is meant (see {@link locate}); asks nothing yet. */
export async function openSession(context: Context, environment: string | undefined): Promise<Session> {
  return sessionAt(await locate(context, environment), context.signal);
}

/** A session with the agent at these paths. */
export function sessionAt(paths: EnvironmentPaths, signal: AbortSignal): Session {
  const client = agentClient(paths, signal);
  return { paths, client, ask: (ask, again) => patiently(paths, signal, () => ask(client), again) };
}

/**
 * The service that is meant: the one named, else the only one that `fits`, else the only one.
 * @throws MorrowError `UNKNOWN_SERVICE`, or `USAGE` where several could be meant
 */
export function chooseService(
  status: StatusReport,
  name: string | undefined,
  fits: (service: ServiceStatus) => boolean,
): ServiceStatus {
  const { services, environment } = status;
  const all = services.map((one) => one.service);
  if (name !== undefined) {
    const known = knownService(name, all, environment);
    const found = services.find((one) => one.service === known);
    if (found) return found;
  }
  const fitting = services.filter(fits);
  const candidates = fitting.length > 0 ? fitting : services;
  const [only] = candidates;
  if (candidates.length === 1 && only) return only;
  if (services.length === 0) {
    throw new MorrowError('UNKNOWN_SERVICE', `Nothing was deployed to ${environment} yet.`, {
      hint: `\`morrow deploy ${environment}\` ships what the configuration names.`,
    });
  }
  throw new MorrowError(
    'USAGE',
    `Which service is meant: ${candidates.map((one) => one.service).join(', ')}?`,
    {
      hint: `Name it behind the environment, for example \`${environment} ${only?.service}\`.`,
    },
  );
}

/** Whether a rollout of the service is under way. */
export const underWay = (service: ServiceStatus): boolean => service.rollout !== null;
