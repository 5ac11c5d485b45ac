/** What a service's slots shall hold: the only state of the local platform that is neither a process nor the edge's. */
import type { ResolvedService } from '../../config/resolved.ts';
import type { Slot } from '../../engine/slot.ts';
import type { Exit, SlotView } from '../../engine/types.ts';
import type { RevisionSpec } from '../platform.ts';
import { namesIn, readJson, writeJson } from './files.ts';
import type { Layout } from './layout.ts';

export interface ServiceState {
  readonly service: string;
  /** The settings last given to `ensure`; null before any. */
  readonly ensured: ResolvedService | null;
  readonly slots: Readonly<Record<Slot, SlotState | null>>;
  /** Serial of the next target. */
  readonly nextSerial: number;
  /** When a controller last moved traffic or staged another revision: what the edge did before is old news. */
  readonly steeredAtMs: number;
}

export interface SlotState {
  readonly revision: RevisionSpec;
  readonly wanted: number;
  /** The last {@link EXITS_KEPT}, oldest first. */
  readonly exits: readonly Exit[];
  readonly exitCount: number;
  readonly problem: SlotView['problem'];
  readonly retiring: Retiring | null;
}

/** A slot on its way to being empty. */
export interface Retiring {
  /** When the edge was first seen to drain it; null: not yet. */
  readonly drainingSinceMs: number | null;
  /** True once targets are being stopped: from then on there is no way back. */
  readonly stopping: boolean;
  /** What the slot shall hold once it is empty; null: nothing. */
  readonly next: { readonly revision: RevisionSpec; readonly wanted: number } | null;
}

export const EXITS_KEPT = 20;

export interface ServiceStates {
  names(): readonly string[];
  /** An empty state where nothing is known. */
  read(service: string): ServiceState;
  write(state: ServiceState): void;
}

/** The states kept below `layout`. Reading and writing are synchronous, so a change between the two can't be lost. */
export function serviceStates(layout: Layout): ServiceStates {
  return {
    names: () =>
      namesIn(layout.services)
        .filter((name) => name.endsWith('.json'))
        .map((name) => name.slice(0, -'.json'.length)),
    read: (service) => readJson<ServiceState>(layout.serviceFile(service)) ?? emptyService(service),
    write: (state) => writeJson(layout.serviceFile(state.service), state),
  };
}

const emptyService = (service: string): ServiceState => ({
  service,
  ensured: null,
  slots: { blue: null, green: null },
  nextSerial: 1,
  steeredAtMs: 0,
});

/** A slot that has just been given a revision. */
export const freshSlot = (revision: RevisionSpec, wanted: number): SlotState => ({
  revision,
  wanted,
  exits: [],
  exitCount: 0,
  problem: null,
  retiring: null,
});

/** The state with one slot changed. */
export const withSlot = (state: ServiceState, slot: Slot, value: SlotState | null): ServiceState => ({
  ...state,
  slots: { ...state.slots, [slot]: value },
});

/** The slot with one exit more; one that is counted already changes nothing. */
export function withExit(slot: SlotState, exit: Exit): SlotState {
  if (slot.exits.some((known) => known.target === exit.target)) return slot;
  return {
    ...slot,
    exits: [...slot.exits, exit].slice(-EXITS_KEPT),
    exitCount: slot.exitCount + 1,
  };
}
