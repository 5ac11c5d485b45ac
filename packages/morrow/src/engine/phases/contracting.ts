import { overdue } from '../clock.ts';
import { carries, drifted, type Scene, strengthInWords } from '../scene.ts';
import { migrationTask, passed, runTasks } from '../tasks.ts';
import { alert, reasonOf, stay, suspend } from '../transitions.ts';
import type { Advanced, Effect, Reason, Rollout } from '../types.ts';
import { keepCandidate, keepWeights } from '../upkeep.ts';
import { finish, retire } from './finishing.ts';

/** Milestones: the old slot is empty, so no warm revision needs the old schema; the schema is contracted. */
export const EMPTIED = 1;
export const CONTRACTED = 2;

/** Empties the old slot, then contracts the schema: from its beginning there is no way back. */
export function contracting(rollout: Rollout, scene: Scene): Advanced {
  const keep = [...keepCandidate(scene), ...keepWeights(rollout, scene)];
  if (rollout.memory.milestone < EMPTIED) return emptying(rollout, scene, keep);
  const contract = migrationTask(rollout, 'contract');
  const tasks = contract === null ? [] : [contract];
  const { rollout: current, effects, failed, under } = runTasks(rollout, scene, tasks, EMPTIED);
  if (failed !== null) return leaveToPerson(current, scene, failed);
  if (under !== null) return stay(current, `${under.name} to end`, [...keep, ...effects]);
  const unready = whyUnready(current, scene);
  if (unready !== null && overdue(current, scene.nowMs)) return leaveToPerson(current, scene, unready);
  if (unready !== null) return stay(current, unready.text, keep);
  const finished = finish(current, scene, CONTRACTED);
  return { ...finished, effects: [...keep, ...finished.effects] };
}

/** What speaks against the end though the tasks are done. */
function whyUnready(rollout: Rollout, scene: Scene): Reason | null {
  const { candidate } = scene;
  if (drifted(rollout, scene)) {
    return reasonOf('drift', 'traffic was taken from the candidate by another hand and is not back yet');
  }
  // Past the contract nothing is gained by waiting: there is no way back, and the next revision may be the remedy.
  if (rollout.contracted || carries(candidate, 100)) return null;
  return reasonOf('capacity-lost', strengthInWords('the candidate', candidate));
}

function emptying(rollout: Rollout, scene: Scene, keep: readonly Effect[]): Advanced {
  const { stable } = scene;
  if (stable === null || stable.view.revision === null) {
    // Contracted before it is asked for: should the question or the answer be lost, it counts as begun.
    return contracting({ ...passed(rollout, scene), contracted: true }, scene);
  }
  if (overdue(rollout, scene.nowMs)) {
    return leaveToPerson(
      rollout,
      scene,
      reasonOf('deadline', 'the old revision does not end, so the schema cannot be contracted'),
    );
  }
  const waitingFor = `the old revision to end (${stable.view.running} running)`;
  const ask = stable.weightPct === 0 && scene.observation.weights !== null && !stable.view.draining;
  return stay(rollout, waitingFor, [...keep, ...(ask ? [retire(stable.slot)] : [])]);
}

/** All traffic is on a candidate that has proved itself; only the schema is not as it should be. */
export function leaveToPerson(rollout: Rollout, { nowMs }: Pick<Scene, 'nowMs'>, reason: Reason): Advanced {
  return {
    rollout: suspend(rollout, 'waiting', reason, nowMs),
    effects: [
      alert('critical', `${rollout.service}: ${reason.text}; \`morrow promote\` ends the rollout without it`),
    ],
  };
}
