import { hasEnded } from '../../engine/advance.ts';
import { otherSlot, type Slot } from '../../engine/slot.ts';
import type { Effect, Rollout, SlotView } from '../../engine/types.ts';
import type { World } from '../world.ts';
import type { ModelState } from './model.ts';

/** A broken rule in one sentence, or null. Written from DESIGN's words, with no help from the engine's own functions. */
export type Broken = string | null;

const PATIENCE_MS = 60_000;

const firstOf = (...rules: readonly (() => Broken)[]): Broken => {
  for (const rule of rules) {
    const broken = rule();
    if (broken !== null) return broken;
  }
  return null;
};

/** What may never be asked of the platform as it is. */
export function judgeEffect(effect: Effect, world: World, rollout: Rollout): Broken {
  switch (effect.type) {
    case 'route':
      return judgeRoute(effect.weights, world, rollout);
    case 'stage':
      return judgeStage(effect.slot, effect.revision, effect.count, world, rollout);
    case 'resize':
      return judgeSize(effect.slot, effect.count, world, rollout);
    case 'retire':
      return judgeRetire(effect.slot, world, rollout);
    case 'run':
      return judgeRun(effect.key, world, rollout);
    default:
      return null;
  }
}

function judgeRoute(weights: World['weights'], world: World, rollout: Rollout): Broken {
  const { candidate, stable, settings, step } = rollout;
  if (weights === null) {
    return stable === null ? null : 'nothing is routed although stable is there';
  }
  const whole = [weights.blue, weights.green].every((pct) => Number.isInteger(pct) && pct >= 0);
  if (!whole || weights.blue + weights.green !== 100) return 'weights do not add up to 100';
  const pct = weights[candidate.slot];
  const shown = world.weights?.[candidate.slot] ?? 0;
  const allowed = step < 0 ? 0 : (settings.steps[step]?.weightPct ?? 0);
  const onTheWayBack = pct < shown && (rollout.phase === 'rolling-back' || step < 0);
  if (pct > allowed && !onTheWayBack) {
    return `the candidate gets ${pct} %, its step allows ${allowed} %`;
  }
  return firstOf(
    () => (pct > 0 && pct > shown ? judgeProof(world, rollout) : null),
    () => judgeCapacity(candidate.slot, weights, world, rollout),
    () => judgeCapacity(otherSlot(candidate.slot), weights, world, rollout),
  );
}

/** Traffic only for a candidate that has passed what comes before it. */
function judgeProof(world: World, { id, settings }: Rollout): Broken {
  const succeeded = (views: World['tasks'], key: string): boolean => views[key]?.state === 'succeeded';
  if (settings.smoke.length > 0 && !succeeded(world.probes, `${id}/smoke`))
    return 'traffic without smoke tests';
  if (settings.migrations.expand !== null && !succeeded(world.tasks, `${id}/expand`)) {
    return 'traffic before the expand migration';
  }
  const hooks = settings.hooks.beforeTraffic.every((_, index) =>
    succeeded(world.tasks, `${id}/hook/${index}`),
  );
  return hooks ? null : 'traffic before its hooks';
}

const fullOf = (slot: Slot, { stable, stableCount, settings }: Rollout): number =>
  slot === stable?.slot ? (stableCount ?? settings.count) : settings.count;

const serves = (view: SlotView): number => (view.draining ? 0 : view.healthy);

/** No shift gives a side more than it carries, but for a return that has waited, or that leaves a side that is dead. */
function judgeCapacity(
  slot: Slot,
  weights: NonNullable<World['weights']>,
  world: World,
  rollout: Rollout,
): Broken {
  const gets = weights[slot];
  if (world.weights === null || gets <= world.weights[slot]) return null;
  const healthy = serves(world.slots[slot]);
  if (healthy >= Math.ceil((gets * fullOf(slot, rollout)) / 100)) return null;
  const otherDead = serves(world.slots[otherSlot(slot)]) === 0;
  const home = rollout.stable?.slot === slot;
  const since = rollout.memory.backSinceMs;
  const waited = since !== null && rollout.memory.lastEventMs - since >= PATIENCE_MS;
  const waitedEarly = rollout.step < 0 && rollout.memory.lastEventMs - rollout.phaseSinceMs >= PATIENCE_MS;
  if (home && healthy > 0 && (otherDead || waited || waitedEarly)) return null;
  if (home && rollout.step < 0 && otherDead) return null;
  return `${slot} is given ${gets} % with ${healthy} healthy targets`;
}

/** The bake has ended, so stable need not carry the load any more. */
const pastBake = ({ phase }: Rollout): boolean => phase === 'contracting' || phase === 'promoted';

function judgeStage(slot: Slot, revision: string, count: number, world: World, rollout: Rollout): Broken {
  const view = world.slots[slot];
  if (view.revision !== null && view.revision !== revision && (world.weights?.[slot] ?? 0) > 0) {
    return `${view.revision} is replaced while it has traffic`;
  }
  if (slot === rollout.stable?.slot && revision !== rollout.stable.revision) return 'stable is replaced';
  return judgeSize(slot, count, world, rollout);
}

function judgeSize(slot: Slot, count: number, world: World, rollout: Rollout): Broken {
  if (count >= fullOf(slot, rollout)) return null;
  if ((world.weights?.[slot] ?? 0) > 0) return `${slot} is made smaller while it has traffic`;
  return slot === rollout.stable?.slot && !pastBake(rollout)
    ? 'stable is made smaller before the bake has ended'
    : null;
}

function judgeRetire(slot: Slot, world: World, rollout: Rollout): Broken {
  if ((world.weights?.[slot] ?? 0) > 0) return `${slot} is stopped while it has traffic`;
  return slot === rollout.stable?.slot && !pastBake(rollout)
    ? 'stable is stopped before the bake has ended'
    : null;
}

function judgeRun(key: string, world: World, rollout: Rollout): Broken {
  if (!key.endsWith('/contract')) return null;
  if (!rollout.contracted) return 'the schema is contracted before that is journaled';
  const old = rollout.stable === null ? null : world.slots[rollout.stable.slot].revision;
  return old === null ? null : 'the schema is contracted while a revision is warm that needs it';
}

/** What a decision may not be, whatever is asked for along with it. */
export function judgeDecision(
  before: ModelState,
  after: Rollout,
  effects: readonly Effect[],
  seen: boolean,
): Broken {
  return firstOf(
    () => judgeSteps(before, after),
    () => (seen ? judgeReaction(before, after) : null),
    () => judgePause(before.rollout, after, effects),
    () => judgeContract(before, after),
    () => judgeEnd(before, after, seen),
  );
}

/** A candidate that serves nobody or breaks a limit alone goes back at once, whatever else is going on. */
function judgeReaction({ rollout, world }: ModelState, after: Rollout): Broken {
  const { candidate, stable, contracted, step } = rollout;
  if ((world.weights?.[candidate.slot] ?? 0) === 0 || step < 0 || contracted) return null;
  if (after.phase === 'rolling-back' || after.phase === 'failed' || after.phase === 'rolled-back')
    return null;
  const view = world.slots[candidate.slot];
  const healthy = view.revision === candidate.revision ? serves(view) : 0;
  const since = rollout.memory.shortSinceMs;
  const borne = since === null || after.memory.lastEventMs - since < rollout.settings.capacityGraceMs;
  const mayGo = stable === null ? !borne : serves(world.slots[stable.slot]) > 0;
  if (healthy === 0 && mayGo && after.phase !== 'stuck') return 'a dead candidate keeps its traffic';
  const bad = rollout.verdict?.decision === 'rollback' && healthy > 0;
  return bad && after.phase !== 'stuck' ? 'a bad candidate keeps its traffic' : null;
}

/** Steps come one after the other, each held for its bake, unless a person or a dying stable said otherwise. */
function judgeSteps({ rollout, ghost }: ModelState, after: Rollout): Broken {
  const { steps, finalBakeMs } = after.settings;
  const skipped = after.step > rollout.step + 1;
  if (skipped && ghost.hurried !== 'full') {
    const quick = steps.slice(rollout.step + 1, after.step).every((step) => step.bakeMs === 0);
    if (!quick || rollout.phase === 'observing') return `step ${after.step} after step ${rollout.step}`;
  }
  if (after.step < rollout.step) return 'a step backwards';
  if (ghost.hurried !== 'no') return null;
  const bakeMs = steps[rollout.step]?.bakeMs ?? 0;
  if (after.step > rollout.step && ghost.heldMs < bakeMs && !ghost.stableWasWeak) {
    return `step ${rollout.step} was held ${ghost.heldMs} ms of ${bakeMs}`;
  }
  const baked =
    pastBake(after) && !pastBake(rollout) && rollout.phase !== 'paused' && rollout.phase !== 'waiting';
  const wanted = finalBakeMs + (steps.at(-1)?.bakeMs ?? 0);
  return baked && ghost.heldMs < wanted ? `the bake took ${ghost.heldMs} ms of ${wanted}` : null;
}

function judgePause(before: Rollout, after: Rollout, effects: readonly Effect[]): Broken {
  if (before.phase !== 'paused' || after.phase !== 'paused') return null;
  if (after.step !== before.step) return 'a step while paused';
  const more = effects.some(
    (effect) =>
      effect.type === 'route' &&
      (effect.weights?.[after.candidate.slot] ?? 0) > (before.weights?.[after.candidate.slot] ?? 0),
  );
  return more ? 'more traffic for the candidate while paused' : null;
}

function judgeContract({ rollout, ghost }: ModelState, after: Rollout): Broken {
  if (!rollout.contracted) return null;
  if (!after.contracted) return 'a contract is forgotten';
  const back = after.phase === 'rolling-back' || after.phase === 'rolled-back';
  return back && !ghost.forced ? 'back past the contract, and nobody insisted' : null;
}

/** The end says the truth about the traffic, as far as it could be seen. */
function judgeEnd({ rollout, world }: ModelState, after: Rollout, seen: boolean): Broken {
  if (hasEnded(after) !== (after.outcome !== null))
    return `${after.phase} with outcome ${after.outcome?.phase}`;
  if (!hasEnded(after)) return null;
  if (after.outcome?.phase !== after.phase) return 'the outcome says something else than the phase';
  if (!seen) return after.phase === 'promoted' ? 'promoted unseen' : null;
  const candidatePct = world.weights?.[after.candidate.slot] ?? 0;
  const stable = after.stable === null ? null : (world.weights?.[after.stable.slot] ?? 0);
  switch (after.phase) {
    case 'promoted':
      if (candidatePct !== 100) return 'promoted without all traffic';
      return after.contracted || serves(world.slots[after.candidate.slot]) >= after.settings.count
        ? null
        : 'promoted without the capacity for all traffic';
    case 'failed':
      return candidatePct === 0 || rollout.phase === 'pending'
        ? null
        : 'failed with traffic on the candidate';
    case 'rolled-back': {
      const untouched = rollout.phase === 'pending' || (rollout.weights === null && candidatePct === 0);
      return stable === 100 || untouched || after.reason?.code === 'deadline'
        ? null
        : 'rolled back without all traffic on stable';
    }
    default:
      return after.reason === null ? 'stuck without a reason' : null;
  }
}

/** Whether a value comes out of JSON as it went in. */
export function isPlain(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isPlain);
  return typeof value === 'object' && Object.values(value).every(isPlain);
}
