import { otherSlot, type Slot, type Weights } from '../engine/slot.ts';
import type { Effect, Observation, Placement, SlotView, TaskView } from '../engine/types.ts';
import { MorrowError } from '../errors.ts';

/** A platform as plain data: what one service looks like, and nothing that moves by itself. */
export interface World {
  readonly slots: Readonly<Record<Slot, SlotView>>;
  readonly weights: Weights | null;
  /** Who gets everything when nobody steers. */
  readonly stable: Slot | null;
  readonly failsafe: boolean;
  readonly probes: Readonly<Record<string, TaskView>>;
  readonly tasks: Readonly<Record<string, TaskView>>;
}

/** How the world answers what it is asked for: at once, or when the test says so. */
export interface Manners {
  /** Whether new targets are healthy at once. */
  readonly healthy: boolean;
  /** Whether probes and tasks succeed at once. */
  readonly succeed: boolean;
  /** Whether a retired slot is empty at once. */
  readonly drain: boolean;
}

export const AT_ONCE: Manners = { healthy: true, succeed: true, drain: true };
export const WHEN_TOLD: Manners = { healthy: false, succeed: false, drain: false };

const EMPTY_SLOT: SlotView = {
  revision: null,
  wanted: 0,
  running: 0,
  healthy: 0,
  inFlight: 0,
  draining: false,
  exits: [],
  exitCount: 0,
  problem: null,
  unhealthyReason: null,
};

export const EMPTY_WORLD: World = {
  slots: { blue: EMPTY_SLOT, green: EMPTY_SLOT },
  weights: null,
  stable: null,
  failsafe: false,
  probes: {},
  tasks: {},
};

/** A world in which `stable` serves everything with `count` healthy targets. */
export function serving(stable: Placement, count: number): World {
  const held = holding(stable.revision, count, AT_ONCE);
  const world = withSlot(EMPTY_WORLD, stable.slot, held);
  return {
    ...world,
    weights: stable.slot === 'blue' ? { blue: 100, green: 0 } : { blue: 0, green: 100 },
    stable: stable.slot,
  };
}

/** The world with some facts of one slot changed. */
export const withSlot = (world: World, slot: Slot, changes: Partial<SlotView>): World => ({
  ...world,
  slots: { ...world.slots, [slot]: { ...world.slots[slot], ...changes } },
});

/** One target of a slot ends without being asked to; the platform starts it again unless `healthy` says otherwise. */
export function withExit(world: World, slot: Slot, reason: string, lastLines: readonly string[] = []): World {
  const view = world.slots[slot];
  const exit = { target: `${slot}-${view.exitCount}`, atMs: 0, reason, lastLines };
  return withSlot(world, slot, {
    exits: [...view.exits, exit].slice(-20),
    exitCount: view.exitCount + 1,
    healthy: Math.max(0, view.healthy - 1),
  });
}

/** The platform takes the traffic back, as it does when nobody steers: only while weights are split, and to a side that serves. */
export function withFailsafe(world: World): World {
  const { weights, stable } = world;
  if (weights === null || stable === null || world.slots[stable].healthy === 0) return world;
  if (weights[stable] === 100 || weights[otherSlot(stable)] === 100) return world;
  return {
    ...world,
    failsafe: true,
    weights: stable === 'blue' ? { blue: 100, green: 0 } : { blue: 0, green: 100 },
  };
}

/** What the platform shows of this world. */
export function observationOf({ slots, weights, probes, tasks, failsafe }: World): Observation {
  return { slots, weights, probes, tasks, failsafe };
}

/**
 * The world after an effect; alerts and `ensure` change nothing that shows.
 * @throws MorrowError `NOT_SUPPORTED` where a revision with traffic would be stopped
 */
export function carryOut(world: World, effect: Effect, manners: Manners): World {
  switch (effect.type) {
    case 'stage':
      return stage(world, effect.slot, effect.revision, effect.count, manners);
    case 'route':
      return { ...world, weights: effect.weights, stable: effect.stable };
    case 'resize':
      return withSlot(world, effect.slot, sized(world.slots[effect.slot], effect.count, manners));
    case 'probe':
      return { ...world, probes: begun(world.probes, effect.key, manners) };
    case 'run':
    case 'call':
      return { ...world, tasks: begun(world.tasks, effect.key, manners) };
    case 'retire':
      return retire(world, effect.slot, manners);
    case 'ensure':
    case 'alert':
      return world;
  }
}

function stage(world: World, slot: Slot, revision: string, count: number, manners: Manners): World {
  const view = world.slots[slot];
  if (view.revision === revision) {
    return withSlot(world, slot, { ...sized(view, count, manners), draining: false, problem: null });
  }
  if (view.revision !== null) refuseTraffic(world, slot);
  return withSlot(world, slot, holding(revision, count, manners));
}

const holding = (revision: string, count: number, { healthy }: Manners): SlotView => ({
  ...EMPTY_SLOT,
  revision,
  wanted: count,
  running: count,
  healthy: healthy ? count : 0,
});

const sized = (view: SlotView, count: number, { healthy }: Manners): Partial<SlotView> => ({
  wanted: count,
  running: count,
  healthy: healthy ? count : Math.min(view.healthy, count),
});

function begun(
  views: Readonly<Record<string, TaskView>>,
  key: string,
  { succeed }: Manners,
): Readonly<Record<string, TaskView>> {
  return key in views ? views : { ...views, [key]: { state: succeed ? 'succeeded' : 'running' } };
}

function retire(world: World, slot: Slot, { drain }: Manners): World {
  if (world.slots[slot].revision === null) return world;
  refuseTraffic(world, slot);
  return withSlot(world, slot, drain ? EMPTY_SLOT : { draining: true });
}

/** A retired slot has nothing left to finish. */
export const drained = (world: World, slot: Slot): World => withSlot(world, slot, EMPTY_SLOT);

function refuseTraffic(world: World, slot: Slot): void {
  if ((world.weights?.[slot] ?? 0) === 0) return;
  throw new MorrowError('NOT_SUPPORTED', `The slot ${slot} has traffic.`);
}
