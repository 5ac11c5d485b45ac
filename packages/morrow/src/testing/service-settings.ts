import type { ResolvedService } from '../config/resolved.ts';

/** Settings of a service as tests need them: quick checks, short drains, two targets. */
export function serviceSettings(overrides: Partial<ResolvedService> = {}): ResolvedService {
  return {
    name: 'backend',
    kind: 'http',
    folder: '/nowhere',
    dependsOn: [],
    runtime: 'process',
    build: null,
    start: 'node server.js',
    ignore: [],
    env: {},
    secrets: [],
    listen: { address: '127.0.0.1', port: 1, hosts: [], pathPrefix: '/' },
    health: { readyPath: '/health', livePath: '/health/live', intervalMs: 100, timeoutMs: 1000, failures: 2 },
    startTimeoutMs: 20_000,
    timeouts: { connectMs: 1000, answerMs: 5000, idleMs: 5000, drainMs: 2000 },
    maxBodyBytes: null,
    memoryBytes: null,
    stopGraceMs: 2000,
    onBusy: 'supersede',
    keepRevisions: 5,
    rollout: {
      kind: 'http',
      count: 2,
      steps: [{ weightPct: 100, bakeMs: 0, gate: false }],
      finalBakeMs: 0,
      progressDeadlineMs: 60_000,
      maxExits: 2,
      capacityGraceMs: 1000,
      smoke: [],
      migrations: { expand: null, contract: null },
      hooks: { beforeTraffic: [], afterPromote: [], afterRollback: [] },
      analysis: {
        enabled: true,
        insufficient: 'promote',
        guard: { errorRatePct: 1, p99Ms: 500, windowMs: 300_000, minRequests: 100 },
      },
      onDrift: 'correct',
    },
    ...overrides,
  };
}
