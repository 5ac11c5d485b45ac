import type { AnalysisSettings, Check, Hook, RolloutSettings, Step } from '../engine/types.ts';
import { PURPOSE_DEFAULTS, type Purpose, ROLLOUT_DEFAULTS, SERVICE_DEFAULTS } from './defaults.ts';
import type { MergedService } from './merge.ts';
import type { CheckConfig, CommandConfig, HookConfig, RolloutConfig } from './types.ts';
import { parseDuration, parsePercent } from './values.ts';

/** A service's rollout in numbers. */
export function resolveRollout(service: MergedService, purpose: Purpose, count: number): RolloutSettings {
  const rollout = service.rollout ?? {};
  return {
    kind: service.kind ?? 'http',
    count,
    ...resolveSteps(rollout, purpose),
    progressDeadlineMs: ms(rollout.progressDeadline, ROLLOUT_DEFAULTS.progressDeadlineMs),
    maxExits: rollout.maxExits ?? ROLLOUT_DEFAULTS.maxExits,
    capacityGraceMs: ms(rollout.capacityGrace, ROLLOUT_DEFAULTS.capacityGraceMs),
    smoke: (service.smoke ?? []).map(resolveCheck),
    migrations: {
      expand: resolveCommand(service.migrations?.expand),
      contract: resolveCommand(service.migrations?.contract),
    },
    hooks: {
      beforeTraffic: (service.hooks?.beforeTraffic ?? []).map(resolveHook),
      afterPromote: (service.hooks?.afterPromote ?? []).map(resolveHook),
      afterRollback: (service.hooks?.afterRollback ?? []).map(resolveHook),
    },
    analysis: resolveAnalysis(rollout.analysis ?? {}, purpose),
    onDrift: rollout.onDrift ?? ROLLOUT_DEFAULTS.onDrift,
  };
}

/** Milliseconds of a duration, or the default. */
export function ms(duration: string | undefined, otherwise: number): number {
  return duration === undefined ? otherwise : parseDuration(duration);
}

/**
 * Steps and the last bake. At 100 % there is nothing left to compare: the bake of that step *is* the last one, which
 * keeps the stable revision warm, so that it isn't waited for twice.
 */
function resolveSteps(rollout: RolloutConfig, purpose: Purpose): { steps: Step[]; finalBakeMs: number } {
  const bakeMs = ms(rollout.bake, PURPOSE_DEFAULTS[purpose].bakeMs);
  const blueGreen = rollout.strategy === 'blue-green';
  const asked = rollout.steps ?? (blueGreen ? [] : ROLLOUT_DEFAULTS.steps);
  const steps = asked.map((step) => (typeof step === 'string' ? { weight: step } : step));
  const last = steps.findLast(({ weight }) => parsePercent(weight) === 100);
  const partial = blueGreen ? [] : steps.filter((step) => step !== last);
  return {
    steps: [
      ...partial.map(({ weight, bake, gate }) => ({
        weightPct: parsePercent(weight),
        bakeMs: ms(bake, bakeMs),
        gate: gate ?? false,
      })),
      { weightPct: 100, bakeMs: 0, gate: last?.gate ?? false },
    ],
    finalBakeMs: ms(last?.bake ?? rollout.finalBake, bakeMs),
  };
}

function resolveAnalysis(
  analysis: NonNullable<RolloutConfig['analysis']>,
  purpose: Purpose,
): AnalysisSettings {
  const { insufficient, guard = {} } = analysis === 'off' ? {} : analysis;
  const { errorRate, p99, window, minRequests } = guard;
  return {
    enabled: analysis !== 'off',
    insufficient: insufficient ?? PURPOSE_DEFAULTS[purpose].insufficient,
    guard: {
      errorRatePct: errorRate === undefined ? ROLLOUT_DEFAULTS.guard.errorRatePct : parsePercent(errorRate),
      p99Ms: ms(p99, ROLLOUT_DEFAULTS.guard.p99Ms),
      windowMs: ms(window, ROLLOUT_DEFAULTS.guard.windowMs),
      minRequests: minRequests ?? ROLLOUT_DEFAULTS.guard.minRequests,
    },
  };
}

function resolveCheck(check: string | CheckConfig): Check {
  const {
    name,
    method = 'GET',
    path,
    headers = {},
    body,
    expect = {},
  } = typeof check === 'string' ? ({ path: check } as CheckConfig) : check;
  const { status = [], bodyIncludes, within } = expect;
  return {
    name: name ?? `${method} ${path}`,
    method,
    path,
    headers,
    body: body ?? null,
    expect: {
      status: typeof status === 'number' ? [status] : status,
      bodyIncludes: bodyIncludes ?? null,
      withinMs: ms(within, SERVICE_DEFAULTS.checkWithinMs),
    },
  };
}

function resolveHook(hook: HookConfig): Hook {
  if (typeof hook === 'string') {
    return { name: hook, type: 'command', command: hook, timeoutMs: SERVICE_DEFAULTS.commandTimeoutMs };
  }
  if ('command' in hook) {
    const { name, command, timeout } = hook;
    const timeoutMs = ms(timeout, SERVICE_DEFAULTS.commandTimeoutMs);
    return { name: name ?? command, type: 'command', command, timeoutMs };
  }
  const { name, url, secret, timeout } = hook;
  return {
    name: name ?? url,
    type: 'call',
    url,
    secret,
    timeoutMs: ms(timeout, SERVICE_DEFAULTS.callTimeoutMs),
  };
}

function resolveCommand(
  command: CommandConfig | false | undefined,
): { command: string; timeoutMs: number } | null {
  if (command === undefined || command === false) return null;
  return { command: command.command, timeoutMs: ms(command.timeout, SERVICE_DEFAULTS.commandTimeoutMs) };
}
