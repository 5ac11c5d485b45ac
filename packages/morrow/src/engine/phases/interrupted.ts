import { overdue } from '../clock.ts';
import { bothCarry, drifted, lastStep, type Scene, stepWeights } from '../scene.ts';
import { alert, enter, resume, stay } from '../transitions.ts';
import type { Advanced, Reason, Rollout } from '../types.ts';
import { keepAll, keepCandidate, keepStable } from '../upkeep.ts';
import { bothBad } from '../verdict.ts';
import { troubleOf } from '../watch.ts';
import { giveUp } from './giving-up.ts';
import { lacksEvidence } from './observing.ts';
import { beginStep } from './shifting.ts';

/** Steps stand still; what was reached is kept. */
export const paused = (rollout: Rollout, scene: Scene): Advanced =>
  stay(disturbed(rollout, scene), 'somebody to resume it', upkeep(rollout, scene));

/** A bake during which the weights were others begins anew, even where it was interrupted when they changed. */
function disturbed(rollout: Rollout, scene: Scene): Rollout {
  const baked = rollout.resumePhase === 'observing' || rollout.resumePhase === 'baking';
  return baked && drifted(rollout, scene) ? { ...rollout, resumePhase: 'shifting' } : rollout;
}

/** A person has to decide; evidence that comes late decides as well. */
export function waiting(rollout: Rollout, scene: Scene): Advanced {
  if (rollout.reason?.code === 'insufficient-evidence' && !lacksEvidence(rollout)) {
    return { rollout: resume(rollout, scene.nowMs), effects: [] };
  }
  return stay(disturbed(rollout, scene), rollout.reason?.text ?? 'a person', upkeep(rollout, scene));
}

/** While the schema is being contracted the old slot stays empty. */
const upkeep = (rollout: Rollout, scene: Scene) =>
  keepAll(rollout, rollout.resumePhase === 'contracting' ? { ...scene, stable: null } : scene);

/** Something is wrong that neither a step forward nor a step back would mend; it goes on by itself when that is over. */
export function holding(held: Rollout, scene: Scene): Advanced {
  const { nowMs } = scene;
  const rollout = disturbed(held, scene);
  const reason = whyHold(rollout, scene);
  if (reason === null) return { rollout: resume(rollout, nowMs), effects: [] };
  const onward = reason.code === 'stable-unhealthy' ? relief(rollout, scene) : null;
  if (onward !== null) {
    const text = `${reason.text}: all its traffic goes to the healthy candidate of ${rollout.service}`;
    return { rollout: onward, effects: [alert('critical', text)] };
  }
  if (overdue(rollout, nowMs)) return giveUp(rollout, scene, reason.code, reason.text, reason.lastLines);
  const same = rollout.reason?.code === reason.code;
  const keep = [...keepStable(scene), ...keepCandidate(scene)];
  return stay(same ? rollout : { ...rollout, reason }, reason.text, keep);
}

/** Whether what it holds for is still so, or something else is. A `promote --full` waits for nothing but capacity. */
function whyHold(rollout: Rollout, scene: Scene): Reason | null {
  const { reason, resumePhase, step, memory } = rollout;
  const trouble = troubleOf(rollout, scene);
  const onTheWay = resumePhase === 'shifting' && bothCarry(rollout, scene, stepWeights(rollout, step));
  const passing = trouble?.code === 'stable-unhealthy' && (onTheWay || memory.promoteFull);
  if (trouble !== null && !passing) return trouble;
  const bad = bothBad(rollout);
  if (bad !== null || memory.promoteFull) return bad;
  return reason?.code === 'drift' && drifted(rollout, scene) ? reason : null;
}

/** With stable down, the next step is taken at once where the candidate carries it and stable is not needed for it. */
function relief(rollout: Rollout, scene: Scene): Rollout | null {
  const { resumePhase, step, settings, verdict } = rollout;
  const next = step + 1;
  if (resumePhase !== 'observing' || next > lastStep(rollout)) return null;
  if (settings.steps[step]?.gate === true || verdict?.decision === 'hold') return null;
  if (!bothCarry(rollout, scene, stepWeights(rollout, next))) return null;
  return beginStep(enter(rollout, 'shifting', scene.nowMs), next, scene);
}
