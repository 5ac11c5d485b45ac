/** Whether a service's port is free, before anything is shipped to it. */
import { createServer } from 'node:net';
import type { ResolvedService } from '../config/resolved.ts';
import { MorrowError } from '../errors.ts';
import type { EnvironmentPaths } from '../paths.ts';
import { edgeState } from './background.ts';

/**
 * Refuses a port that another program holds; one that this environment's edge listens on is fine.
 * @throws MorrowError `PORT_TAKEN` or `PERMISSION_DENIED`
 */
export async function checkPort(
  service: ResolvedService,
  paths: EnvironmentPaths,
  signal: AbortSignal,
): Promise<void> {
  const { port, address } = service.listen;
  const edge = await edgeState(paths, signal);
  const ours = edge?.services.some((one) => one.service.listen.port === port && one.listenProblem === null);
  if (ours) return;
  const problem = await whyNotFree(port, address);
  if (problem === 'EADDRINUSE') {
    throw new MorrowError(
      'PORT_TAKEN',
      `Port ${port}, where ${service.name} is to listen, is in use by another program.`,
      {
        hint: `Stop that program (\`lsof -i :${port}\` names it), or change \`listen.port\` of ${service.name}.`,
      },
    );
  }
  if (problem === 'EACCES') {
    throw new MorrowError(
      'PERMISSION_DENIED',
      `The operating system does not let this user listen on port ${port}.`,
      {
        hint: 'Ports below 1024 need privileges; a port such as 8080 does not.',
      },
    );
  }
}

/** The error code of listening there; null: it works, or fails for a reason that the edge will tell. */
export function whyNotFree(port: number, address: string): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? null));
    server.listen({ port, host: address, exclusive: true }, () => server.close(() => resolve(null)));
  });
}
