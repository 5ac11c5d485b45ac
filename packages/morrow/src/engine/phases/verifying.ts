import { overdue } from '../clock.ts';
import { healthInWords, lastStep, type Scene } from '../scene.ts';
import { hookTasks, migrationTask, passed, runTasks, smokeTask, type Task } from '../tasks.ts';
import { enter, goBack, stay } from '../transitions.ts';
import type { Advanced, Rollout } from '../types.ts';
import { clearCandidate, keepCandidate, keepStable } from '../upkeep.ts';
import { notHealthy } from '../watch.ts';
import { duration } from '../words.ts';
import { giveUp } from './giving-up.ts';
import { stageProblem } from './preparing.ts';
import { beginStep } from './shifting.ts';

/** Wants the candidate healthy in full (milestone 1), then smoke tests and hooks, all before any traffic. */
export function verifying(rollout: Rollout, scene: Scene): Advanced {
  const failed = stageProblem(scene);
  if (failed !== null) return goBack(rollout, failed, scene.nowMs);
  if (rollout.memory.milestone > 0) return proving(rollout, scene);
  const { candidate, nowMs } = scene;
  if (candidate.healthy >= candidate.full) return proving(passed(rollout, scene), scene);
  const limitMs = startLimitMs(rollout);
  if (nowMs - rollout.progressAtMs >= limitMs) {
    return goBack(rollout, notHealthy(rollout, scene, 'never-healthy', duration(limitMs)), nowMs);
  }
  return before(rollout, scene, `the candidate to become healthy: ${healthInWords(candidate)}`);
}

const startLimitMs = ({ settings: { startTimeoutMs, progressDeadlineMs } }: Rollout): number =>
  Math.min(startTimeoutMs ?? progressDeadlineMs, progressDeadlineMs);

function proving(rollout: Rollout, scene: Scene): Advanced {
  const { smoke } = rollout.settings;
  const tasks: readonly Task[] = [
    ...(smoke.length === 0 ? [] : [smokeTask(rollout, smoke)]),
    ...hookTasks(rollout, 'beforeTraffic', rollout.candidate.slot),
  ];
  return inOrder(rollout, scene, tasks, 1, (done) => enter(done, 'migrating', scene.nowMs));
}

/** Expands the schema, once, while stable still works with it. */
export function migrating(rollout: Rollout, scene: Scene): Advanced {
  const expand = migrationTask(rollout, 'expand');
  return inOrder(rollout, scene, expand === null ? [] : [expand], 0, (done) => {
    const step = done.memory.promoteFull ? lastStep(done) : 0;
    return beginStep(enter(done, 'shifting', scene.nowMs), step, scene);
  });
}

/** Tasks that end the rollout before any traffic when one fails. */
function inOrder(
  rollout: Rollout,
  scene: Scene,
  tasks: readonly Task[],
  offset: number,
  next: (done: Rollout) => Rollout,
): Advanced {
  const { rollout: current, effects, failed, under } = runTasks(rollout, scene, tasks, offset);
  if (failed !== null) return goBack(current, failed, scene.nowMs);
  if (under === null) return unlessAstray(current, scene, next);
  const advanced = before(current, scene, `${under.name} to end`);
  return { ...advanced, effects: [...advanced.effects, ...effects] };
}

/** Where traffic has come to the unproven candidate by another hand, it goes back before anything else. */
function unlessAstray(rollout: Rollout, scene: Scene, next: (done: Rollout) => Rollout): Advanced {
  if (clearCandidate(rollout, scene) === null) return { rollout: next(rollout), effects: [] };
  if (!overdue(rollout, scene.nowMs)) return before(rollout, scene, '');
  return giveUp(
    rollout,
    scene,
    'drift',
    'traffic went to the candidate by another hand and could not be taken back',
  );
}

/** What is seen to while the candidate has no traffic yet. */
function before(rollout: Rollout, scene: Scene, waitingFor: string): Advanced {
  const cleared = clearCandidate(rollout, scene);
  const effects = [...keepStable(scene), ...keepCandidate(scene), ...(cleared ?? [])];
  return stay(rollout, cleared === null ? waitingFor : 'all traffic to be on stable first', effects);
}

/** The longest that a phase before traffic may take without an observation, ms beyond the progress deadline. */
export function provingLimitMs({ settings: { smoke, hooks, migrations } }: Rollout): number {
  const limits = [
    ...smoke.map((check) => check.expect.withinMs),
    ...hooks.beforeTraffic.map((hook) => hook.timeoutMs),
    migrations.expand?.timeoutMs ?? 0,
  ];
  return limits.reduce((sum, limit) => sum + limit, 0);
}
