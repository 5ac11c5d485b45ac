import { returnWeights } from './capacity.ts';
import { bothCarry, drifted, homeWeights, type Scene, type Side, tookBack } from './scene.ts';
import { sameWeights } from './slot.ts';
import { route } from './transitions.ts';
import type { Effect, Rollout } from './types.ts';

/** Stable at its full strength: whatever happens, it must be able to take the whole load back. */
export const keepStable = ({ stable }: Scene): readonly Effect[] => (stable === null ? [] : keepSide(stable));

/** The candidate at its full strength, once it has been staged. */
export const keepCandidate = ({ candidate }: Scene): readonly Effect[] => keepSide(candidate);

function keepSide({ slot, revision, full, view, present, weightPct }: Side): readonly Effect[] {
  if (present) return view.wanted >= full ? [] : [{ type: 'resize', slot, count: full }];
  // What another revision serves with must not be taken away.
  const free = view.revision === null || view.revision === revision || weightPct === 0;
  return free ? [{ type: 'stage', slot, revision, count: full }] : [];
}

/** The weights last asked for, where the platform shows others that nobody is to hold for. */
export function keepWeights(rollout: Rollout, scene: Scene): readonly Effect[] {
  const { weights, settings } = rollout;
  if (weights === null || !drifted(rollout, scene) || !bothCarry(rollout, scene, weights)) return [];
  if (settings.onDrift === 'hold' && !tookBack(rollout, scene)) return [];
  return [route(rollout, weights)];
}

/** Both sides and the weights as they were left: what a rollout that is paused or waits still sees to. */
export const keepAll = (rollout: Rollout, scene: Scene): readonly Effect[] =>
  rollout.weights === null
    ? keepStable(scene)
    : [...keepStable(scene), ...keepCandidate(scene), ...keepWeights(rollout, scene)];

/**
 * Traffic that the candidate's slot has before the rollout gave it any (a leftover, or somebody's hand) goes back first.
 * @returns null: it has none
 */
export function clearCandidate(rollout: Rollout, scene: Scene): readonly Effect[] | null {
  const { candidate, stable, observation, nowMs } = scene;
  const home = homeWeights(rollout);
  if (candidate.weightPct === 0) {
    const astray = stable !== null && stable.healthy > 0 && !sameWeights(observation.weights, home);
    return astray ? [route(rollout, home)] : null;
  }
  // Traffic on a slot that serves nobody is no loss wherever it goes.
  const otherHealthy = candidate.view.draining ? 0 : candidate.view.healthy;
  if (stable === null || otherHealthy === 0) return [route(rollout, home)];
  const { slot, healthy, full, view } = stable;
  const sinceMs = nowMs - rollout.phaseSinceMs;
  const weights = returnWeights({ slot, healthy, full, otherHealthy, shown: observation.weights, sinceMs });
  const change = weights !== null && !sameWeights(weights, observation.weights);
  return change && view.revision !== null ? [route(rollout, weights)] : [];
}
