import { candidatePct, type Scene } from '../scene.ts';
import { goBack, reasonOf, stick } from '../transitions.ts';
import type { Advanced, ReasonCode, Rollout } from '../types.ts';
import { duration } from '../words.ts';

/**
 * The progress deadline has passed: back to stable; where stable serves nobody while the candidate has traffic, stuck.
 * @param what why it did not get further, in words
 */
export function giveUp(
  rollout: Rollout,
  scene: Scene,
  code: ReasonCode,
  what: string,
  lastLines: readonly string[] = [],
): Advanced {
  const limit = duration(rollout.settings.progressDeadlineMs);
  const reason = reasonOf(code, `no progress for ${limit}: ${what}`, lastLines);
  const lost = scene.stable?.healthy === 0 && candidatePct(rollout, scene) > 0;
  return lost ? stick(rollout, reason, scene.nowMs) : goBack(rollout, reason, scene.nowMs);
}
