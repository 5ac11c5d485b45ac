import { overdue } from '../clock.ts';
import { healthInWords, type Scene } from '../scene.ts';
import { enter, goBack, reasonOf, remember, stay } from '../transitions.ts';
import type { Advanced, Effect, Rollout } from '../types.ts';
import { clearCandidate, keepStable } from '../upkeep.ts';
import { notHealthy } from '../watch.ts';
import { duration } from '../words.ts';

/** Nothing has been asked for yet. Exits that the slot shows already are not the candidate's. */
export function pending(rollout: Rollout, scene: Scene): Advanced {
  const { view, revision } = scene.candidate;
  const exitBase = view.revision === revision ? view.exitCount : 0;
  return { rollout: remember(enter(rollout, 'preparing', scene.nowMs), { exitBase }), effects: [] };
}

/** Has the candidate staged with its full count; milestone 1: asked for. */
export function preparing(rollout: Rollout, scene: Scene): Advanced {
  const { candidate, nowMs } = scene;
  const asked = rollout.memory.milestone > 0;
  const failed = asked ? stageProblem(scene) : null;
  if (failed !== null) return goBack(rollout, failed, nowMs);
  const staged = candidate.present && candidate.view.wanted >= candidate.full;
  if (asked && staged && candidate.view.running > 0) {
    return { rollout: enter(rollout, 'verifying', nowMs), effects: [] };
  }
  if (overdue(rollout, nowMs)) {
    const limit = duration(rollout.settings.progressDeadlineMs);
    return goBack(
      rollout,
      notHealthy(rollout, scene, staged ? 'never-healthy' : 'stage-failed', limit),
      nowMs,
    );
  }
  const next = asked ? rollout : remember(rollout, { milestone: 1 });
  const cleared = clearCandidate(rollout, scene);
  if (cleared !== null) {
    return stay(rollout, 'all traffic to be on stable first', [
      { type: 'ensure' },
      ...keepStable(scene),
      ...cleared,
    ]);
  }
  const stage: Effect = {
    type: 'stage',
    slot: candidate.slot,
    revision: candidate.revision,
    count: candidate.full,
  };
  const effects: readonly Effect[] = [
    { type: 'ensure' },
    ...keepStable(scene),
    ...(staged && candidate.view.problem === null ? [] : [stage]),
  ];
  return stay(next, `the candidate to start: ${healthInWords(candidate)}`, effects);
}

/** Why the platform can't make the slot what was asked; null: it can, or the slot is still another revision's. */
export function stageProblem({ candidate: { view, revision } }: Scene) {
  if (view.problem === null || (view.revision !== null && view.revision !== revision)) return null;
  return reasonOf(
    'stage-failed',
    `the candidate could not be started: ${view.problem.text}`,
    view.problem.lastLines,
  );
}
