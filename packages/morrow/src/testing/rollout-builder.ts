import { advance, hasEnded } from '../engine/advance.ts';
import { type PlanRequest, plan } from '../engine/plan.ts';
import { otherSlot } from '../engine/slot.ts';
import type { Block, Command, Effect, Phase, Rollout, RolloutSettings } from '../engine/types.ts';
import { countsOf, type Traffic } from './scripted-platform.ts';
import { serviceSettings } from './service-settings.ts';
import { AT_ONCE, carryOut, EMPTY_WORLD, type Manners, observationOf, serving, type World } from './world.ts';

/** Settings with three steps and short, round times; every part of a rollout can be set. */
export function rolloutSettings(overrides: Partial<RolloutSettings> = {}): RolloutSettings {
  return {
    ...serviceSettings().rollout,
    count: 4,
    steps: [
      { weightPct: 5, bakeMs: 10_000, gate: false },
      { weightPct: 50, bakeMs: 10_000, gate: false },
      { weightPct: 100, bakeMs: 0, gate: false },
    ],
    finalBakeMs: 20_000,
    progressDeadlineMs: 300_000,
    capacityGraceMs: 5000,
    ...overrides,
  };
}

/** What a rollout from revision `old` (blue) to revision `new` (green) is asked for with. */
export const planRequest = (overrides: Partial<PlanRequest> = {}): PlanRequest => ({
  id: 'backend-1',
  environment: 'test',
  service: 'backend',
  stable: { slot: 'blue', revision: 'old' },
  candidate: 'new',
  settings: rolloutSettings(),
  atMs: 1_800_000_000_000,
  ...overrides,
});

export interface StoryOptions {
  readonly settings?: Partial<RolloutSettings>;
  /** Null: a first deploy. */
  readonly stable?: PlanRequest['stable'];
  readonly manners?: Manners;
}

/**
 * A rollout and the world in which it takes place, told event by event. Each state goes through JSON, as it does through
 * the journal, so nothing can live on anything that is not written.
 */
export class Story {
  rollout: Rollout;
  world: World;
  manners: Manners;
  /** Effects of the last event. */
  effects: readonly Effect[] = [];
  /** All effects that were not alerts, in order. */
  readonly asked: Effect[] = [];
  readonly alerts: string[] = [];
  nowMs: number;
  #seq = 0;

  constructor({ settings, stable, manners }: StoryOptions = {}) {
    const request = planRequest({
      settings: rolloutSettings(settings),
      ...(stable === undefined ? {} : { stable }),
    });
    this.rollout = plan(request);
    this.world = request.stable === null ? EMPTY_WORLD : serving(request.stable, request.settings.count);
    this.manners = manners ?? AT_ONCE;
    this.nowMs = request.atMs;
  }

  get phase(): Phase {
    return this.rollout.phase;
  }

  get candidate() {
    return this.world.slots[this.rollout.candidate.slot];
  }

  /** The candidate's share of the traffic as the world has it. */
  get candidatePct(): number {
    return this.world.weights?.[this.rollout.candidate.slot] ?? 0;
  }

  /** Lets time pass and the engine look; the world does what it asks unless `lose`. */
  observe(ms = 1000, { lose = false } = {}): this {
    this.nowMs += ms;
    this.#take({ type: 'observed', atMs: this.nowMs, observation: observationOf(this.world) });
    if (!lose) for (const effect of this.effects) this.world = carryOut(this.world, effect, this.manners);
    return this;
  }

  tick(ms: number): this {
    this.nowMs += ms;
    return this.#take({ type: 'tick', atMs: this.nowMs });
  }

  command(command: Command): this {
    return this.#take({ type: 'command', atMs: this.nowMs, command, by: 'ann' });
  }

  /** One second of traffic by the world's weights. */
  measure(candidate: Traffic | null, stable: Traffic | null): this {
    this.#seq += 1;
    const slot = this.rollout.candidate.slot;
    const boundsMs = [this.rollout.settings.analysis.guard.p99Ms];
    const traffic = { blue: null, green: null, [slot]: candidate, [otherSlot(slot)]: stable };
    const { weights } = this.world;
    if (weights === null) return this;
    const block: Block = {
      seq: this.#seq,
      fromMs: this.nowMs - 1000,
      toMs: this.nowMs,
      weights,
      boundsMs,
      slots: countsOf(traffic, boundsMs),
    };
    return this.#take({ type: 'measured', atMs: this.nowMs, blocks: [block] });
  }

  /** Changes the world, as a crash or somebody's hand does. */
  change(to: (world: World) => World): this {
    this.world = to(this.world);
    return this;
  }

  /**
   * Observes each second until the rollout is in `phase`.
   * @throws Error when it ends elsewhere or does not get there
   */
  until(phase: Phase, step: number | null = null): this {
    for (let turn = 0; turn < 5000; turn++) {
      if (this.phase === phase && (step === null || this.rollout.step === step)) return this;
      if (hasEnded(this.rollout)) break;
      this.observe();
    }
    const { reason, waitingFor } = this.rollout;
    throw new Error(`not ${phase} but ${this.phase}: ${reason?.text ?? waitingFor}`);
  }

  #take(event: Parameters<typeof advance>[1]): this {
    const { rollout, effects } = advance(
      JSON.parse(JSON.stringify(this.rollout)),
      JSON.parse(JSON.stringify(event)),
    );
    this.rollout = rollout;
    this.effects = effects;
    for (const effect of effects) {
      if (effect.type === 'alert') this.alerts.push(effect.text);
      else this.asked.push(effect);
    }
    return this;
  }
}

/** A story that has come as far as `phase` without any trouble. */
export function storyAt(phase: Phase, options: StoryOptions = {}, step: number | null = null): Story {
  return new Story(options).until(phase, step);
}
