/** The agent of one environment, as the command line talks to it: every request of server/api.ts, typed. */
import { ERRORS, type ErrorCode, MorrowError } from '../errors.ts';
import { checkSocketFolder, type EnvironmentPaths } from '../paths.ts';
import type { LogLine } from '../platform/platform.ts';
import type * as Api from '../server/api.ts';
import type { JournalEntry } from '../store/store.ts';
import { lines, request, type UnixAnswer, type UnixRequest } from './unix-http.ts';

const ANSWER_MS = 30_000;
/** The agent itself gives smoke checks a minute. */
const SMOKE_MS = 90_000;

export interface LogQuery {
  readonly service: string;
  readonly slot: string | null;
  readonly tail: number;
  readonly follow: boolean;
}

/**
 * What an agent can be asked. All throw `Unreachable` where nobody answers, the agent's own `MorrowError`s,
 * and the signal's reason once it is aborted.
 */
export interface AgentClient {
  status(timeoutMs?: number): Promise<Api.StatusReport>;
  deploy(body: Api.DeployRequest): Promise<Api.DeployAnswer>;
  command(body: Api.CommandRequest): Promise<Api.CommandAnswer>;
  rollback(body: Api.RollbackRequest): Promise<Api.DeployAnswer>;
  restart(body: Api.RestartRequest): Promise<Api.DeployAnswer>;
  smoke(body: Api.SmokeRequest): Promise<Api.SmokeAnswer>;
  rollouts(service: string | null, limit: number): Promise<readonly Api.RolloutView[]>;
  rollout(id: string): Promise<Api.RolloutView>;
  journal(id: string, limit: number): Promise<readonly JournalEntry[]>;
  watch(id: string): AsyncIterable<Api.RolloutView>;
  logs(query: LogQuery): AsyncIterable<LogLine>;
  shutdown(body: Api.ShutdownRequest): Promise<unknown>;
}

export function agentClient(paths: EnvironmentPaths, signal: AbortSignal): AgentClient {
  const base = (method: 'GET' | 'POST', path: string, body?: unknown, timeoutMs = ANSWER_MS): UnixRequest => {
    checkSocketFolder(paths);
    return {
      socketPath: paths.agentSocket,
      method,
      path,
      timeoutMs,
      signal,
      ...(body === undefined ? {} : { body }),
    };
  };
  const get = async <T>(path: string, timeoutMs?: number): Promise<T> =>
    parse(await request(base('GET', path, undefined, timeoutMs)));
  const post = async <T>(path: string, body: unknown, timeoutMs?: number): Promise<T> =>
    parse(await request(base('POST', path, body, timeoutMs)));
  const stream = async function* <T>(path: string): AsyncGenerator<T, void> {
    for await (const line of lines(base('GET', path), errorOf)) yield JSON.parse(line) as T;
  };
  return {
    status: (timeoutMs) => get('/v1/status', timeoutMs),
    deploy: (body) => post('/v1/deploy', body),
    command: (body) => post('/v1/command', body),
    rollback: (body) => post('/v1/rollback', body),
    restart: (body) => post('/v1/restart', body),
    smoke: (body) => post('/v1/smoke', body, SMOKE_MS),
    rollouts: (service, limit) => get(`/v1/rollouts?${query({ service, limit })}`),
    rollout: (id) => get(`/v1/rollouts/${encodeURIComponent(id)}`),
    journal: (id, limit) =>
      get(`/v1/rollouts/${encodeURIComponent(id)}/journal?${query({ after: 0, limit })}`),
    watch: (id) => stream(`/v1/rollouts/${encodeURIComponent(id)}/watch`),
    logs: ({ service, slot, tail, follow }) =>
      stream(`/v1/logs?${query({ service, slot, tail, follow: follow ? 1 : null })}`),
    shutdown: (body) => post('/v1/shutdown', body),
  };
}

function query(values: Readonly<Record<string, string | number | null>>): string {
  const given = Object.entries(values).filter(([, value]) => value !== null);
  return new URLSearchParams(given.map(([key, value]): [string, string] => [key, String(value)])).toString();
}

function parse<T>(answer: UnixAnswer): T {
  if (answer.status !== 200) throw errorOf(answer);
  return JSON.parse(answer.text) as T;
}

/** The agent's error as it was thrown there. */
function errorOf({ status, text }: UnixAnswer): MorrowError {
  const { code, message, hint } = readError(text);
  if (code !== undefined && code in ERRORS && message !== undefined) {
    return new MorrowError(code as ErrorCode, message, { hint: hint ?? '' });
  }
  return new MorrowError('INTERNAL', `The agent answered ${status}: ${text.slice(0, 200)}.`);
}

function readError(text: string): { code?: string; message?: string; hint?: string } {
  try {
    return JSON.parse(text) as { code?: string; message?: string; hint?: string };
  } catch {
    return {};
  }
}
