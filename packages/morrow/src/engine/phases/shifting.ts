import { overdue } from '../clock.ts';
import { bothCarry, carries, lastStep, type Scene, stepWeights, strengthInWords } from '../scene.ts';
import { sameWeights } from '../slot.ts';
import { enter, hold, remember, route, stay } from '../transitions.ts';
import type { Advanced, Rollout } from '../types.ts';
import { keepCandidate, keepStable } from '../upkeep.ts';
import { bothBad, judged } from '../verdict.ts';
import { troubleOf } from '../watch.ts';
import { split } from '../words.ts';
import { giveUp } from './giving-up.ts';

/** A rollout at the beginning of a step. */
export const beginStep = (rollout: Rollout, step: number, scene: Scene): Rollout =>
  judged(remember({ ...rollout, step }, { promoteStep: false }), scene.analyzer);

/** Asks for the step's weights, as soon as both sides carry them, until the platform shows them. */
export function shifting(rollout: Rollout, scene: Scene): Advanced {
  const { nowMs, observation } = scene;
  if (rollout.memory.promoteFull && rollout.step < lastStep(rollout)) {
    return { rollout: beginStep(enter(rollout, 'shifting', nowMs), lastStep(rollout), scene), effects: [] };
  }
  const wanted = stepWeights(rollout, rollout.step);
  if (sameWeights(observation.weights, wanted)) {
    const arrived = enter({ ...rollout, weights: wanted }, 'observing', nowMs);
    return { rollout: remember(arrived, { bakedMs: 0 }), effects: [] };
  }
  const keep = [...keepStable(scene), ...keepCandidate(scene)];
  const held = whatHolds(rollout, scene);
  if (held !== null) return hold(rollout, held, nowMs, keep);
  const fits = bothCarry(rollout, scene, wanted);
  if (overdue(rollout, nowMs))
    return giveUp(rollout, scene, fits ? 'deadline' : 'capacity-lost', lacking(rollout, scene));
  if (!fits) return stay(rollout, `capacity: ${lacking(rollout, scene)}`, keep);
  const asked = remember(
    { ...rollout, weights: wanted },
    { trafficSinceMs: rollout.memory.trafficSinceMs ?? nowMs },
  );
  const waitingFor = `the platform to serve ${split(wanted, rollout.candidate.slot)}`;
  return stay(asked, waitingFor, [...keep, route(rollout, wanted)]);
}

/** Why no traffic may be moved now; a `promote --full` waits for nothing but capacity. */
function whatHolds(rollout: Rollout, scene: Scene) {
  if (rollout.memory.promoteFull) return null;
  const fits = bothCarry(rollout, scene, stepWeights(rollout, rollout.step));
  return bothBad(rollout) ?? (fits ? null : troubleOf(rollout, scene));
}

function lacking(rollout: Rollout, scene: Scene): string {
  const { candidate, stable } = scene;
  const wanted = stepWeights(rollout, rollout.step);
  const inTheWay = [
    carries(candidate, wanted[candidate.slot]) ? null : strengthInWords('the candidate', candidate),
    stable === null || carries(stable, wanted[stable.slot]) ? null : strengthInWords('stable', stable),
  ].filter((text) => text !== null);
  const text = inTheWay.join('; ');
  return text === '' ? `the platform does not show ${split(wanted, candidate.slot)}` : text;
}
