/** What a log says: pure functions of records. */
import {
  isDrainSignal,
  isRequest,
  isSocket,
  type LoadError,
  type LoadRecord,
  type RequestRecord,
  type SocketRecord,
} from './records.ts';

/** What users saw of one revision. */
export interface RevisionAnalysis {
  readonly requests: number;
  /** Failures of requests and WebSockets together. */
  readonly failures: number;
  /** Its share of all requests, 0–1. */
  readonly share: number;
  /** Requests per second between its first and its last; 0 with fewer than two. */
  readonly perSecond: number;
  /** Wall clock of its first and last request, ms; null without one. */
  readonly firstAt: number | null;
  readonly lastAt: number | null;
  readonly firstFailureAt: number | null;
  readonly lastFailureAt: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** What happened to WebSockets. */
export interface WebSocketAnalysis {
  readonly opened: number;
  /** Messages whose echo came. */
  readonly messages: number;
  /** Closed with a drain signal (1001, 1012): no failure. */
  readonly drained: number;
  /** Messages under way when a drain signal came: no failure either, the client knows that it must say them again. */
  readonly unansweredAtDrain: number;
  /** Messages that never came back although nothing told the client to go away. */
  readonly lost: number;
  readonly failures: number;
}

/** The whole of a log. */
export interface LoadAnalysis {
  readonly requests: number;
  /** All failures, of requests and of WebSockets. */
  readonly failures: number;
  /** Failures that a bad revision answered or lost itself. */
  readonly failedByBadRevision: number;
  /** All other failures: none is allowed. */
  readonly failedByShipping: number;
  /** The records of those, so that a report can name them. */
  readonly shippingFailures: readonly (RequestRecord | SocketRecord)[];
  readonly errors: Readonly<Partial<Record<LoadError, number>>>;
  readonly newConnections: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly webSockets: WebSocketAnalysis;
  /** By revision id; requests that no revision's name came back with are under the empty string. */
  readonly revisions: Readonly<Record<string, RevisionAnalysis>>;
}

/**
 * @param bad ids of revisions that are known to be broken. A failure is theirs only if its answer (or the edge's
 *   own error answer) named one of them in `x-morrow-revision`; every other failure counts as by shipping.
 */
export function analyse(records: readonly LoadRecord[], bad: ReadonlySet<string> = new Set()): LoadAnalysis {
  const requests = records.filter(isRequest);
  const sockets = records.filter(isSocket);
  const failures = [...requests, ...sockets].filter((record) => record.error !== null);
  const shippingFailures = failures.filter((record) => record.revision === null || !bad.has(record.revision));
  const latencies = sortedLatencies(requests);
  return {
    requests: requests.length,
    failures: failures.length,
    failedByBadRevision: failures.length - shippingFailures.length,
    failedByShipping: shippingFailures.length,
    shippingFailures: shippingFailures.sort((a, b) => a.at - b.at),
    errors: countErrors(failures),
    newConnections: requests.filter((record) => record.conn === 'new').length,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    webSockets: analyseSockets(sockets),
    revisions: analyseRevisions(requests, failures),
  };
}

/**
 * The value below or at which a share `q` (0–1) of the sorted values lies (nearest rank); null of none.
 */
export function quantile(sorted: ArrayLike<number>, q: number): number | null {
  if (sorted.length === 0) return null;
  const rank = Math.max(1, Math.ceil(q * sorted.length));
  return sorted[Math.min(rank, sorted.length) - 1] ?? null;
}

/** Requests of each revision per period, oldest first: shows how weights moved. */
export interface Period {
  readonly fromMs: number;
  readonly requests: Readonly<Record<string, number>>;
  readonly failures: number;
}

/** Cuts a log into periods of `lengthMs`, by when requests began. */
export function timeline(records: readonly LoadRecord[], lengthMs: number): Period[] {
  const periods = new Map<number, { requests: Record<string, number>; failures: number }>();
  for (const record of records) {
    if (!isRequest(record)) continue;
    const fromMs = Math.floor(record.at / lengthMs) * lengthMs;
    const period = periods.get(fromMs) ?? { requests: {}, failures: 0 };
    const name = record.revision ?? '';
    period.requests[name] = (period.requests[name] ?? 0) + 1;
    if (record.error !== null) period.failures += 1;
    periods.set(fromMs, period);
  }
  return [...periods].sort(([a], [b]) => a - b).map(([fromMs, period]) => ({ fromMs, ...period }));
}

const sortedLatencies = (requests: readonly RequestRecord[]): Float64Array =>
  Float64Array.from(requests, (record) => record.ms).sort();

function countErrors(
  failures: readonly (RequestRecord | SocketRecord)[],
): Partial<Record<LoadError, number>> {
  const errors: Partial<Record<LoadError, number>> = {};
  for (const { error } of failures) if (error !== null) errors[error] = (errors[error] ?? 0) + 1;
  return errors;
}

function analyseSockets(sockets: readonly SocketRecord[]): WebSocketAnalysis {
  const closed = sockets.filter((record) => record.kind === 'ws-close');
  const atDrain = closed.filter((record) => isDrainSignal(record.code));
  const broken = closed.filter((record) => record.error !== null);
  const said = sockets.filter((record) => record.kind === 'ws-message');
  const unanswered = (of: typeof closed): number => of.reduce((sum, record) => sum + record.unanswered, 0);
  return {
    opened: sockets.filter((record) => record.kind === 'ws-open' && record.error === null).length,
    messages: said.filter((record) => record.error === null).length,
    drained: atDrain.length,
    unansweredAtDrain: unanswered(atDrain),
    lost: unanswered(broken) + said.filter((record) => record.error === 'timeout').length,
    failures: sockets.filter((record) => record.error !== null).length,
  };
}

function analyseRevisions(
  requests: readonly RequestRecord[],
  failures: readonly (RequestRecord | SocketRecord)[],
): Record<string, RevisionAnalysis> {
  const ids = new Set([...requests, ...failures].map((record) => record.revision ?? ''));
  return Object.fromEntries(
    [...ids].map((id) => {
      const own = requests.filter((record) => (record.revision ?? '') === id);
      const failed = failures.filter((record) => (record.revision ?? '') === id);
      return [id, analyseRevision(own, failed, requests.length)];
    }),
  );
}

function analyseRevision(
  own: readonly RequestRecord[],
  failed: readonly (RequestRecord | SocketRecord)[],
  allRequests: number,
): RevisionAnalysis {
  const latencies = sortedLatencies(own);
  const [firstAt, lastAt] = span(own);
  const [firstFailureAt, lastFailureAt] = span(failed);
  const seconds = firstAt === null || lastAt === null ? 0 : (lastAt - firstAt) / 1000;
  return {
    requests: own.length,
    failures: failed.length,
    share: allRequests === 0 ? 0 : own.length / allRequests,
    perSecond: seconds === 0 ? 0 : (own.length - 1) / seconds,
    firstAt,
    lastAt,
    firstFailureAt,
    lastFailureAt,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
  };
}

function span(records: readonly { readonly at: number }[]): [number | null, number | null] {
  let first: number | null = null;
  let last: number | null = null;
  for (const { at } of records) {
    if (first === null || at < first) first = at;
    if (last === null || at > last) last = at;
  }
  return [first, last];
}
