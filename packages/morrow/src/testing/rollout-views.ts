/** Views as the agent gives them, for tests of what shows them. */
import type { RolloutView, ServiceStatus, SideView, StatusReport } from '../server/api.ts';

/** 2026-11-24 12:00:00 UTC. */
export const NOON = Date.UTC(2026, 10, 24, 12);

/** A revision that serves well. */
export function sideView(over: Partial<SideView> = {}): SideView {
  return {
    slot: 'blue',
    revision: { id: '3f2a91c0d4e1', artifact: `sha256:${'a1'.repeat(32)}`, createdAtMs: NOON - 86_400_000 },
    weightPct: 95,
    wanted: 3,
    running: 3,
    healthy: 3,
    exits: [],
    live: { requests: 12_040, errors: 0, requestsPerSecond: 95, p50Ms: 2.4, p99Ms: 11 },
    ...over,
  };
}

/** A rollout in its first step. */
export function rolloutView(over: Partial<RolloutView> = {}): RolloutView {
  return {
    id: 'backend-20261124-120000-3fa9',
    service: 'backend',
    environment: 'development',
    createdAtMs: NOON,
    nowMs: NOON + 12_000,
    phase: 'observing',
    phaseSinceMs: NOON + 8_000,
    step: 0,
    steps: [
      { weightPct: 5, bakeMs: 10_000, gate: false },
      { weightPct: 50, bakeMs: 10_000, gate: false },
      { weightPct: 100, bakeMs: 0, gate: false },
    ],
    waitingFor: 'the bake at 5 %: 6 s left',
    reason: null,
    weights: { blue: 95, green: 5 },
    stable: sideView(),
    candidate: sideView({
      slot: 'green',
      revision: { id: '9b8c7d6e5f40', artifact: `sha256:${'b2'.repeat(32)}`, createdAtMs: NOON },
      weightPct: 5,
      live: { requests: 620, errors: 3, requestsPerSecond: 5, p50Ms: 2.6, p99Ms: 14 },
    }),
    outcome: null,
    queued: null,
    exitCode: null,
    ...over,
  };
}

/** The same rollout after it was promoted. */
export function promotedView(over: Partial<RolloutView> = {}): RolloutView {
  const view = rolloutView();
  return rolloutView({
    phase: 'promoted',
    step: 2,
    nowMs: NOON + 40_000,
    waitingFor: '',
    weights: { blue: 0, green: 100 },
    candidate: { ...view.candidate, weightPct: 100 },
    outcome: {
      phase: 'promoted',
      reason: null,
      endedAtMs: NOON + 40_000,
      decidedAtMs: null,
      returnedAtMs: null,
      withoutComparison: false,
    },
    exitCode: 0,
    ...over,
  });
}

/** The same rollout after its candidate failed at 5 %. */
export function rolledBackView(over: Partial<RolloutView> = {}): RolloutView {
  const reason = {
    code: 'guard-errors',
    text: '12 of 240 requests of the candidate failed (5 %, allowed is 1 %).',
    lastLines: ['Error: no such table: orders', '    at handler (server.js:12:3)'],
  } as const;
  return rolloutView({
    phase: 'rolled-back',
    nowMs: NOON + 20_050,
    waitingFor: '',
    weights: { blue: 100, green: 0 },
    reason,
    outcome: {
      phase: 'rolled-back',
      reason,
      endedAtMs: NOON + 20_040,
      decidedAtMs: NOON + 20_000,
      returnedAtMs: NOON + 20_008,
      withoutComparison: false,
    },
    exitCode: 3,
    ...over,
  });
}

/** A service that serves, without a rollout. */
export function serviceStatus(over: Partial<ServiceStatus> = {}): ServiceStatus {
  return {
    service: 'backend',
    kind: 'http',
    url: 'http://127.0.0.1:8080/',
    serving: sideView({ weightPct: 100, live: null }),
    rollout: null,
    last: null,
    problems: [],
    ...over,
  };
}

/** An environment with one service. */
export function statusReport(over: Partial<StatusReport> = {}): StatusReport {
  return {
    environment: 'development',
    agent: { pid: 4242, startedAtMs: NOON - 300_000, epoch: 3 },
    edge: { pid: 4243, workers: [4244, 4245] },
    nowMs: NOON,
    services: [serviceStatus()],
    ...over,
  };
}
