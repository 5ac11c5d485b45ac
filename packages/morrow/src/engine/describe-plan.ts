import { targetsNeeded } from './capacity.ts';
import { stepWeights } from './scene.ts';
import type { Weights } from './slot.ts';
import type { Rollout, Step } from './types.ts';
import { amount, duration } from './words.ts';

/** One step of a plan. */
export interface PlannedStep extends Step {
  readonly weights: Weights;
  /** Healthy targets that each side must have before the shift. */
  readonly needs: { readonly candidate: number; readonly stable: number };
  /** Whether the candidate is compared with stable. */
  readonly compared: boolean;
}

/** What a rollout is going to do: the object that it will start from, in data and in words. */
export interface PlanDescription {
  readonly rollout: Rollout;
  readonly steps: readonly PlannedStep[];
  /** One sentence each, in the order in which it happens. */
  readonly lines: readonly string[];
  /** What to know before saying yes. */
  readonly warnings: readonly string[];
  /** The least that it takes, ms: all bakes, without starting, tasks and people. */
  readonly leastMs: number;
}

/** Describes what {@link plan} has made; what is printed is what would be applied. */
export function describePlan(rollout: Rollout): PlanDescription {
  const { settings } = rollout;
  const steps = settings.steps.map((step, index) => planned(rollout, step, index));
  const warnings = warningsOf(rollout, steps);
  return {
    rollout,
    steps,
    lines: [
      ...beforeTraffic(rollout),
      ...steps.map((step) => stepLine(rollout, step)),
      ...afterTraffic(rollout),
      ...warnings,
    ],
    warnings,
    leastMs: steps.reduce((sum, step) => sum + step.bakeMs, settings.finalBakeMs),
  };
}

function planned(rollout: Rollout, step: Step, index: number): PlannedStep {
  const { settings, stable } = rollout;
  const rest = 100 - step.weightPct;
  return {
    ...step,
    weights: stepWeights(rollout, index),
    needs: {
      candidate: targetsNeeded(step.weightPct, settings.count),
      stable: stable === null ? 0 : targetsNeeded(rest, rollout.stableCount ?? settings.count),
    },
    compared: settings.analysis.enabled && stable !== null && rest > 0,
  };
}

function beforeTraffic(rollout: Rollout): readonly string[] {
  const { settings, candidate, stable } = rollout;
  const { smoke, hooks, migrations } = settings;
  return [
    stable === null
      ? `first deploy: nothing serves yet`
      : `revision ${stable.revision} in slot ${stable.slot} serves all traffic and stays warm`,
    `start revision ${candidate.revision} in slot ${candidate.slot} with ${amount(settings.count, 'target')}, wait until all are healthy`,
    ...(smoke.length === 0
      ? []
      : [`smoke tests through the preview route: ${smoke.map(({ name }) => name).join(', ')}`]),
    ...hooks.beforeTraffic.map((hook) => `hook ${hook.name}, before any traffic`),
    ...(migrations.expand === null ? [] : [`expand migration: ${migrations.expand.command}`]),
  ];
}

function stepLine({ settings }: Rollout, step: PlannedStep): string {
  const bake = step.bakeMs > 0 ? `, bake ${duration(step.bakeMs)}` : '';
  const evidence = step.compared ? `, evidence wanted (without it: ${settings.analysis.insufficient})` : '';
  const gate = step.gate ? ', then a person has to agree' : '';
  const { candidate, stable } = step.needs;
  const needs =
    stable > 0 ? `${candidate} + ${stable} healthy targets` : `${amount(candidate, 'healthy target')}`;
  return `${step.weightPct} % to the candidate (needs ${needs})${bake}${evidence}${gate}`;
}

function afterTraffic(rollout: Rollout): readonly string[] {
  const { settings, stable } = rollout;
  const { hooks, migrations, finalBakeMs } = settings;
  return [
    ...(finalBakeMs > 0
      ? [`final bake ${duration(finalBakeMs)}${stable === null ? '' : ', stable kept warm'}`]
      : []),
    ...(migrations.contract === null
      ? []
      : [`end the old revision, then contract migration: ${migrations.contract.command}`]),
    ...hooks.afterPromote.map((hook) => `hook ${hook.name}, after promotion`),
    stable === null || migrations.contract !== null
      ? 'promoted'
      : `promoted; revision ${stable.revision} is drained and stopped`,
  ];
}

function warningsOf({ settings, stable }: Rollout, steps: readonly PlannedStep[]): readonly string[] {
  const compared = steps.some((step) => step.compared);
  return [
    ...(settings.migrations.contract === null
      ? []
      : ['note: once the contract migration has begun there is no way back']),
    ...(compared || stable === null
      ? []
      : ['note: promoted without comparison: no step has traffic on both revisions']),
    ...(settings.analysis.enabled ? [] : ['note: the analysis is off, the guard with it']),
  ];
}
