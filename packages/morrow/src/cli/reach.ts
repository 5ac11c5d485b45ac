/** What to do when the agent does not answer: wait a moment where it is being started again, else say so plainly. */
import { existsSync } from 'node:fs';
import { MorrowError } from '../errors.ts';
import type { EnvironmentPaths } from '../paths.ts';
import { listens, Unreachable } from './unix-http.ts';
import { wait } from './wait.ts';

/** The edge starts a dead agent again within 2 s; a busy machine may take longer, ms. */
const PATIENCE_MS = 15_000;
/** Where the edge is gone as well, nobody starts either again, unless both are just being started, ms. */
const ALONE_MS = 2_000;
const RETRY_MS = 100;

/** An `Unreachable` as a person should read it; any other error as it is. */
export function explain(error: unknown, paths: EnvironmentPaths): unknown {
  if (!(error instanceof Unreachable)) return error;
  const { environment } = paths;
  switch (error.kind) {
    case 'absent':
      return existsSync(paths.upMarker)
        ? new MorrowError('AGENT_NOT_RUNNING', `The agent of ${environment} does not run.`, {
            hint: `\`morrow up ${environment}\` starts it again; \`morrow agent logs ${environment}\` says what happened.`,
            cause: error,
          })
        : new MorrowError('AGENT_NOT_RUNNING', `${environment} is not up.`, {
            hint: `\`morrow up ${environment}\` starts it.`,
            cause: error,
          });
    case 'denied':
      return new MorrowError('PERMISSION_DENIED', `${paths.agentSocket} belongs to another user.`, {
        hint: 'Run the command as the user who started the environment.',
        cause: error,
      });
    case 'lost':
      return gone(
        `The agent of ${environment} ended while it was asked; whether it did so is unknown.`,
        paths,
        error,
      );
    case 'silent':
      return gone(`The agent of ${environment} runs but does not answer.`, paths, error);
  }
}

/** The error of a command that has waited for the agent long enough. */
export const gone = (message: string, paths: EnvironmentPaths, cause?: unknown): MorrowError =>
  new MorrowError('AGENT_GONE', message, {
    hint: `\`morrow status ${paths.environment}\` tells what is so, \`morrow agent logs ${paths.environment}\` why.`,
    cause,
  });

/**
 * Asks, and asks again while the environment is meant to be up but its agent is away for a moment.
 * @param ask must be safe to repeat after a lost answer, unless `again` is `absent`
 * @param again `lost`: repeat after a lost answer as well; `absent`: only where nothing was sent
 * @throws MorrowError `AGENT_NOT_RUNNING`, `AGENT_GONE`, `PERMISSION_DENIED`
 */
export async function patiently<T>(
  paths: EnvironmentPaths,
  signal: AbortSignal,
  ask: () => Promise<T>,
  again: 'lost' | 'absent' = 'lost',
): Promise<T> {
  const begin = performance.now();
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const worthIt =
        error instanceof Unreachable &&
        (error.kind === 'absent' || (error.kind === 'lost' && again === 'lost')) &&
        existsSync(paths.upMarker);
      if (!worthIt) throw explain(error, paths);
      const patience = (await listens(paths.edgeSocket)) ? PATIENCE_MS : ALONE_MS;
      if (performance.now() - begin > patience) throw explain(error, paths);
    }
    await wait(RETRY_MS, signal);
  }
}
