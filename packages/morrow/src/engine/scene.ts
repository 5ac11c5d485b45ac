import type { Analyzer } from './analysis/analyzer.ts';
import { carriesPct, targetsNeeded } from './capacity.ts';
import { type Slot, sameWeights, type Weights, weightsOf } from './slot.ts';
import type { Exit, Observation, Placement, Rollout, SlotView } from './types.ts';

/** One side of a rollout as the platform shows it now. */
export interface Side {
  readonly slot: Slot;
  readonly revision: string;
  /** Targets that carry the full load. */
  readonly full: number;
  readonly view: SlotView;
  /** Whether the slot holds this side's revision and is not being emptied. */
  readonly present: boolean;
  /** Healthy targets of this side's revision that take new requests. */
  readonly healthy: number;
  /** The weight that the platform shows for the slot. */
  readonly weightPct: number;
}

/** An observation seen with a rollout's eyes: by role, not by colour. */
export interface Scene {
  readonly nowMs: number;
  readonly observation: Observation;
  readonly candidate: Side;
  readonly stable: Side | null;
  readonly analyzer: Analyzer;
}

function sideOf(placement: Placement, full: number, observation: Observation): Side {
  const view = observation.slots[placement.slot];
  const present = view.revision === placement.revision && !view.draining;
  return {
    ...placement,
    full,
    view,
    present,
    healthy: present ? view.healthy : 0,
    weightPct: observation.weights?.[placement.slot] ?? 0,
  };
}

/** Sorts what the platform shows into candidate and stable. */
export function sceneOf(
  rollout: Rollout,
  observation: Observation,
  nowMs: number,
  analyzer: Analyzer,
): Scene {
  const { settings, stable, candidate } = rollout;
  return {
    nowMs,
    observation,
    analyzer,
    candidate: sideOf(candidate, settings.count, observation),
    stable: stable === null ? null : sideOf(stable, rollout.stableCount ?? settings.count, observation),
  };
}

/** Weights of a step: the candidate's share and stable's rest. */
export const stepWeights = (rollout: Rollout, step: number): Weights =>
  weightsOf(rollout.candidate.slot, rollout.settings.steps[step]?.weightPct ?? 0);

export const lastStep = (rollout: Rollout): number => rollout.settings.steps.length - 1;

/** All traffic where it was before the rollout: on stable; null at a first deploy. */
export const homeWeights = (rollout: Rollout): Weights | null =>
  rollout.stable === null ? null : weightsOf(rollout.stable.slot, 100);

/** The candidate's weight: what the platform shows or what was last asked for, whichever is more. */
export function candidatePct(rollout: Rollout, scene: Scene): number {
  return Math.max(scene.candidate.weightPct, rollout.weights?.[rollout.candidate.slot] ?? 0);
}

/** Stable's weight as last asked for; before this rollout asked for any, all of it. */
export const stablePct = (rollout: Rollout): number =>
  rollout.stable === null ? 0 : (rollout.weights?.[rollout.stable.slot] ?? 100);

/** Whether a side has the healthy targets that a weight needs. */
export const carries = (side: Side | null, weightPct: number): boolean =>
  side === null ? weightPct === 0 : side.healthy >= targetsNeeded(weightPct, side.full);

/** Whether both sides have the healthy targets that the weights need. A first deploy has one side only. */
export function bothCarry(rollout: Rollout, scene: Scene, weights: Weights): boolean {
  const { candidate, stable } = scene;
  if (!carries(candidate, weights[candidate.slot])) return false;
  return rollout.stable === null || carries(stable, weights[rollout.stable.slot]);
}

/** Whether the platform shows other weights than this rollout last asked for. */
export const drifted = (rollout: Rollout, scene: Scene): boolean =>
  rollout.weights !== null && !sameWeights(scene.observation.weights, rollout.weights);

/** Whether the platform took the traffic back by itself: nobody's hand, so nothing to hold for. */
export const tookBack = (rollout: Rollout, scene: Scene): boolean =>
  scene.observation.failsafe && sameWeights(scene.observation.weights, homeWeights(rollout));

/** Unplanned exits of the candidate's targets since the rollout began. */
export function exitsOf(rollout: Rollout, scene: Scene): number {
  const { view, revision } = scene.candidate;
  return view.revision === revision ? Math.max(0, view.exitCount - rollout.memory.exitBase) : 0;
}

/** The newest of the candidate's exits since the rollout began. */
export function lastExit(rollout: Rollout, scene: Scene): Exit | null {
  return exitsOf(rollout, scene) > 0 ? (scene.candidate.view.exits.at(-1) ?? null) : null;
}

/** `2 of 3 targets healthy`, with what is known of the others. */
export function healthInWords(side: Side): string {
  const why = side.view.unhealthyReason;
  const text = `${side.healthy} of ${side.full} targets healthy`;
  return why === null || side.healthy >= side.full ? text : `${text} (${why})`;
}

/** `stable carries 66 % at most`, for whoever waits for it. */
export const strengthInWords = (name: string, side: Side): string =>
  `${name} has ${healthInWords(side)} and carries ${carriesPct(side.healthy, side.full)} % at most`;
