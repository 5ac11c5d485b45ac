import { SLOTS } from '../../engine/slot.ts';
import type { SlotView, TaskView } from '../../engine/types.ts';
import type { World } from '../world.ts';
import { type ModelState, UNIT_MS } from './model.ts';

/**
 * A state as a number of 53 bits. Times count from now and end where they no longer matter, and what only people read is
 * left out, so that histories which the engine cannot tell apart meet.
 * A collision hides a state with a chance of about n²/2⁵⁴: one in 10⁵ for 400,000 states.
 */
export function keyOf(state: ModelState): number {
  return hash(`${rolloutKey(state)}|${worldKey(state.world)}|${ghostKey(state)}`);
}

function ghostKey({ mood, faults, ghost }: ModelState): string {
  return `${mood}${faults}${ghost.shownPct},${Math.min(units(ghost.heldMs), 3)}${ghost.hurried}${+ghost.stableWasWeak}${+ghost.forced}`;
}

const units = (ms: number): number => Math.round(ms / UNIT_MS);

function rolloutKey({ rollout, world }: ModelState): string {
  const { memory, weights, phase, step, verdict, settings } = rollout;
  const now = memory.lastEventMs;
  const since = (ms: number | null, limit: number): string =>
    ms === null ? '-' : String(Math.max(-1, Math.min(units(now - ms), limit)));
  const deadline = units(settings.progressDeadlineMs) + 3;
  // Before the first step the engine waits for stable's capacity only where the candidate's slot has traffic.
  const astray = step < 0 && (world.weights?.[rollout.candidate.slot] ?? 0) > 0;
  const early = astray ? since(rollout.phaseSinceMs, 7) : '';
  const flags = [
    rollout.contracted,
    memory.promoteFull,
    memory.promoteStep,
    memory.withoutComparison,
    memory.trafficSinceMs !== null,
    memory.returnedAtMs !== null,
  ];
  return [
    phase,
    step,
    rollout.resumePhase,
    weights?.blue,
    rollout.reason?.code,
    verdict?.decision,
    JSON.stringify(rollout.analysis),
    memory.milestone,
    memory.exitBase,
    memory.trouble,
    flags.map(Number).join(''),
    since(rollout.progressAtMs, deadline),
    early,
    Math.min(units(memory.bakedMs), 3),
    since(memory.shortSinceMs, 2),
    since(memory.stableShortSinceMs, 2),
    since(memory.backSinceMs, 7),
  ].join();
}

function worldKey({ slots, weights, stable, failsafe, probes, tasks }: World): string {
  const views = SLOTS.map((slot) => slotKey(slots[slot])).join();
  return `${views},${weights?.blue},${stable},${+failsafe},${tasksKey(probes)},${tasksKey(tasks)}`;
}

const slotKey = (view: SlotView): string =>
  `${view.revision}${view.wanted}${view.running}${view.healthy}${+view.draining}${view.exitCount}${view.problem === null ? '' : '!'}`;

function tasksKey(views: Readonly<Record<string, TaskView>>): string {
  let key = '';
  for (const [name, view] of Object.entries(views)) key += `${name.slice(name.indexOf('/'))}${view.state[0]}`;
  return key;
}

/** Two multiplicative hashes side by side (cyrb53). */
function hash(text: string): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}
