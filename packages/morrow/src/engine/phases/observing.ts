import { bakeLeftMs } from '../clock.ts';
import { drifted, lastStep, type Scene, tookBack } from '../scene.ts';
import { alert, enter, goBack, hold, reasonOf, reenter, remember, stay, suspend } from '../transitions.ts';
import type { Advanced, Reason, Rollout } from '../types.ts';
import { keepCandidate, keepStable } from '../upkeep.ts';
import { bothBad } from '../verdict.ts';
import { troubleOf } from '../watch.ts';
import { duration, split } from '../words.ts';
import { beginStep } from './shifting.ts';

/** Holds the step's weights for its bake, wants evidence where both sides have traffic, and a person at a gate. */
export function observing(rollout: Rollout, scene: Scene): Advanced {
  const { settings, memory, step } = rollout;
  if (memory.promoteFull) return { rollout: nextStep(rollout, scene), effects: [] };
  const disturbed = disturbance(rollout, scene);
  if (disturbed !== null) return disturbed;
  if (memory.promoteStep) return { rollout: nextStep(rollout, scene), effects: [] };
  const keep = [...keepStable(scene), ...keepCandidate(scene)];
  const left = bakeLeftMs(rollout);
  if (left > 0)
    return stay(rollout, `the bake at ${settings.steps[step]?.weightPct} %: ${duration(left)} left`, keep);
  const lacks = lacksEvidence(rollout) ? settings.analysis.insufficient : 'promote';
  if (lacks === 'rollback') return goBack(rollout, thin(rollout), scene.nowMs);
  if (lacks === 'hold') return wait(rollout, thin(rollout), scene);
  if (settings.steps[step]?.gate === true) {
    const text = `a person has to agree after ${settings.steps[step].weightPct} %`;
    return wait(rollout, reasonOf('gate', text), scene);
  }
  return { rollout: nextStep(rollout, scene), effects: [] };
}

/** Whether a step that compares ends without the evidence for it. */
export function lacksEvidence({ settings, stable, step, verdict }: Rollout): boolean {
  if (!settings.analysis.enabled || stable === null) return false;
  return settings.steps[step]?.weightPct !== 100 && verdict?.decision !== 'promote';
}

function thin({ settings, step, candidate, weights }: Rollout): Reason {
  const { minRequests } = settings.analysis.guard;
  const text = `the evidence at step ${step + 1} (${split(weights, candidate.slot)}) does not suffice: each revision needs ${minRequests} requests at these weights`;
  return reasonOf('insufficient-evidence', text);
}

function wait(rollout: Rollout, reason: Reason, { nowMs }: Scene): Advanced {
  return {
    rollout: suspend(rollout, 'waiting', reason, nowMs),
    effects: [alert('info', `the rollout of ${rollout.service} waits: ${reason.text}`)],
  };
}

/** The next step, or the final bake after the last. */
export function nextStep(rollout: Rollout, scene: Scene): Rollout {
  const { step, memory, verdict, settings } = rollout;
  const compared = settings.steps[step]?.weightPct !== 100 && verdict?.decision === 'promote';
  const past = compared ? remember(rollout, { withoutComparison: false }) : rollout;
  if (step >= lastStep(rollout)) {
    return remember(enter(past, 'baking', scene.nowMs), { bakedMs: 0, promoteStep: false });
  }
  const next = memory.promoteFull ? lastStep(rollout) : step + 1;
  return beginStep(enter(past, 'shifting', scene.nowMs), next, scene);
}

/** What interrupts a bake: other weights than asked for, a side that serves nobody, two bad revisions. */
export function disturbance(rollout: Rollout, scene: Scene): Advanced | null {
  if (drifted(rollout, scene)) return putRight(rollout, scene);
  const reason = troubleOf(rollout, scene) ?? bothBad(rollout);
  return reason === null ? null : hold(rollout, reason, scene.nowMs);
}

/**
 * Weights that are not ours. Where the platform took the traffic back because nobody steered, the step begins again: its
 * bake was interrupted, but nothing speaks against the candidate. A hand's change is put right or held, as configured.
 */
function putRight(rollout: Rollout, scene: Scene): Advanced {
  const { service, settings, candidate, memory } = rollout;
  const again = (text: string): Advanced => ({
    rollout: reenter(rollout, 'shifting', scene.nowMs),
    effects: [alert('warning', text)],
  });
  if (tookBack(rollout, scene)) {
    return again(
      `nobody steered ${service} for a while, so all traffic went to stable; the step begins again`,
    );
  }
  const text = `the weights of ${service} were changed from outside (${split(scene.observation.weights, candidate.slot)})`;
  if (settings.onDrift === 'correct' || memory.promoteFull) return again(`${text}; they are put right`);
  return hold(rollout, reasonOf('drift', text), scene.nowMs);
}
