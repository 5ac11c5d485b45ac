import { advance } from '../engine/advance.ts';
import { plan } from '../engine/plan.ts';
import { refusal } from '../engine/refusal.ts';
import { SLOTS } from '../engine/slot.ts';
import type { Command, Rollout } from '../engine/types.ts';
import { MorrowError } from '../errors.ts';
import type { RevisionSpec } from '../platform/platform.ts';
import type { ServiceRecord } from '../store/store.ts';
import {
  asRestart,
  type DeployDecision,
  decideDeploy,
  directly,
  pastContract,
  rollbackTarget,
  rolloutId,
} from './requests.ts';
import { type JournalDeps, type ServiceSnapshot, ServiceState } from './service-state.ts';
import { asMorrowError, Steering, type SteeringDeps } from './steering.ts';

/** Waits between two looks at the platform, ms; a hint from the platform or a command ends a wait at once. */
const BUSY_MS = 100;
const OBSERVING_MS = 250;
const IDLE_MS = 1000;
/** Longest wait after something failed, ms. */
const BACKOFF_MAX_MS = 5000;

export interface LoopDeps extends JournalDeps, Omit<SteeringDeps, 'wake'> {
  readonly environment: string;
  /** Called when the platform or the store refused our epoch. */
  readonly onFenced: (error: MorrowError) => void;
}

/** What a request for a rollout led to. */
export interface Begun {
  /** `command`: the rollout under way was told to go back. */
  readonly decision: DeployDecision['type'] | 'command';
  readonly rolloutId: string | null;
  /** The rollout that it waits for. */
  readonly behind: Rollout | null;
}

/**
 * Steers one service for as long as the controller lives.
 * Everything that changes it goes one after the other, so two requests at once have one clear outcome each.
 */
export class ServiceLoop {
  readonly #deps: LoopDeps;
  readonly #state: ServiceState;
  readonly #steering: Steering;
  #failures = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #alarm = new AbortController();

  constructor(deps: LoopDeps, record: ServiceRecord, rollout: Rollout | null, last: Rollout | null) {
    this.#deps = deps;
    this.#state = new ServiceState(deps, record, rollout, last);
    this.#steering = new Steering({ ...deps, wake: () => this.wake() }, this.#state);
  }

  get service(): string {
    return this.#state.service;
  }

  snapshot(): ServiceSnapshot {
    return this.#state.snapshot();
  }

  /** Calls `listener` after each change; returns how to stop. */
  watch(listener: () => void): () => void {
    return this.#state.watch(listener);
  }

  /** Ends the present wait, so that the platform is looked at now. */
  wake(): void {
    this.#alarm.abort();
  }

  /** Goes on until `signal` is aborted; what is under way then is finished first. */
  async run(signal: AbortSignal): Promise<void> {
    const wake = (): void => this.wake();
    signal.addEventListener('abort', wake);
    while (!signal.aborted) {
      this.#alarm = new AbortController();
      await this.#exclusively(() => this.#cycle());
      if (!signal.aborted) await this.#deps.clock.sleep(this.#waitMs(), this.#alarm.signal);
    }
    signal.removeEventListener('abort', wake);
  }

  /** Starts, queues or joins a rollout to `candidate`. */
  async deploy(candidate: RevisionSpec, by: string): Promise<Begun> {
    return this.#exclusively(async () => {
      const decision = decideDeploy(this.#state.record, this.#state.rollout, candidate);
      switch (decision.type) {
        case 'unchanged': {
          const note = `${by} deployed ${candidate.id}, which serves already`;
          await this.#steering.putInForce(candidate, decision.slot, note);
          return begun('unchanged', null);
        }
        case 'join':
          return begun('join', decision.rollout.id);
        case 'start':
          return begun('start', await this.#begin(candidate, false, by, null));
        case 'queue':
          return this.#queue(candidate, false, by, decision.behind, decision.supersede);
      }
    });
  }

  /** What `deploy` would lead to, and the rollout that it would start; changes nothing. */
  async dryRun(
    candidate: RevisionSpec,
  ): Promise<{ readonly decision: DeployDecision; readonly rollout: Rollout }> {
    return this.#exclusively(async () => ({
      decision: decideDeploy(this.#state.record, this.#state.rollout, candidate),
      rollout: await this.#planned(candidate, false, rolloutId(this.service, this.#deps.clock.now())),
    }));
  }

  /** The deploy that waits for its turn, as the rollout that it will be; null: none waits. */
  async queuedRollout(): Promise<Rollout | null> {
    const { queued } = this.#state.record;
    if (queued === null) return null;
    const rollout = await this.#planned(
      await this.#state.revision(queued.revision),
      queued.direct,
      queued.rolloutId,
    );
    return { ...rollout, waitingFor: `${this.#state.rollout?.id ?? 'the rollout before it'} to end` };
  }

  /**
   * Gives the rollout under way a command.
   * @throws MorrowError `NO_ROLLOUT`, or `COMMAND_REFUSED` with the engine's reason
   */
  async command(command: Command, by: string): Promise<Rollout> {
    return this.#exclusively(() => this.#command(command, by));
  }

  /**
   * Back to stable while a rollout is under way; after it, a rollout to an earlier revision.
   * @param to a revision id or a beginning of one; null: the one before
   * @param force although the contract migration has run
   */
  async rollback(to: string | null, force: boolean, by: string): Promise<Begun> {
    return this.#exclusively(async () => {
      const { record, rollout: active } = this.#state;
      if (active !== null && (to === null || active.stable?.revision.startsWith(to))) {
        await this.#command({ type: 'rollback', force }, by);
        return begun('command', active.id);
      }
      if (record.contracted && !force) throw pastContract(this.service);
      const target = rollbackTarget(record, await this.#state.revisions(), to);
      if (active !== null) return this.#queue(target, true, by, active, true);
      if (record.stable?.revision === target.id) return begun('unchanged', null);
      return begun('start', await this.#begin(target, true, by, null));
    });
  }

  /** A rollout to the same artifact with fresh processes. */
  async restart(by: string): Promise<Begun> {
    return this.#exclusively(async () => {
      const { record, rollout } = this.#state;
      if (record.stable === null) {
        throw new MorrowError(
          'UNKNOWN_REVISION',
          `${this.service} has never been promoted: there is nothing to restart.`,
          {
            hint: `\`morrow deploy ${this.#deps.environment} ${this.service}\` ships it.`,
          },
        );
      }
      if (rollout !== null) {
        throw new MorrowError('ROLLOUT_BUSY', `The rollout ${rollout.id} of ${this.service} is under way.`, {
          hint: 'Wait for it, or end it with `morrow abort`.',
        });
      }
      const spec = asRestart(await this.#state.revision(record.stable.revision), this.#deps.clock.now());
      return begun('start', await this.#begin(spec, false, by, null));
    });
  }

  /** Stops whatever runs of the service, traffic first; resolves when both slots are empty or `signal` is aborted. */
  async stopService(signal: AbortSignal): Promise<void> {
    const { platform, clock, epoch } = this.#deps;
    await this.#exclusively(async () => {
      const fence = { epoch: epoch() };
      await platform.route(this.service, null, null, fence);
      while (!signal.aborted) {
        const { slots } = await platform.observe(this.service);
        const held = SLOTS.filter((slot) => slots[slot].revision !== null);
        if (held.length === 0) return;
        for (const slot of held) await platform.retire(this.service, slot, fence);
        await clock.sleep(BUSY_MS, signal);
      }
    });
  }

  #exclusively<T>(body: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(body);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** One look at the platform and what follows from it. */
  async #cycle(): Promise<void> {
    try {
      const { queued } = this.#state.record;
      if (this.#state.rollout === null && queued !== null) {
        const { revision, direct, by, rolloutId: id } = queued;
        await this.#begin(await this.#state.revision(revision), direct, by, id);
      }
      await this.#steering.look();
      this.#failures = 0;
      this.#state.problem = null;
    } catch (error) {
      this.#failed(asMorrowError(error));
    }
    this.#state.notify();
  }

  #failed(error: MorrowError): void {
    this.#failures += 1;
    if (error.message !== this.#state.problem)
      this.#deps.log(`${this.service}: ${error.message} [${error.code}]`);
    this.#state.problem = error.message;
    if (error.code === 'LEASE_LOST' || error.code === 'EDGE_EPOCH_STALE') this.#deps.onFenced(error);
  }

  #waitMs(): number {
    if (this.#failures > 0) return Math.min(BUSY_MS * 2 ** Math.min(this.#failures, 10), BACKOFF_MAX_MS);
    const { rollout } = this.#state;
    if (rollout === null) return IDLE_MS;
    return ['observing', 'baking', 'paused', 'waiting'].includes(rollout.phase) ? OBSERVING_MS : BUSY_MS;
  }

  async #planned(candidate: RevisionSpec, direct: boolean, id: string): Promise<Rollout> {
    const { stable } = this.#state.record;
    const serving = stable === null ? null : await this.#state.revision(stable.revision);
    const { rollout, startTimeoutMs } = candidate.settings;
    return plan({
      id,
      environment: this.#deps.environment,
      service: this.service,
      stable,
      ...(serving === null ? {} : { stableCount: serving.settings.rollout.count }),
      candidate: candidate.id,
      settings: { ...(direct ? directly(rollout) : rollout), startTimeoutMs },
      atMs: this.#deps.clock.now(),
    });
  }

  /** @param id the id that the rollout was promised while it waited; null: a new one */
  async #begin(candidate: RevisionSpec, direct: boolean, by: string, id: string | null): Promise<string> {
    const state = this.#state;
    const rollout = await this.#planned(
      candidate,
      direct,
      id ?? rolloutId(this.service, this.#deps.clock.now()),
    );
    await state.commit({
      revision: candidate,
      rollout,
      service: { ...state.record, queued: null },
      entries: [
        state.entry(rollout.id, { type: 'created', rollout }),
        state.entry(rollout.id, { type: 'note', text: `asked for by ${by}` }),
      ],
    });
    this.#steering.begin(rollout);
    return rollout.id;
  }

  /** Puts a deploy behind the rollout under way; one that waited there already ends superseded. */
  async #queue(
    candidate: RevisionSpec,
    direct: boolean,
    by: string,
    behind: Rollout,
    supersede: boolean,
  ): Promise<Begun> {
    const state = this.#state;
    const atMs = this.#deps.clock.now();
    const id = rolloutId(this.service, atMs);
    await this.#dropQueued(id);
    await state.commit({
      revision: candidate,
      service: { ...state.record, queued: { rolloutId: id, revision: candidate.id, direct, by, atMs } },
      entries: [state.entry(id, { type: 'note', text: `asked for by ${by}; waits for ${behind.id}` })],
    });
    if (supersede && refusal(behind, { type: 'supersede', by: id }) === null) {
      await this.#command({ type: 'supersede', by: id }, by);
    }
    return { decision: 'queue', rolloutId: id, behind };
  }

  async #dropQueued(by: string): Promise<void> {
    const state = this.#state;
    const { queued } = state.record;
    if (queued === null) return;
    const waiting = await this.#planned(
      await state.revision(queued.revision),
      queued.direct,
      queued.rolloutId,
    );
    const command = { type: 'supersede', by } as const;
    const { rollout } = advance(waiting, { type: 'command', atMs: this.#deps.clock.now(), command, by });
    await state.commit({
      rollout,
      service: { ...state.record, queued: null },
      entries: [state.entry(rollout.id, { type: 'note', text: `superseded by ${by} before it began` })],
    });
  }

  async #command(command: Command, by: string): Promise<Rollout> {
    const { rollout } = this.#state;
    if (rollout === null) {
      throw new MorrowError('NO_ROLLOUT', `No rollout of ${this.service} is under way.`, {
        hint: '`morrow status` shows what serves.',
      });
    }
    const refused = refusal(rollout, command);
    if (refused !== null) {
      throw new MorrowError('COMMAND_REFUSED', refused, {
        hint: '`morrow status` shows where the rollout stands.',
      });
    }
    await this.#steering.apply({ type: 'command', atMs: this.#deps.clock.now(), command, by });
    return this.#state.rollout ?? this.#state.last ?? rollout;
  }
}

const begun = (decision: Begun['decision'], id: string | null): Begun => ({
  decision,
  rolloutId: id,
  behind: null,
});
