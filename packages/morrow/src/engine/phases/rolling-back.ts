import { returnWeights } from '../capacity.ts';
import { overdue } from '../clock.ts';
import { homeWeights, type Scene, strengthInWords } from '../scene.ts';
import { type Slot, sameWeights, type Weights } from '../slot.ts';
import { hookTasks, migrationTask, viewOf } from '../tasks.ts';
import { end, phaseOfReturn, reasonOf, remember, route, stay, stick } from '../transitions.ts';
import type { Advanced, Rollout } from '../types.ts';
import { keepStable } from '../upkeep.ts';
import { split } from '../words.ts';
import { followUp, retire } from './finishing.ts';

/** All traffic to stable (at a first deploy: nowhere), then the hooks, then the end. */
export function rollingBack(rollout: Rollout, scene: Scene): Advanced {
  return arrived(rollout, scene) ? clearUp(rollout, scene) : returning(rollout, scene);
}

function arrived(rollout: Rollout, { observation, candidate, stable }: Scene): boolean {
  if (stable === null || (rollout.weights === null && observation.weights === null))
    return candidate.weightPct === 0;
  return sameWeights(observation.weights, homeWeights(rollout));
}

function returning(rollout: Rollout, scene: Scene): Advanced {
  const { stable, observation, nowMs } = scene;
  const keep = keepStable(scene);
  const weights = stable === null ? null : wantedOf(rollout, scene);
  const nowhere = stable !== null && weights === null;
  // Traffic that was back and has left again begins its return anew.
  const left = rollout.memory.returnedAtMs !== null;
  const further = left || (!nowhere && !sameWeights(weights, rollout.weights));
  if (!further && overdue(rollout, nowMs)) return stick(rollout, whyStuck(rollout, scene), nowMs);
  const since = {
    ...remember(rollout, { returnedAtMs: null }),
    progressAtMs: further ? nowMs : rollout.progressAtMs,
  };
  if (nowhere) return stay(since, 'stable to have a healthy target again', keep);
  if (sameWeights(weights, observation.weights)) {
    return stay(since, `capacity: ${stable === null ? '' : strengthInWords('stable', stable)}`, keep);
  }
  const waitingFor =
    weights === null
      ? 'the platform to route nothing'
      : `the platform to serve ${split(weights, rollout.candidate.slot)}`;
  return stay({ ...since, weights }, waitingFor, [route(rollout, weights), ...keep]);
}

function wantedOf(rollout: Rollout, scene: Scene): Weights | null {
  const { stable, candidate, observation, nowMs } = scene;
  if (stable === null) return null;
  return returnWeights({
    slot: stable.slot,
    healthy: stable.healthy,
    full: stable.full,
    otherHealthy: candidate.view.draining ? 0 : candidate.view.healthy,
    shown: observation.weights,
    sinceMs: nowMs - (rollout.memory.backSinceMs ?? nowMs),
  });
}

function whyStuck(rollout: Rollout, { stable }: Scene) {
  const reason = rollout.reason ?? reasonOf('deadline', 'no progress');
  const obstacle =
    stable !== null && stable.healthy === 0
      ? strengthInWords('stable', stable)
      : 'the platform does not show the weights that were asked for';
  return reasonOf(
    reason.code,
    `${reason.text}; the traffic could not be taken back: ${obstacle}`,
    reason.lastLines,
  );
}

/** All traffic is back: what must end before the rollout does. */
function clearUp(rollout: Rollout, scene: Scene): Advanced {
  const { nowMs, candidate } = scene;
  const since = rollout.memory.returnedAtMs;
  const back =
    since === null ? remember({ ...rollout, progressAtMs: nowMs }, { returnedAtMs: nowMs }) : rollout;
  const home = { ...back, weights: homeWeights(rollout) };
  // The next rollout must not meet a migration that is still at work.
  const expand = migrationTask(rollout, 'expand');
  if (
    expand !== null &&
    viewOf(expand, scene)?.state === 'running' &&
    !overdue(home, nowMs, expand.timeoutMs)
  ) {
    return stay(home, `${expand.name} to end`, keepStable(scene));
  }
  const tasks = hookTasks(home, 'afterRollback', hookSlot(scene));
  const { rollout: current, effects, under } = followUp(home, scene, tasks, 0);
  if (under !== null) return stay(current, `${under.name} to end`, [...effects, ...keepStable(scene)]);
  const held = candidate.view.revision !== null && !candidate.view.draining;
  return {
    rollout: end(current, phaseOfReturn(rollout), nowMs),
    effects: [...effects, ...(held ? [retire(candidate.slot)] : [])],
  };
}

/** Commands of hooks run in the candidate's artifact, or in stable's where the candidate's never came to be. */
function hookSlot({ candidate, stable }: Scene): Slot {
  return candidate.view.revision === candidate.revision || stable === null ? candidate.slot : stable.slot;
}
