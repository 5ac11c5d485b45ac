/** What must fit together within a rollout. */
import { layerOf } from '../merge.ts';
import type { Mistake } from '../mistakes.ts';
import { quoted } from '../schema/walk.ts';
import type { RolloutConfig } from '../types.ts';
import { parsePercent } from '../values.ts';
import { everywhere, type Whole } from './check.ts';

export function checkRollouts(whole: Whole): Mistake[] {
  return everywhere(whole).flatMap(({ service, layers }) => {
    const rollout = service.rollout ?? {};
    const layer = layerOf(layers, ['rollout', 'steps']);
    if (layer === null || rollout.steps === undefined) return [];
    const path = [...layer.path, 'rollout', 'steps'];
    const strategy = layerOf(layers, ['rollout', 'strategy']);
    const stepsOutrank = strategy !== null && layers.indexOf(layer) >= layers.indexOf(strategy);
    if (rollout.strategy === 'blue-green' && stepsOutrank && shareOf(rollout.steps[0] ?? '100%') < 100) {
      const text = "blue-green has one step, 100%; leave steps out, or make the strategy 'canary'";
      return [{ path, text }];
    }
    return [...rising(rollout, path), ...lastBake(rollout, path)];
  });
}

type Steps = NonNullable<RolloutConfig['steps']>;

function rising({ steps = [] }: RolloutConfig, path: Mistake['path']): Mistake[] {
  return steps.flatMap((step, index) => {
    const before = steps[index - 1];
    if (before === undefined || shareOf(step) > shareOf(before)) return [];
    const text = `found ${quoted(weightOf(step))} after ${quoted(weightOf(before))}, allowed is a greater share: steps rise`;
    return [{ path: [...path, index, ...(typeof step === 'string' ? [] : ['weight'])], text }];
  });
}

/** At 100 % the step's bake and `finalBake` are the same time. */
function lastBake({ steps = [], finalBake }: RolloutConfig, path: Mistake['path']): Mistake[] {
  return steps.flatMap((step, index) => {
    if (typeof step === 'string' || step.bake === undefined || finalBake === undefined) return [];
    if (shareOf(step) < 100 || step.bake === finalBake) return [];
    const text = `found ${quoted(step.bake)} and a finalBake of ${quoted(finalBake)}: at 100 % they are the same; leave one out`;
    return [{ path: [...path, index, 'bake'], text }];
  });
}

function weightOf(step: Steps[number]): string {
  return typeof step === 'string' ? step : step.weight;
}

function shareOf(step: Steps[number]): number {
  return parsePercent(weightOf(step));
}
