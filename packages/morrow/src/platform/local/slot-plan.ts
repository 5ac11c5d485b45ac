/** Which targets of a slot are to be started and stopped now: pure, from what is written down. */
import type { Slot } from '../../engine/slot.ts';
import { isServing, type TargetRecord } from './targets.ts';

/** Waits before a target is started again: 0.2 s, doubled each time, at most 15 s. */
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 15_000;

/** A target that was up for this long had started well: the next wait is the first again, ms. */
const STEADY_MS = 10_000;

/** How long to wait before the next start, after so many in a row that did not last. */
export const backOffMs = (failures: number): number =>
  failures === 0 ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 20));

export interface SlotPlan {
  readonly start: readonly { readonly place: number; readonly failures: number }[];
  /** Targets that nobody wants any more. */
  readonly stop: readonly TargetRecord[];
  /** When there will be more to start; null: nothing is waited for. */
  readonly nextAtMs: number | null;
}

/**
 * Compares a slot with what it shall be: one serving target in each place from 0 to `wanted` − 1.
 * @param records every record of that slot and revision, the ended ones too
 */
export function planSlot(wanted: number, records: readonly TargetRecord[], nowMs: number): SlotPlan {
  const start: { place: number; failures: number }[] = [];
  const stop = records.filter((record) => isServing(record) && record.place >= wanted);
  let nextAtMs: number | null = null;
  for (let place = 0; place < wanted; place += 1) {
    const here = records.filter((record) => record.place === place);
    const [, ...surplus] = here.filter(isServing);
    stop.push(...surplus);
    if (here.some(isServing) || here.some(isCondemned)) continue;
    const { atMs, failures } = nextStart(here);
    if (atMs <= nowMs) start.push({ place, failures });
    else nextAtMs = Math.min(atMs, nextAtMs ?? atMs);
  }
  return { start, stop, nextAtMs };
}

/** Being stopped although it is wanted: its successor comes once it has ended. */
const isCondemned = ({ ended, stopping }: TargetRecord): boolean =>
  ended === null && stopping !== null && stopping.reason !== null;

/** When a place may be filled again, and how many starts in a row have failed there. */
function nextStart(here: readonly TargetRecord[]): { atMs: number; failures: number } {
  const last = here.findLast(({ ended }) => ended !== null);
  if (last?.ended === null || last === undefined || last.ended.planned) return { atMs: 0, failures: 0 };
  const lasted = last.ended.atMs - last.createdAtMs >= STEADY_MS;
  const failures = lasted ? 1 : last.failures + 1;
  return { atMs: last.ended.atMs + backOffMs(failures), failures };
}

/** Records of one revision in one slot. */
export const recordsIn = (records: readonly TargetRecord[], slot: Slot, revision: string) =>
  records.filter((record) => record.slot === slot && record.revision === revision);
