import type { Rollout } from './types.ts';

/**
 * Longest time between two events that counts, ms. What lies beyond was seen by nobody (the machine slept, the
 * controller was dead, the clock was set), so it is neither bake nor delay.
 */
export const UNSEEN_AFTER_MS = 120_000;

/** Lets the time between two events pass: bakes get longer, deadlines nearer, unless the rollout is paused or waits. */
export function passTime(rollout: Rollout, atMs: number): Rollout {
  const { memory, phase } = rollout;
  const elapsedMs = atMs - memory.lastEventMs;
  if (elapsedMs === 0) return rollout;
  const seenMs = Math.min(Math.max(elapsedMs, 0), UNSEEN_AFTER_MS);
  const unseenMs = elapsedMs - seenMs;
  const shift = (sinceMs: number | null): number | null => (sinceMs === null ? null : sinceMs + unseenMs);
  const frozen = phase === 'paused' || phase === 'waiting';
  const left = bakeLeftMs(rollout);
  return {
    ...rollout,
    progressAtMs: left > 0 ? atMs : rollout.progressAtMs + unseenMs + (frozen ? seenMs : 0),
    memory: {
      ...memory,
      lastEventMs: atMs,
      bakedMs: left > 0 ? memory.bakedMs + seenMs : memory.bakedMs,
      shortSinceMs: shift(memory.shortSinceMs),
      stableShortSinceMs: shift(memory.stableShortSinceMs),
      backSinceMs: shift(memory.backSinceMs),
    },
  };
}

/** What is left of the present bake, ms; 0 where nothing bakes. */
export function bakeLeftMs({ phase, step, settings, memory }: Rollout): number {
  if (phase === 'observing') return Math.max(0, (settings.steps[step]?.bakeMs ?? 0) - memory.bakedMs);
  if (phase === 'baking') return Math.max(0, settings.finalBakeMs - memory.bakedMs);
  return 0;
}

/** Whether the rollout has not got further for longer than it may. `extraMs`: limits of the task that is under way. */
export const overdue = (rollout: Rollout, nowMs: number, extraMs = 0): boolean =>
  nowMs - rollout.progressAtMs >= rollout.settings.progressDeadlineMs + extraMs;
