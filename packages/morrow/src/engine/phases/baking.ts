import { bakeLeftMs } from '../clock.ts';
import { carries, type Scene, strengthInWords } from '../scene.ts';
import { enter, remember, stay } from '../transitions.ts';
import type { Advanced, Rollout } from '../types.ts';
import { keepCandidate, keepStable } from '../upkeep.ts';
import { duration } from '../words.ts';
import { finish } from './finishing.ts';
import { disturbance } from './observing.ts';

/** All traffic on the candidate, stable warm beside it, the guard on. */
export function baking(rollout: Rollout, scene: Scene): Advanced {
  const { settings, memory } = rollout;
  const { candidate } = scene;
  const disturbed = disturbance(rollout, scene);
  if (disturbed !== null) return disturbed;
  const left = memory.promoteFull || memory.promoteStep ? 0 : bakeLeftMs(rollout);
  const keep = [...keepStable(scene), ...keepCandidate(scene)];
  if (left > 0) return stay(rollout, `the final bake: ${duration(left)} left`, keep);
  if (!carries(candidate, 100))
    return stay(rollout, `capacity: ${strengthInWords('the candidate', candidate)}`, keep);
  if (settings.migrations.contract !== null) {
    return { rollout: enter(rollout, 'contracting', scene.nowMs), effects: [] };
  }
  const done = remember(rollout, { bakedMs: Math.max(memory.bakedMs, settings.finalBakeMs) });
  const finished = finish(done, scene, 0);
  return {
    ...finished,
    effects: [...(finished.rollout.phase === 'promoted' ? [] : keep), ...finished.effects],
  };
}
