import { advance, hasEnded } from '../engine/advance.ts';
import { guardBoundsMs } from '../engine/analysis/bounds.ts';
import type { Slot } from '../engine/slot.ts';
import { steady } from '../engine/steady.ts';
import type { Advanced, Effect, Event, Observation, Rollout, TaskView } from '../engine/types.ts';
import { MorrowError } from '../errors.ts';
import type { Platform, RevisionSpec } from '../platform/platform.ts';
import type { ServiceRecord } from '../store/store.ts';
import { carryOut, isReturnToStable } from './carry-out.ts';
import type { Clock } from './clock.ts';
import { callHook } from './hook-call.ts';
import { addBlocks, DISPLAY_BOUNDS_MS, EMPTY_TALLY } from './live.ts';
import type { ServiceState } from './service-state.ts';
import { significant } from './significant.ts';

export interface SteeringDeps {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly epoch: () => number;
  readonly log: (line: string) => void;
  /** Value of a service's secret; null: not set. */
  readonly secret: (service: string, name: string) => string | null;
  /** Asks for another look at the platform now. */
  readonly wake: () => void;
}

/** Brings events to the engine and the engine's effects to the platform, for one service, the journal in between. */
export class Steering {
  readonly #deps: SteeringDeps;
  readonly #state: ServiceState;
  #measuredSeq = 0;
  /** The effects last asked for, so that asking again is not journaled again. */
  #asked = '';
  /** Results of hooks' calls made by this controller, by key. */
  readonly #calls = new Map<string, TaskView>();

  constructor(deps: SteeringDeps, state: ServiceState) {
    this.#deps = deps;
    this.#state = state;
  }

  /** Looks at the platform once: advances the rollout under way, or keeps the service steady. */
  async look(): Promise<void> {
    const state = this.#state;
    const seen = await this.#observe();
    const observation = { ...seen, tasks: { ...seen.tasks, ...Object.fromEntries(this.#calls) } };
    state.observation = observation;
    if (state.rollout === null) {
      await this.#keepSteady(observation);
      return;
    }
    await this.apply({ type: 'observed', atMs: this.#deps.clock.now(), observation });
    if (state.rollout !== null) await this.#measure(state.rollout);
  }

  /** Time passes for a rollout also while the platform can't be seen. */
  async #observe(): Promise<Observation> {
    try {
      return await this.#deps.platform.observe(this.#state.service);
    } catch (error) {
      await this.apply({ type: 'tick', atMs: this.#deps.clock.now() });
      throw error;
    }
  }

  /** Makes `rollout` the one under way. */
  begin(rollout: Rollout): void {
    this.#state.rollout = rollout;
    this.#state.tally = EMPTY_TALLY;
    this.#calls.clear();
    this.#asked = '';
    this.#state.notify();
    this.#deps.wake();
  }

  /**
   * Puts the settings of a revision in force that serves already (listener, timeouts, count), without a rollout.
   * @param note what the journal says of it
   */
  async putInForce(spec: RevisionSpec, slot: Slot, note: string): Promise<void> {
    const state = this.#state;
    const { count } = spec.settings.rollout;
    const effects: readonly Effect[] = [
      { type: 'ensure' },
      { type: 'stage', slot, revision: spec.id, count },
    ];
    const entries = effects.map((effect) => state.entry(null, { type: 'effect', effect }));
    await state.commit({
      revision: spec,
      entries: [state.entry(null, { type: 'note', text: note }), ...entries],
    });
    for (const effect of effects) await this.#carryOut(effect, null, spec);
    this.#deps.wake();
  }

  /** Advances the rollout by one event; journals what matters, then carries out what the engine asks for. */
  async apply(event: Event): Promise<void> {
    const state = this.#state;
    const before = state.rollout;
    if (before === null) return;
    const { rollout, effects } = advance(before, event);
    state.rollout = rollout;
    const asked = JSON.stringify(effects);
    const again = asked === this.#asked;
    this.#asked = asked;
    if (!significant(before, rollout) && (effects.length === 0 || again)) {
      await state.save(rollout);
      // The platform does not show yet what was asked for: asked once more, not journaled once more.
      await this.#carryOutAll(rollout, effects);
      return;
    }
    const ended = hasEnded(rollout);
    await this.#journal(before, event, { rollout, effects });
    if (ended) {
      state.rollout = null;
      state.last = rollout;
    }
    state.notify();
    await this.#carryOutAll(rollout, effects);
    this.#deps.wake();
    if (ended) await this.#prune();
  }

  /** Writes before anything is carried out; where the journal can't be written, only a return to stable is. */
  async #journal(before: Rollout, event: Event, { rollout, effects }: Advanced): Promise<void> {
    const state = this.#state;
    const entries = [
      state.entry(rollout.id, { type: 'event', event, phase: rollout.phase }),
      ...effects.map((effect) => state.entry(rollout.id, { type: 'effect', effect })),
    ];
    const service = hasEnded(rollout) ? { service: recordAfter(state.record, rollout) } : {};
    try {
      await state.commit({ rollout, entries, ...service });
    } catch (error) {
      this.#asked = '';
      // Going back is remembered and goes on all the same; any other command has simply not been given, and an end
      // that is written nowhere is none: the next observation comes to it again.
      const notGiven = event.type === 'command' && rollout.phase !== 'rolling-back';
      if (notGiven || hasEnded(rollout)) state.rollout = before;
      if (cannotBeWritten(error))
        await this.#carryOutAll(
          rollout,
          effects.filter((effect) => isReturnToStable(effect, rollout.stable)),
        );
      throw error;
    }
  }

  async #carryOutAll(rollout: Rollout, effects: readonly Effect[]): Promise<void> {
    if (effects.length === 0) return;
    const candidate = await this.#state.revision(rollout.candidate.revision);
    for (const effect of effects) await this.#carryOut(effect, rollout.id, candidate);
  }

  /** One after the other, and none after one that failed: a slot must not be retired when the route before it failed. */
  async #carryOut(effect: Effect, rolloutId: string | null, spec: RevisionSpec): Promise<void> {
    const { platform, epoch, log } = this.#deps;
    const state = this.#state;
    try {
      await carryOut(effect, platform, {
        service: state.service,
        settings: spec.settings,
        fence: { epoch: epoch() },
        revision: (id) => state.revision(id),
        call: (call) => this.#call(call),
        alert: (severity, text) => log(`${severity}: ${state.service}: ${text}`),
      });
    } catch (error) {
      const { code, message } = asMorrowError(error);
      const fenced = code === 'LEASE_LOST' || code === 'EDGE_EPOCH_STALE';
      if (!fenced && message !== state.problem) {
        await state.commit({
          entries: [state.entry(rolloutId, { type: 'effect-failed', effect, code, message })],
        });
      }
      throw error;
    }
  }

  #call(effect: Extract<Effect, { type: 'call' }>): void {
    if (this.#calls.has(effect.key)) return;
    this.#calls.set(effect.key, { state: 'running' });
    void callHook(effect, this.#deps.secret(this.#state.service, effect.hook.secret)).then((result) => {
      this.#calls.set(effect.key, result);
      this.#deps.wake();
    });
  }

  async #measure(rollout: Rollout): Promise<void> {
    const state = this.#state;
    const bounds = [...new Set([...DISPLAY_BOUNDS_MS, ...guardBoundsMs(rollout.settings.analysis)])].sort(
      (a, b) => a - b,
    );
    const { blocks } = await this.#deps.platform.measure(state.service, this.#measuredSeq, bounds);
    const newest = blocks[blocks.length - 1];
    if (newest === undefined) return;
    this.#measuredSeq = newest.seq;
    // A slot's counts from before the rollout are those of whatever it held then.
    const own = blocks.filter((block) => block.fromMs >= rollout.createdAtMs);
    if (own.length === 0) return;
    state.tally = addBlocks(state.tally, own);
    await this.apply({ type: 'measured', atMs: this.#deps.clock.now(), blocks: own });
  }

  async #keepSteady(observation: Observation): Promise<void> {
    const state = this.#state;
    const { stable } = state.record;
    const spec = stable === null ? null : await state.revision(stable.revision);
    const effects = steady({ stable, count: spec?.settings.rollout.count ?? 0 }, observation);
    const asked = JSON.stringify(effects);
    if (effects.length > 0 && asked !== this.#asked) {
      await state.commit({ entries: effects.map((effect) => state.entry(null, { type: 'effect', effect })) });
    }
    this.#asked = asked;
    const context = spec ?? (await state.revisions())[0];
    if (context === undefined) return;
    for (const effect of effects) await this.#carryOut(effect, null, context);
  }

  /** Forgets the artifacts that no rollback can ask for any more. */
  async #prune(): Promise<void> {
    const { record } = this.#state;
    const stable = record.stable === null ? null : await this.#state.revision(record.stable.revision);
    const kept = stable?.settings.keepRevisions ?? 0;
    const keep = [stable?.id, record.queued?.revision, ...record.previous.slice(0, kept)].filter(
      (id) => id !== undefined,
    );
    await this.#deps.platform.prune(record.service, keep, { epoch: this.#deps.epoch() });
  }
}

/** A service's record once `rollout` has ended. */
function recordAfter(record: ServiceRecord, rollout: Rollout): ServiceRecord {
  if (rollout.phase !== 'promoted') return record;
  const { stable, candidate, contracted } = rollout;
  const previous = [...(stable === null ? [] : [stable.revision]), ...record.previous].filter(
    (id) => id !== candidate.revision,
  );
  return { ...record, stable: candidate, previous: [...new Set(previous)].slice(0, 20), contracted };
}

const cannotBeWritten = (error: unknown): boolean =>
  error instanceof MorrowError && (error.code === 'DISK_FULL' || error.code === 'JOURNAL_WRITE_FAILED');

/** Whatever was thrown, as an error with a code and one sentence. */
export function asMorrowError(error: unknown): MorrowError {
  if (error instanceof MorrowError) return error;
  return new MorrowError('INTERNAL', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
