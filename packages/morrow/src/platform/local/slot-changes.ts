/** How what is asked for changes what a slot shall hold: pure. */
import type { Slot } from '../../engine/slot.ts';
import { MorrowError } from '../../errors.ts';
import type { RevisionSpec } from '../platform.ts';
import { freshSlot, type Retiring, type ServiceState, type SlotState, withSlot } from './service-state.ts';

/** What must be known of a slot's traffic before it may be changed. */
export interface Traffic {
  /** Per cent that the slot has now. */
  readonly weight: number;
  /** The revision that the edge holds there; null: none. */
  readonly revision: string | null;
}

/**
 * The slot is to hold `revision` with `count` targets. Another revision there is retired first.
 * @throws MorrowError `NOT_SUPPORTED` where that would take a revision's traffic away
 */
export function staged(
  state: ServiceState,
  slot: Slot,
  revision: RevisionSpec,
  count: number,
  traffic: Traffic,
  nowMs: number,
): ServiceState {
  const held = state.slots[slot];
  const other = held?.revision.id ?? traffic.revision;
  if (traffic.weight > 0 && other !== null && other !== revision.id)
    throw hasTraffic(state.service, slot, traffic, `it can't be given to revision ${revision.id}`);
  if (traffic.weight > 0 && count === 0)
    throw hasTraffic(state.service, slot, traffic, 'it can’t be stopped');
  if (held === null) return withSlot({ ...state, steeredAtMs: nowMs }, slot, freshSlot(revision, count));
  const next = { revision, wanted: count };
  if (held.revision.id === revision.id && !held.retiring?.stopping) {
    return withSlot(state, slot, { ...held, revision, wanted: count, retiring: null });
  }
  const steeredAtMs = held.revision.id === revision.id ? state.steeredAtMs : nowMs;
  return withSlot({ ...state, steeredAtMs }, slot, { ...held, retiring: { ...retiringOf(held), next } });
}

/**
 * More or fewer targets.
 * @throws MorrowError `NOT_SUPPORTED` where the slot is empty or on its way to it, or would lose its traffic
 */
export function resized(state: ServiceState, slot: Slot, count: number, traffic: Traffic): ServiceState {
  const held = state.slots[slot];
  if (held === null || held.retiring !== null) throw holdsNothing(state.service, slot, held);
  if (count === 0 && traffic.weight > 0)
    throw hasTraffic(state.service, slot, traffic, 'it can’t be stopped');
  return withSlot(state, slot, { ...held, wanted: count });
}

/**
 * The slot is to be empty.
 * @throws MorrowError `NOT_SUPPORTED` where it has traffic
 */
export function retired(state: ServiceState, slot: Slot, traffic: Traffic): ServiceState {
  const held = state.slots[slot];
  if (traffic.weight > 0) throw hasTraffic(state.service, slot, traffic, 'it can’t be stopped');
  if (held === null) return state;
  return withSlot(state, slot, { ...held, retiring: { ...retiringOf(held), next: null } });
}

/**
 * The slot is to have traffic: what was on its way to being empty stays.
 * @throws MorrowError `NOT_SUPPORTED` where it holds nothing, or is being stopped already
 */
export function kept(state: ServiceState, slot: Slot): ServiceState {
  const held = state.slots[slot];
  if (held === null || held.retiring?.stopping) throw holdsNothing(state.service, slot, held);
  return held.retiring === null ? state : withSlot(state, slot, { ...held, retiring: null });
}

const retiringOf = ({ retiring }: SlotState): Retiring =>
  retiring ?? { drainingSinceMs: null, stopping: false, next: null };

const hasTraffic = (service: string, slot: Slot, { weight }: Traffic, so: string): MorrowError =>
  new MorrowError('NOT_SUPPORTED', `The slot ${slot} of ${service} has ${weight} % of the traffic: ${so}.`, {
    hint: 'Move its traffic away first.',
  });

const holdsNothing = (service: string, slot: Slot, held: SlotState | null): MorrowError =>
  new MorrowError(
    'NOT_SUPPORTED',
    held === null
      ? `The slot ${slot} of ${service} holds no revision.`
      : `The slot ${slot} of ${service} is being emptied.`,
    { hint: 'Stage a revision there first.' },
  );
