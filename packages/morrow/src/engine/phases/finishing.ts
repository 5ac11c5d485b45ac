import type { Scene } from '../scene.ts';
import type { Slot } from '../slot.ts';
import { hookTasks, passed, runTasks, type Task, viewOf } from '../tasks.ts';
import { alert, end, reasonOf, route, stay } from '../transitions.ts';
import type { Advanced, Effect, Reason, Rollout } from '../types.ts';

/** The hooks that follow a decision. One that fails is told, and changes nothing: the decision stands. */
export function followUp(
  rollout: Rollout,
  scene: Scene,
  tasks: readonly Task[],
  offset: number,
): { readonly rollout: Rollout; readonly effects: readonly Effect[]; readonly under: Task | null } {
  const alerts: Effect[] = [];
  let current = rollout;
  for (;;) {
    const progress = runTasks(current, scene, tasks, offset);
    const failed = progress.failed ?? homeless(progress.under, scene);
    if (failed === null) {
      return { rollout: progress.rollout, effects: [...alerts, ...progress.effects], under: progress.under };
    }
    alerts.push(alert('warning', `${rollout.service}: ${failed.text}`));
    current = passed(progress.rollout, scene);
  }
}

/** A command needs a slot that holds an artifact; one that failed to be staged has none. */
function homeless(task: Task | null, scene: Scene): Reason | null {
  if (task?.effect.type !== 'run' || viewOf(task, scene) !== undefined) return null;
  const held = scene.observation.slots[task.effect.slot].revision !== null;
  return held
    ? null
    : reasonOf('hook-failed', `${task.name} could not run: no revision is there to run it in`);
}

/**
 * The last stretch: the hooks after promotion, then promoted. Until they have ended stable stays warm and going back is
 * possible; the drain of the old slot is asked for at the end and waited for by nobody.
 * @param offset milestones of the phase before the hooks
 */
export function finish(rollout: Rollout, scene: Scene, offset: number): Advanced {
  const { candidate, stable } = scene;
  const tasks = hookTasks(rollout, 'afterPromote', candidate.slot);
  const { rollout: current, effects, under } = followUp(rollout, scene, tasks, offset);
  if (under !== null) return stay(current, `${under.name} to end`, effects);
  const old = stable !== null && stable.view.revision !== null && !stable.view.draining;
  return {
    rollout: end({ ...current, reason: null }, 'promoted', scene.nowMs),
    effects: [
      ...effects,
      route(rollout, rollout.weights, candidate.slot),
      ...(old ? [retire(stable.slot)] : []),
      alert('info', `${rollout.service} serves revision ${candidate.revision}`),
    ],
  };
}

export const retire = (slot: Slot): Effect => ({ type: 'retire', slot });
