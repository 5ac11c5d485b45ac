/** Looks at every process that was running when last looked, and writes down which have ended and how. */
import type { Exit } from '../../engine/types.ts';
import type { LocalContext } from './context.ts';
import { lastLines } from './log-file.ts';
import { isFree } from './ports.ts';
import type { RunExit } from './runtime.ts';
import { withExit, withSlot } from './service-state.ts';
import { type Ended, type TargetRecord, type Targets, targetsOf } from './targets.ts';
import { exitWords } from './words.ts';

/** How many of a target's last lines are kept with its exit. */
const LINES_KEPT = 20;

/** Records of ended targets kept for their logs, per service and beyond the places of a slot. */
const ENDED_KEPT = 20;

/** @returns whether something is still on its way out and wants another look soon */
export async function settle(context: LocalContext, service: string): Promise<boolean> {
  const targets = targetsOf(context.layout, service);
  let soon = false;
  for (const record of targets.list()) {
    if (record.ended !== null) continue;
    const ref = targets.ref(record);
    const vital = await context.runtime.look(ref);
    if (vital.state === 'not-started') {
      // Its start was written down by a controller that died, or is only asleep: it must not come later.
      if (context.runtime.cancel(ref)) targets.remove(record);
    } else if (vital.state === 'leftovers') {
      // Helpers of a process that died are of no use, and might hold what its successor needs.
      if (record.stopping === null) {
        context.actingEpoch();
        await context.runtime.signal(ref, 'SIGKILL');
      }
      soon = true;
    } else if (vital.state === 'ended') {
      await writeEnd(context, targets, record, vital.exit);
      context.runtime.forget(ref);
    }
  }
  removeOld(context, targets, service);
  return soon;
}

async function writeEnd(
  context: LocalContext,
  targets: Targets,
  before: TargetRecord,
  exit: RunExit,
): Promise<void> {
  const portTaken = before.healthyAtMs === null && before.stopping === null && !(await isFree(before.port));
  // Everything may have changed while the port was tried: the controller, and what is written down.
  context.actingEpoch();
  const record = targets.list().find(({ id }) => id === before.id) ?? before;
  const ended = endOf(record, exit, portTaken, context.now());
  if (!ended.planned && !portTaken) {
    const { id: target } = record;
    const lines = lastLines(targets.logFile(record), LINES_KEPT);
    countExit(context, record, { target, atMs: ended.atMs, reason: ended.reason, lastLines: lines });
  }
  targets.write({ ...record, ended });
  context.log(`${record.id}: ${ended.planned ? 'stopped' : 'ended'} (${ended.reason})`);
  context.changed(record.service);
}

/**
 * The exit that will be counted of a target which has just ended or has to go; null where none will. One that was
 * never healthy is left to be judged when its end is written down: its port may have been somebody else's.
 */
export function comingExit(context: LocalContext, record: TargetRecord, exit: RunExit | null): Exit | null {
  const reason = record.stopping?.reason ?? null;
  if (record.stopping !== null ? reason === null : exit === null || record.healthyAtMs === null) return null;
  const { id: target } = record;
  const log = targetsOf(context.layout, record.service).logFile(record);
  const words = reason ?? exitWords(exit ?? UNSEEN);
  return { target, atMs: exit?.atMs ?? context.now(), reason: words, lastLines: lastLines(log, LINES_KEPT) };
}

const UNSEEN: RunExit = { code: null, signal: null, atMs: null };

function endOf(record: TargetRecord, exit: RunExit, portTaken: boolean, nowMs: number): Ended {
  const reason = record.stopping?.reason ?? exitWords(exit);
  return {
    atMs: exit.atMs ?? nowMs,
    reason: portTaken ? `${reason}; its port ${record.port} is taken by another program` : reason,
    planned: record.stopping !== null && record.stopping.reason === null,
    portTaken,
  };
}

/** Adds the exit to its slot, if that still holds the revision; first of all, so that a crash here can't lose it. */
function countExit(context: LocalContext, record: TargetRecord, exit: Exit): void {
  const state = context.states.read(record.service);
  const slot = state.slots[record.slot];
  if (slot === null || slot.revision.id !== record.revision) return;
  context.states.write(withSlot(state, record.slot, withExit(slot, exit)));
}

function removeOld(context: LocalContext, targets: Targets, service: string): void {
  const { slots } = context.states.read(service);
  const places = Math.max(slots.blue?.wanted ?? 0, slots.green?.wanted ?? 0);
  const ended = targets.list().filter((record) => record.ended !== null);
  for (const record of ended.slice(0, -(ENDED_KEPT + 2 * places))) targets.remove(record);
}
