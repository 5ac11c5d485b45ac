import { MorrowError } from '../errors.ts';
import type { Analyzer } from './analysis/analyzer.ts';
import { guardAnalyzer } from './analysis/guard.ts';
import { otherSlot } from './slot.ts';
import type { Placement, Rollout, RolloutSettings, Step } from './types.ts';

/** What a rollout is asked for with. */
export interface PlanRequest {
  readonly id: string;
  readonly environment: string;
  readonly service: string;
  /** What serves now; null: a first deploy. */
  readonly stable: Placement | null;
  /** Targets with which stable carries the full load, where they are not as many as the candidate's. */
  readonly stableCount?: number;
  /** Id of the candidate's revision; it goes to the slot that stable does not hold. */
  readonly candidate: string;
  readonly settings: RolloutSettings;
  readonly atMs: number;
}

/**
 * The first state of a rollout: what `advance` goes on from, and what `--dry-run` prints.
 * The steps are completed: they end at 100 %, and a first deploy, with nothing to compare, has no other.
 * @throws MorrowError `CONFIG_INVALID` for steps that do not rise, `NOT_SUPPORTED` for a kind that is not `http`
 */
export function plan(request: PlanRequest, analyzer: Analyzer = guardAnalyzer): Rollout {
  const { id, environment, service, stable, candidate, atMs } = request;
  check(service, request.settings);
  const settings = { ...request.settings, steps: stepsOf(request) };
  return {
    id,
    environment,
    service,
    createdAtMs: atMs,
    settings,
    stable,
    ...(request.stableCount === undefined ? {} : { stableCount: request.stableCount }),
    candidate: { slot: stable === null ? 'blue' : otherSlot(stable.slot), revision: candidate },
    phase: 'pending',
    step: -1,
    phaseSinceMs: atMs,
    progressAtMs: atMs,
    resumePhase: null,
    weights: null,
    reason: null,
    waitingFor: 'the controller to begin',
    analysis: analyzer.init(settings.analysis),
    verdict: null,
    contracted: false,
    outcome: null,
    memory: {
      bakedMs: 0,
      lastEventMs: atMs,
      shortSinceMs: null,
      stableShortSinceMs: null,
      milestone: 0,
      exitBase: 0,
      trafficSinceMs: null,
      decidedAtMs: null,
      returnedAtMs: null,
      backSinceMs: null,
      promoteFull: false,
      promoteStep: false,
      withoutComparison: true,
      trouble: null,
    },
  };
}

const END: Step = { weightPct: 100, bakeMs: 0, gate: false };

function stepsOf({ stable, settings }: PlanRequest): readonly Step[] {
  if (stable === null) return [END];
  return settings.steps.at(-1)?.weightPct === 100 ? settings.steps : [...settings.steps, END];
}

function check(service: string, settings: RolloutSettings): void {
  if (settings.kind !== 'http') {
    throw new MorrowError(
      'NOT_SUPPORTED',
      `${service} is a ${settings.kind}: only http services can be rolled out yet.`,
    );
  }
  const invalid = (text: string): MorrowError =>
    new MorrowError('CONFIG_INVALID', `The rollout of ${service} ${text}.`);
  if (!Number.isInteger(settings.count) || settings.count < 1) throw invalid('needs at least one target');
  let before = 0;
  for (const { weightPct } of settings.steps) {
    if (!Number.isInteger(weightPct) || weightPct <= before || weightPct > 100) {
      throw invalid(
        `has a step of ${weightPct} % after ${before} %: steps are whole per cents that rise up to 100`,
      );
    }
    before = weightPct;
  }
}
