import type { Slot } from './slot.ts';
import type {
  Advanced,
  Effect,
  Outcome,
  Phase,
  Reason,
  ReasonCode,
  Rollout,
  RolloutMemory,
} from './types.ts';

/** A reason with its sentence and, where a target failed, its last log lines. */
export const reasonOf = (code: ReasonCode, text: string, lastLines: readonly string[] = []): Reason => ({
  code,
  text,
  lastLines,
});

/** A rollout with some of its memory changed. */
export const remember = (rollout: Rollout, changes: Partial<RolloutMemory>): Rollout => ({
  ...rollout,
  memory: { ...rollout.memory, ...changes },
});

/** Stays in its phase, says in one sentence what it waits for, and asks for effects. */
export function stay(rollout: Rollout, waitingFor: string, effects: readonly Effect[] = []): Advanced {
  return { rollout: rollout.waitingFor === waitingFor ? rollout : { ...rollout, waitingFor }, effects };
}

/** Gets further: a new phase, whose deadline begins now. */
export function enter(rollout: Rollout, phase: Phase, nowMs: number): Rollout {
  return {
    ...change(rollout, phase, nowMs),
    progressAtMs: nowMs,
    reason: null,
    resumePhase: null,
    memory: { ...rollout.memory, milestone: 0 },
  };
}

/** Back into a phase without having got further: the progress deadline goes on. */
export const reenter = (rollout: Rollout, phase: Phase, nowMs: number): Rollout => ({
  ...enter(rollout, phase, nowMs),
  progressAtMs: rollout.progressAtMs,
});

/** Interrupts a phase, to be resumed where it was. */
export function suspend(
  rollout: Rollout,
  phase: 'paused' | 'holding' | 'waiting',
  reason: Reason | null,
  nowMs: number,
): Rollout {
  const resumePhase = rollout.resumePhase ?? rollout.phase;
  return { ...change(rollout, phase, nowMs), resumePhase, reason };
}

/** Holds. Trouble with a side's health is told when it is first seen, the rest here. */
export function hold(
  rollout: Rollout,
  reason: Reason,
  nowMs: number,
  effects: readonly Effect[] = [],
): Advanced {
  const told = reason.code === 'both-bad' || reason.code === 'drift';
  const text = `the rollout of ${rollout.service} holds: ${reason.text}`;
  return {
    rollout: suspend(rollout, 'holding', reason, nowMs),
    effects: [...(told ? [alert('critical', text)] : []), ...effects],
  };
}

/** Goes on where it was interrupted. */
export function resume(rollout: Rollout, nowMs: number): Rollout {
  const phase = rollout.resumePhase ?? rollout.phase;
  return { ...change(rollout, phase, nowMs), resumePhase: null, reason: null };
}

/** Decides to go back: from now on all traffic is wanted on stable (or, at a first deploy, nowhere). */
export function goBack(rollout: Rollout, reason: Reason, nowMs: number): Advanced {
  const memory: RolloutMemory = {
    ...rollout.memory,
    milestone: 0,
    decidedAtMs: nowMs,
    backSinceMs: nowMs,
    promoteFull: false,
    promoteStep: false,
  };
  const next = { ...change(rollout, 'rolling-back', nowMs), resumePhase: null, reason, memory };
  return {
    rollout: { ...next, progressAtMs: nowMs },
    effects: [alert('warning', `${rollout.service} goes back: ${reason.text}`)],
  };
}

/** Ends the rollout, for good. */
export function end(rollout: Rollout, phase: Outcome['phase'], nowMs: number): Rollout {
  const { decidedAtMs, returnedAtMs, withoutComparison } = rollout.memory;
  const outcome: Outcome = {
    phase,
    reason: rollout.reason,
    endedAtMs: nowMs,
    decidedAtMs,
    returnedAtMs,
    withoutComparison,
  };
  return { ...change(rollout, phase, nowMs), resumePhase: null, outcome };
}

/** How a rollout that goes back ends: `failed` where there was nothing to go back to. */
export const phaseOfReturn = (rollout: Rollout): 'rolled-back' | 'failed' =>
  rollout.stable === null ? 'failed' : 'rolled-back';

/** Ends as stuck: neither forward nor back is possible, a person has to look. */
export function stick(rollout: Rollout, reason: Reason, nowMs: number): Advanced {
  return {
    rollout: end({ ...rollout, reason }, 'stuck', nowMs),
    effects: [alert('critical', `the rollout of ${rollout.service} is stuck: ${reason.text}`)],
  };
}

export const alert = (severity: 'info' | 'warning' | 'critical', text: string): Effect => ({
  type: 'alert',
  severity,
  text,
});

/** All traffic by these weights; says who gets it when nobody steers any more. */
export const route = (rollout: Rollout, weights: Rollout['weights'], stable?: Slot): Effect => ({
  type: 'route',
  weights,
  stable: stable ?? rollout.stable?.slot ?? null,
});

const change = (rollout: Rollout, phase: Phase, nowMs: number): Rollout => ({
  ...rollout,
  phase,
  phaseSinceMs: nowMs,
  waitingFor: '',
});
