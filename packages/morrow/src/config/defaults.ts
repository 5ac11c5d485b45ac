/** What holds where the configuration is silent. docs/configuration.md says the same, which a test checks. */
import type { AnalysisSettings } from '../engine/types.ts';

/** What an environment is for; decides the defaults that differ. */
export type Purpose = 'development' | 'staging' | 'production';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

export const SERVICE_DEFAULTS = {
  port: 8080,
  address: '127.0.0.1',
  pathPrefix: '/',
  readyPath: '/health',
  livePath: '/health/live',
  healthIntervalMs: SECOND,
  healthTimeoutMs: 2 * SECOND,
  healthFailures: 3,
  connectMs: 2 * SECOND,
  answerMs: 60 * SECOND,
  idleMs: 60 * SECOND,
  drainMs: 30 * SECOND,
  startTimeoutMs: 60 * SECOND,
  stopGraceMs: 10 * SECOND,
  count: 1,
  keepRevisions: 5,
  commandTimeoutMs: 10 * MINUTE,
  callTimeoutMs: 30 * SECOND,
  checkWithinMs: 5 * SECOND,
} as const;

export const ROLLOUT_DEFAULTS = {
  steps: ['5%', '50%', '100%'],
  progressDeadlineMs: 10 * MINUTE,
  maxExits: 2,
  capacityGraceMs: 5 * SECOND,
  onDrift: 'correct',
  onBusy: 'supersede',
  guard: { errorRatePct: 1, p99Ms: 500, windowMs: 5 * MINUTE, minRequests: 100 },
} as const;

export const FAILSAFE_MS = 30 * SECOND;

/**
 * Development: nobody wants to wait, and one developer's requests are never evidence enough.
 * Production: a person decides where the evidence does not.
 */
export const PURPOSE_DEFAULTS: Readonly<
  Record<Purpose, { readonly bakeMs: number; readonly insufficient: AnalysisSettings['insufficient'] }>
> = {
  development: { bakeMs: 10 * SECOND, insufficient: 'promote' },
  staging: { bakeMs: 5 * MINUTE, insufficient: 'promote' },
  production: { bakeMs: 5 * MINUTE, insufficient: 'hold' },
};

const NAMES: Readonly<Record<Exclude<Purpose, 'production'>, readonly string[]>> = {
  development: ['development', 'dev', 'local', 'test', 'demo'],
  staging: ['staging', 'stage', 'preview', 'qa'],
};

/** What an environment of that name is for where it does not say: production, unless the name says otherwise. */
export function purposeOf(environment: string): Purpose {
  if (NAMES.development.includes(environment)) return 'development';
  return NAMES.staging.includes(environment) ? 'staging' : 'production';
}
