/** How targets are stopped: first written down, then asked (SIGTERM to the group), after a grace made to (SIGKILL). */
import type { EdgeState } from '../../edge/api.ts';
import type { LocalContext } from './context.ts';
import { shownIn } from './edge-service.ts';
import { type TargetRecord, targetsOf } from './targets.ts';

/** A single target taken away while its slot serves on: requests that it has may end for this long, ms. */
const LEAVE_MS = 5000;

/** Has a target end because it is no longer wanted. @param leavingMs how long it may finish what it was given */
export function stopTarget(
  context: LocalContext,
  record: TargetRecord,
  graceMs: number,
  leavingMs: number,
): void {
  if (record.stopping !== null || record.ended !== null) return;
  const askAtMs = context.now() + Math.min(leavingMs, LEAVE_MS);
  const stopping = { reason: null, askAtMs, askedAtMs: null, graceMs };
  targetsOf(context.layout, record.service).write({ ...record, stopping });
}

/** Has a target end although it is wanted: `reason` counts as an exit, and another takes its place. */
export function condemn(context: LocalContext, record: TargetRecord, reason: string, graceMs: number): void {
  if (record.stopping !== null || record.ended !== null) return;
  const stopping = { reason, askAtMs: context.now(), askedAtMs: null, graceMs };
  targetsOf(context.layout, record.service).write({ ...record, stopping });
  context.log(`${record.id}: ${reason}; it is stopped and replaced`);
}

/**
 * Sends the signals that are due.
 * @param edge null: it can't be asked; then nothing that might have traffic is stopped
 * @returns when to look again, ms since 1970; null: nothing is being stopped
 */
export async function sendSignals(
  context: LocalContext,
  service: string,
  edge: EdgeState | null,
): Promise<number | null> {
  const targets = targetsOf(context.layout, service);
  let againAtMs: number | null = null;
  for (const record of targets.list()) {
    const { stopping, ended } = record;
    if (stopping === null || ended !== null) continue;
    const now = context.now();
    const { askedAtMs } = stopping;
    if (askedAtMs === null && now >= stopping.askAtMs && mayEnd(record, edge)) {
      context.actingEpoch();
      targets.write({ ...record, stopping: { ...stopping, askedAtMs: now } });
      await context.runtime.signal(targets.ref(record), stopping.graceMs === 0 ? 'SIGKILL' : 'SIGTERM');
    } else if (askedAtMs !== null && now >= askedAtMs + stopping.graceMs) {
      context.actingEpoch();
      await context.runtime.signal(targets.ref(record), 'SIGKILL');
    }
    const nextMs = askedAtMs === null ? stopping.askAtMs : askedAtMs + stopping.graceMs;
    againAtMs = Math.min(againAtMs ?? Number.POSITIVE_INFINITY, Math.max(nextMs, now + 50));
  }
  return againAtMs;
}

/** A target that the edge still gives requests is not asked to end, unless it has to go whatever it does. */
function mayEnd(record: TargetRecord, edge: EdgeState | null): boolean {
  if (record.stopping?.reason) return true;
  if (edge === null) return false;
  const slot = shownIn(edge, record.service)?.service.slots[record.slot] ?? null;
  return slot === null || slot.draining || !slot.targets.some(({ id }) => id === record.id);
}
