import { targetsNeeded } from './capacity.ts';
import { candidatePct, carries, exitsOf, healthInWords, lastExit, type Scene, stablePct } from './scene.ts';
import { alert, reasonOf, remember } from './transitions.ts';
import type { Effect, Reason, ReasonCode, Rollout } from './types.ts';
import { amount } from './words.ts';

/** What looking after both sides has shown; it goes on while a rollout is paused, waits or holds. */
export interface Watched {
  readonly rollout: Rollout;
  /** Alerts. */
  readonly effects: readonly Effect[];
  /** Why the candidate must go back now; null: it need not. */
  readonly back: Reason | null;
}

/** Looks at the health of both sides and at the guard's verdict. */
export function watch(rollout: Rollout, scene: Scene): Watched {
  const stamped = stamp(rollout, scene);
  const trouble = troubleOf(stamped, scene);
  const code = trouble?.code ?? null;
  const told = stamped.memory.trouble === code ? stamped : remember(stamped, { trouble: code });
  const effects = trouble !== null && told !== stamped ? [alert('critical', trouble.text)] : [];
  return { rollout: told, effects, back: rollout.contracted ? null : faultOf(told, scene) };
}

/** Notes since when either side has been too weak for the weight that was asked for. */
function stamp(rollout: Rollout, scene: Scene): Rollout {
  const { memory } = rollout;
  const since = (short: boolean, before: number | null): number | null =>
    short ? (before ?? scene.nowMs) : null;
  const askedPct = rollout.weights?.[rollout.candidate.slot] ?? 0;
  const shortSinceMs = since(!carries(scene.candidate, askedPct), memory.shortSinceMs);
  const short = scene.stable !== null && !carries(scene.stable, stablePct(rollout));
  const stableShortSinceMs = since(short, memory.stableShortSinceMs);
  const same = shortSinceMs === memory.shortSinceMs && stableShortSinceMs === memory.stableShortSinceMs;
  return same ? rollout : remember(rollout, { shortSinceMs, stableShortSinceMs });
}

/** What is wrong beyond the candidate's own fault: nothing to go back to, or less than the traffic needs. */
export function troubleOf(rollout: Rollout, scene: Scene): Reason | null {
  const { candidate, stable } = scene;
  if (stable === null || rollout.step < 0) return null;
  const served = candidatePct(rollout, scene) > 0;
  if (served && candidate.healthy === 0 && stable.healthy === 0) {
    return reasonOf(
      'both-unhealthy',
      `neither revision of ${rollout.service} has a healthy target${inBrackets(stable.view.unhealthyReason)}`,
      linesOf(rollout, scene),
    );
  }
  if (!tooWeak(rollout, scene)) return null;
  return reasonOf(
    'stable-unhealthy',
    `stable has ${healthInWords(stable)}, too few for its ${stablePct(rollout)} % of the traffic`,
    stable.view.exits.at(-1)?.lastLines ?? [],
  );
}

/** Whether stable is dead under traffic, or too weak for it for longer than is borne. */
function tooWeak({ memory, settings }: Rollout, { nowMs, stable }: Scene): boolean {
  const since = memory.stableShortSinceMs;
  if (stable === null || since === null) return false;
  return stable.healthy === 0 || nowMs - since >= settings.capacityGraceMs;
}

/** What the candidate has done wrong; null: nothing, or nothing that going back would mend. */
function faultOf(rollout: Rollout, scene: Scene): Reason | null {
  const { settings, memory, verdict } = rollout;
  const exits = exitsOf(rollout, scene);
  if (exits > settings.maxExits) return crash(rollout, scene, `exited ${amount(exits, 'time')}`);
  if (rollout.step < 0 || candidatePct(rollout, scene) === 0) return null;
  if (scene.candidate.healthy === 0) {
    if (scene.stable !== null && scene.stable.healthy > 0) return lost(rollout, scene);
    // Where there is no stable, or it was stopped on purpose, a moment without healthy targets is better sat out.
    const alone = scene.stable === null || (rollout.resumePhase ?? rollout.phase) === 'contracting';
    if (!alone) return null;
  }
  const since = memory.shortSinceMs;
  if (since !== null && scene.nowMs - since >= settings.capacityGraceMs) return lost(rollout, scene);
  return verdict?.decision === 'rollback' ? verdict.reason : null;
}

function lost(rollout: Rollout, scene: Scene): Reason {
  const { candidate } = scene;
  const pct = candidatePct(rollout, scene);
  const text = `lost its capacity: ${healthInWords(candidate)}, ${targetsNeeded(pct, candidate.full)} needed at ${pct} %`;
  return lastExit(rollout, scene) === null
    ? reasonOf('capacity-lost', `the candidate ${text}`)
    : crash(rollout, scene, text);
}

function crash(rollout: Rollout, scene: Scene, what: string): Reason {
  const exit = lastExit(rollout, scene);
  return reasonOf(
    'crashed',
    `the candidate ${what}${inBrackets(exit?.reason ?? null)}`,
    exit?.lastLines ?? [],
  );
}

/** Why a candidate that should become healthy does not; with the last lines of a target that ended. */
export function notHealthy(rollout: Rollout, scene: Scene, code: ReasonCode, limit: string): Reason {
  const exit = lastExit(rollout, scene);
  const text = `the candidate was not healthy within ${limit}: ${healthInWords(scene.candidate)}`;
  return reasonOf(code, `${text}${inBrackets(exit?.reason ?? null)}`, linesOf(rollout, scene));
}

const linesOf = (rollout: Rollout, scene: Scene): readonly string[] =>
  lastExit(rollout, scene)?.lastLines ?? scene.candidate.view.problem?.lastLines ?? [];

const inBrackets = (text: string | null): string => (text === null ? '' : ` (${text})`);
