import { Hono } from 'hono';
import { SLOTS, type Slot } from '../engine/slot.ts';
import { ERRORS, type ErrorCode, MorrowError } from '../errors.ts';
import type { PlatformLogs } from '../platform/platform.ts';
import type { Store } from '../store/store.ts';
import type { AgentService } from './agent-service.ts';
import type {
  ApiError,
  CommandRequest,
  DeployRequest,
  RestartRequest,
  RollbackRequest,
  ShutdownRequest,
  SmokeRequest,
} from './api.ts';
import { ndjson } from './ndjson.ts';

export interface AppDeps {
  readonly agent: AgentService;
  readonly store: Store;
  readonly logs: PlatformLogs;
  /** Called once the answer to a shutdown request is on its way. */
  readonly onShutdown: (request: ShutdownRequest) => void;
}

/** The agent's HTTP API as `api.ts` describes it. */
export function createApp({ agent, store, logs, onShutdown }: AppDeps): Hono {
  const app = new Hono();
  app.get('/v1/status', async (c) => c.json(await agent.status()));
  app.post('/v1/deploy', async (c) => c.json(await agent.deploy(await c.req.json<DeployRequest>())));
  app.post('/v1/command', async (c) => c.json(await agent.command(await c.req.json<CommandRequest>())));
  app.post('/v1/rollback', async (c) => c.json(await agent.rollback(await c.req.json<RollbackRequest>())));
  app.post('/v1/restart', async (c) => c.json(await agent.restart(await c.req.json<RestartRequest>())));
  app.post('/v1/smoke', async (c) => c.json(await agent.smoke(await c.req.json<SmokeRequest>())));
  app.get('/v1/rollouts', async (c) =>
    c.json(await agent.history(c.req.query('service') ?? null, count(c.req.query('limit'), 20))),
  );
  app.get('/v1/rollouts/:id', async (c) => c.json(await agent.rollout(c.req.param('id'))));
  app.get('/v1/rollouts/:id/journal', async (c) =>
    c.json(
      await store.journal(
        c.req.param('id'),
        count(c.req.query('after'), 0),
        count(c.req.query('limit'), 1000),
      ),
    ),
  );
  app.get('/v1/rollouts/:id/watch', async (c) =>
    ndjson(c.req.raw.signal, await agent.watch(c.req.param('id'), c.req.raw.signal)),
  );
  app.get('/v1/logs', (c) => {
    const { service, slot, tail, follow } = c.req.query();
    const { signal } = c.req.raw;
    if (service === undefined) throw new MorrowError('UNKNOWN_SERVICE', 'No service was named.');
    return ndjson(
      signal,
      logs.logs(service, { slot: slotOf(slot), tail: count(tail, 100), follow: follow === '1', signal }),
    );
  });
  app.post('/v1/shutdown', async (c) => {
    const request = await c.req.json<ShutdownRequest>();
    setImmediate(() => onShutdown(request));
    return c.json({});
  });
  app.notFound((c) => c.json(apiError('USAGE', `The agent knows no ${c.req.method} ${c.req.path}.`), 404));
  app.onError((error, c) => {
    if (error instanceof SyntaxError)
      return c.json(apiError('USAGE', `The request is not JSON: ${error.message}.`), 400);
    if (!(error instanceof MorrowError)) return c.json(apiError('INTERNAL', error.message), 500);
    return c.json(apiError(error.code, error.message, error.hint), ERRORS[error.code].exit === 1 ? 409 : 400);
  });
  return app;
}

const apiError = (code: ErrorCode, message: string, hint = ''): ApiError => ({ code, message, hint });

const slotOf = (text: string | undefined): Slot | null => SLOTS.find((slot) => slot === text) ?? null;

/** A whole number of 0 or more; anything else is `otherwise`. */
function count(text: string | undefined, otherwise: number): number {
  const value = Number(text);
  return text !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : otherwise;
}
