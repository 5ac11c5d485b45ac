import type { EdgeHealth, EdgeService, EdgeTarget, EdgeTargetState } from '../api.ts';
import { checkTarget } from './health-check.ts';
import { afterCheck, newTarget, pathToAsk, pauseBeforeNext, type TargetHealth } from './health-rules.ts';
import { targetsOf } from './memory.ts';

type Place = ReturnType<typeof targetsOf>[number];

/** Called when a target's health changes, or why it isn't healthy. */
export type HealthListener = (place: {
  readonly service: EdgeService;
  readonly state: EdgeTargetState;
}) => void;

/** Checks every target of every service, each at its own pace. */
export class HealthChecks {
  readonly #onChange: HealthListener;
  readonly #checks = new Map<string, TargetCheck>();

  constructor(onChange: HealthListener) {
    this.#onChange = onChange;
  }

  /**
   * From now on checks exactly the targets of these services.
   *
   * @param presumedHealthy ids of new targets that count as healthy until a check says otherwise
   */
  watch(services: readonly EdgeService[], presumedHealthy: readonly string[] = []): void {
    const places = targetsOf(services);
    const wanted = new Set(places.map(({ id }) => id));
    for (const [id, check] of this.#checks) {
      if (wanted.has(id)) continue;
      check.stop();
      this.#checks.delete(id);
    }
    for (const place of places) {
      const known = this.#checks.get(place.id);
      if (known?.continueAt(place)) continue;
      known?.stop();
      const check = new TargetCheck(place, presumedHealthy.includes(place.id), this.#onChange);
      this.#checks.set(place.id, check);
      check.askNow();
    }
  }

  /** Checks a target at once: the data plane could not reach it. */
  suspect(id: string): void {
    this.#checks.get(id)?.askNow();
  }

  isHealthy(id: string): boolean {
    return this.#checks.get(id)?.state.health === 'healthy';
  }

  /** Ids of the healthy targets. */
  healthy(): ReadonlySet<string> {
    return new Set([...this.#checks.keys()].filter((id) => this.isHealthy(id)));
  }

  /** State of each target of a service. */
  states(service: EdgeService): readonly EdgeTargetState[] {
    return targetsOf([service]).flatMap(({ id }) => this.#checks.get(id)?.state ?? []);
  }

  stop(): void {
    for (const check of this.#checks.values()) check.stop();
    this.#checks.clear();
  }
}

/** How a target is checked: as its revision says, else as the service does. */
const healthOf = ({ service, slot }: Place): EdgeHealth => service.slots[slot]?.health ?? service.health;

/** The checks of one target. */
class TargetCheck {
  readonly #onChange: HealthListener;
  #place: Place;
  #now: TargetHealth;
  #sinceMs = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #asking = false;
  #stopped = false;

  constructor(place: Place, presumedHealthy: boolean, onChange: HealthListener) {
    this.#place = place;
    this.#onChange = onChange;
    this.#now = newTarget(presumedHealthy);
  }

  get state(): EdgeTargetState {
    const { id, slot } = this.#place;
    return { id, slot, health: this.#now.health, problem: this.#now.problem };
  }

  /** Goes on with the target where it now stands; false if it is another process behind the same id. */
  continueAt(place: Place): boolean {
    const sameAddress = (a: EdgeTarget, b: EdgeTarget) => a.host === b.host && a.port === b.port;
    if (!sameAddress(this.#place, place) || this.#place.slot !== place.slot) return false;
    const before = healthOf(this.#place);
    this.#place = place;
    if (JSON.stringify(before) !== JSON.stringify(healthOf(place))) this.askNow();
    return true;
  }

  askNow(): void {
    if (this.#asking || this.#stopped) return;
    clearTimeout(this.#timer);
    void this.#ask();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    const health = healthOf(this.#place);
    const result = await checkTarget(this.#place, pathToAsk(this.#now, health), health.timeoutMs);
    this.#asking = false;
    if (this.#stopped) return;
    const before = this.#now;
    this.#now = afterCheck(before, result, health.failures);
    if (this.#now.health !== before.health) this.#sinceMs = performance.now();
    const pause = pauseBeforeNext(this.#now, performance.now() - this.#sinceMs, health.intervalMs);
    this.#timer = setTimeout(() => this.askNow(), pause);
    if (this.#now.health !== before.health || this.#now.problem !== before.problem) {
      this.#onChange({ service: this.#place.service, state: this.state });
    }
  }
}
