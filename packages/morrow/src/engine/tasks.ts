import { overdue } from './clock.ts';
import type { Scene } from './scene.ts';
import type { Slot } from './slot.ts';
import { reasonOf, remember } from './transitions.ts';
import type { Check, Effect, Hook, Reason, ReasonCode, Rollout, TaskView } from './types.ts';
import { duration } from './words.ts';

/** Something that runs once, under a key, before the rollout goes on. */
export interface Task {
  readonly key: string;
  /** What it is, for people: `the smoke tests`, `the hook warm-cache`. */
  readonly name: string;
  readonly effect: Effect;
  /** Its own limit, ms; the platform keeps it, the engine only stops waiting some time after. */
  readonly timeoutMs: number;
  readonly code: ReasonCode;
}

/** Smoke checks through the preview route. */
export function smokeTask(rollout: Rollout, checks: readonly Check[]): Task {
  const key = `${rollout.id}/smoke`;
  return {
    key,
    name: 'the smoke tests',
    effect: { type: 'probe', key, slot: rollout.candidate.slot, checks },
    timeoutMs: checks.reduce((sum, check) => sum + check.expect.withinMs, 0),
    code: 'smoke-failed',
  };
}

/** A migration's command, run in the candidate's artifact. */
export function migrationTask(rollout: Rollout, which: 'expand' | 'contract'): Task | null {
  const migration = rollout.settings.migrations[which];
  if (migration === null) return null;
  const { command, timeoutMs } = migration;
  const key = `${rollout.id}/${which}`;
  return {
    key,
    name: `the ${which} migration`,
    effect: { type: 'run', key, slot: rollout.candidate.slot, command, timeoutMs },
    timeoutMs,
    code: 'migration-failed',
  };
}

/** Names of hook points, as they stand in keys and in the bodies of calls. */
const POINTS = { beforeTraffic: 'hook', afterPromote: 'promoted', afterRollback: 'rolled-back' } as const;

/**
 * The hooks of one point, in order.
 * @param slot where a command runs: the slot that holds the artifact
 */
export function hookTasks(rollout: Rollout, point: keyof typeof POINTS, slot: Slot): readonly Task[] {
  return rollout.settings.hooks[point].map((hook, index) => {
    const key = `${rollout.id}/${POINTS[point]}/${index}`;
    return {
      key,
      name: `the hook ${hook.name}`,
      effect: hookEffect(rollout, point, key, hook, slot),
      timeoutMs: hook.timeoutMs,
      code: 'hook-failed',
    };
  });
}

function hookEffect(
  rollout: Rollout,
  point: keyof typeof POINTS,
  key: string,
  hook: Hook,
  slot: Slot,
): Effect {
  if (hook.type === 'command') {
    return { type: 'run', key, slot, command: hook.command, timeoutMs: hook.timeoutMs };
  }
  const { id, environment, service, stable, candidate, reason } = rollout;
  const body = JSON.stringify({
    point,
    rollout: id,
    environment,
    service,
    stable: stable?.revision ?? null,
    candidate: candidate.revision,
    reason: reason === null ? null : { code: reason.code, text: reason.text },
  });
  return { type: 'call', key, hook, body };
}

/** How far a row of tasks has come. */
export interface Progress {
  readonly rollout: Rollout;
  readonly effects: readonly Effect[];
  /** The task that has failed; it stays the present one until the caller decides. */
  readonly failed: Reason | null;
  /** The task under way; null when all are done. */
  readonly under: Task | null;
}

/**
 * Runs tasks one after the other. `memory.milestone` minus `offset` is the number of those done, so a result that the
 * platform forgets later is not asked for again; one that is under way and forgotten is.
 */
export function runTasks(rollout: Rollout, scene: Scene, tasks: readonly Task[], offset: number): Progress {
  let current = rollout;
  for (let index = rollout.memory.milestone - offset; index < tasks.length; index++) {
    const task = tasks[index];
    if (task === undefined) break;
    const view = viewOf(task, scene);
    if (view?.state !== 'succeeded') {
      const failed = failureOf(task, view, current, scene);
      const effects = view === undefined && failed === null ? [task.effect] : [];
      return { rollout: current, effects, failed, under: task };
    }
    current = passed(current, scene);
  }
  return { rollout: current, effects: [], failed: null, under: null };
}

/** One more task is done, or given up. */
export function passed(rollout: Rollout, scene: Scene): Rollout {
  const next = remember(rollout, { milestone: rollout.memory.milestone + 1 });
  return { ...next, progressAtMs: scene.nowMs };
}

export const viewOf = (task: Task, { observation }: Scene): TaskView | undefined =>
  observation[task.effect.type === 'probe' ? 'probes' : 'tasks'][task.key];

function failureOf(task: Task, view: TaskView | undefined, rollout: Rollout, scene: Scene): Reason | null {
  if (view?.state === 'failed')
    return reasonOf(task.code, `${task.name} failed: ${view.text}`, view.lastLines);
  if (!overdue(rollout, scene.nowMs, task.timeoutMs)) return null;
  const what = view === undefined ? 'could not be started' : 'did not end';
  const sinceMs = scene.nowMs - rollout.progressAtMs;
  return reasonOf(task.code, `${task.name} ${what} within ${duration(sinceMs)}`);
}
