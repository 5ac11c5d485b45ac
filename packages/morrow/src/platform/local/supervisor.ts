/**
 * Makes the processes of a service be what is written down that they shall be, again and again. Nothing is remembered
 * but what is on disk, in the process table and in the edge: a controller that has just started goes on where the
 * last one was, whatever that was about to do.
 */
import type { EdgeState } from '../../edge/api.ts';
import { SLOTS, type Slot } from '../../engine/slot.ts';
import { MorrowError } from '../../errors.ts';
import type { LocalContext } from './context.ts';
import { shownIn, weightOf } from './edge-service.ts';
import type { EdgeSync } from './edge-sync.ts';
import type { HealthWatch } from './health-watch.ts';
import { lastLines, rotateLog } from './log-file.ts';
import { retireSlots } from './retire-slot.ts';
import { type SlotState, withSlot } from './service-state.ts';
import { settle } from './settle.ts';
import { backOffMs, planSlot, recordsIn } from './slot-plan.ts';
import { startTarget } from './start-target.ts';
import { condemn, sendSignals, stopTarget } from './stopping.ts';
import { isServing, type TargetRecord, targetsOf } from './targets.ts';
import { memoryWords } from './words.ts';

/** How often memory and the length of logs are looked at, ms. */
const USAGE_MS = 1000;

/** What is on its way out is looked at again after this, ms. */
const SOON_MS = 50;

export class Supervisor {
  readonly #context: LocalContext;
  readonly #sync: EdgeSync;
  readonly #health: HealthWatch;
  readonly #usageAtMs = new Map<string, number>();
  /** Starts of a slot that failed in a row, and when the next may be tried. */
  readonly #troubles = new Map<string, { failures: number; againAtMs: number }>();

  constructor(context: LocalContext, sync: EdgeSync, health: HealthWatch) {
    this.#context = context;
    this.#sync = sync;
    this.#health = health;
  }

  /**
   * One look at everything of the service, and what follows from it.
   * @param edge null: it can't be asked now. Processes are looked after all the same.
   * @returns when to look again at the latest, ms since 1970; null: when something happens
   * @throws MorrowError `LEASE_LOST` where a newer controller acts
   */
  async reconcile(service: string, edge: EdgeState | null): Promise<number | null> {
    const context = this.#context;
    const epoch = context.actingEpoch();
    const soon = await settle(context, service);
    await this.#usage(service);
    if (edge !== null) {
      this.#health.look(service, edge);
      this.#stopStrays(service, edge);
      if (retireSlots(context, service, edge)) context.changed(service);
    }
    const fillAtMs = await this.#fill(service);
    if (edge !== null) await this.#sync.sync(service, epoch);
    const signalAtMs = await sendSignals(context, service, edge);
    const times = [fillAtMs, signalAtMs, soon ? context.now() + SOON_MS : null].filter(
      (time) => time !== null,
    );
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Starts what is missing in both slots and stops what is too much. */
  async #fill(service: string): Promise<number | null> {
    let nextAtMs: number | null = null;
    for (const slot of SLOTS) {
      const held = this.#context.states.read(service).slots[slot];
      if (held === null || held.retiring !== null) continue;
      const at = await this.#fillSlot(service, slot, held);
      if (at !== null) nextAtMs = Math.min(at, nextAtMs ?? at);
    }
    return nextAtMs;
  }

  async #fillSlot(service: string, slot: Slot, held: SlotState): Promise<number | null> {
    const context = this.#context;
    const { revision, wanted } = held;
    const records = recordsIn(targetsOf(context.layout, service).list(), slot, revision.id);
    const plan = planSlot(wanted, records, context.now());
    const { stopGraceMs, timeouts } = revision.settings;
    for (const record of plan.stop) stopTarget(context, record, stopGraceMs, timeouts.drainMs);
    const key = `${service} ${slot} ${revision.id}`;
    const trouble = this.#troubles.get(key);
    if (plan.start.length > 0 && trouble !== undefined && context.now() < trouble.againAtMs)
      return trouble.againAtMs;
    for (const { place, failures } of plan.start) {
      try {
        await startTarget(context, service, { slot, place, failures, revision });
        this.#troubles.delete(key);
        this.#setProblem(service, slot, revision.id, null);
      } catch (error) {
        return this.#failed(key, service, slot, revision.id, error);
      }
    }
    return plan.nextAtMs;
  }

  /** Nothing could be started: says so in the slot, and tries again later. */
  #failed(key: string, service: string, slot: Slot, revision: string, error: unknown): number {
    if (!(error instanceof MorrowError) || error.code === 'LEASE_LOST') throw error;
    const failures = (this.#troubles.get(key)?.failures ?? 0) + 1;
    const againAtMs = this.#context.now() + backOffMs(failures);
    this.#troubles.set(key, { failures, againAtMs });
    this.#setProblem(service, slot, revision, error.message);
    return againAtMs;
  }

  #setProblem(service: string, slot: Slot, revision: string, text: string | null): void {
    const state = this.#context.states.read(service);
    const held = state.slots[slot];
    if (held === null || held.revision.id !== revision || (held.problem?.text ?? null) === text) return;
    const problem = text === null ? null : { text, lastLines: this.#lastLinesOf(service, slot, revision) };
    if (text !== null) this.#context.log(`${service} (${slot}): ${text}`);
    this.#context.states.write(withSlot(state, slot, { ...held, problem }));
    this.#context.changed(service);
  }

  #lastLinesOf(service: string, slot: Slot, revision: string): readonly string[] {
    const targets = targetsOf(this.#context.layout, service);
    const last = recordsIn(targets.list(), slot, revision).at(-1);
    return last === undefined ? [] : lastLines(targets.logFile(last), 20);
  }

  /** Targets of revisions that no slot holds: left by a controller that died, or by a slot given to another revision. */
  #stopStrays(service: string, edge: EdgeState): void {
    const { slots } = this.#context.states.read(service);
    const shown = shownIn(edge, service)?.service ?? null;
    for (const record of targetsOf(this.#context.layout, service).list().filter(isServing)) {
      if (slots[record.slot]?.revision.id === record.revision) continue;
      // Where only our own file was lost the edge knows better: what has traffic is never stopped.
      const listed = shown?.slots[record.slot]?.targets.some(({ id }) => id === record.id) ?? false;
      if (listed && weightOf(shown, record.slot) > 0) continue;
      this.#context.log(`${record.id}: no slot holds its revision any more`);
      stopTarget(this.#context, record, graceOf(slots, record), 0);
    }
  }

  /** Cuts logs that have grown too long; kills what uses more memory than it may. */
  async #usage(service: string): Promise<void> {
    const context = this.#context;
    const now = context.now();
    if (Math.abs(now - (this.#usageAtMs.get(service) ?? 0)) < USAGE_MS) return;
    this.#usageAtMs.set(service, now);
    const targets = targetsOf(context.layout, service);
    const open = targets.list().filter(({ ended }) => ended === null);
    for (const record of open) rotateLog(targets.logFile(record));
    const limited = open.filter((record) => record.memoryBytes !== null && record.stopping === null);
    if (limited.length === 0) return;
    const used = await context.runtime.memoryBytes(limited.map(targets.ref));
    for (const record of limited) {
      const bytes = used.get(targets.ref(record).dir) ?? 0;
      // No grace: whatever it would do to end in good order takes yet more memory.
      if (record.memoryBytes !== null && bytes > record.memoryBytes)
        condemn(context, record, memoryWords(record.memoryBytes), 0);
    }
  }
}

/** Grace of a target whose revision is no longer known. */
const STRAY_GRACE_MS = 10_000;

const graceOf = (slots: Readonly<Record<Slot, SlotState | null>>, { slot }: TargetRecord): number =>
  slots[slot]?.revision.settings.stopGraceMs ?? STRAY_GRACE_MS;
