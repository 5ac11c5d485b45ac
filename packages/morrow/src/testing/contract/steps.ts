/** What the tests of the contract share. */
import type { ResolvedService } from '../../config/resolved.ts';
import type { Slot } from '../../engine/slot.ts';
import type { Check, Observation } from '../../engine/types.ts';
import type { Fence, Platform, RevisionSpec } from '../../platform/platform.ts';

/** How a revision behaves: it serves; its processes end at once with exit code 3; it runs and never becomes healthy. */
export type Behaviour = 'serves' | 'crashes' | 'never-healthy';

/** A platform of one test, with the service `backend` in mind and nothing asked for yet. */
export interface PlatformHarness {
  /** The present controller's platform and its proof. */
  readonly platform: Platform;
  readonly fence: Fence;
  readonly service: ResolvedService;
  /** Another revision of the service with each call. */
  revision(behaviour?: Behaviour): Promise<RevisionSpec>;
  /** The controller dies; another takes over, with a higher epoch. What runs goes on running. */
  takeOver(): Promise<void>;
  /** One target of the slot ends as by a crash. Its last line is `crashing as told`. */
  crash(slot: Slot): Promise<void>;
  /** Time passes. */
  pause(ms: number): Promise<void>;
  /** Sends a request to the service as its users do: who answered. Null where the platform serves nobody. */
  readonly request: (() => Promise<{ readonly status: number; readonly revision: string }>) | null;
  close(): Promise<void>;
}

export const SERVICE = 'backend';

/** Longest that anything may take, ms, and how often is looked. */
export const LIMIT_MS = 30_000;
export const LOOK_MS = 25;

/** A check of the service's root that passes. */
export const check = (over: Partial<Check> = {}): Check => ({
  name: 'it answers',
  method: 'GET',
  path: '/',
  headers: {},
  body: null,
  expect: { status: [], bodyIncludes: null, withinMs: 5000 },
  ...over,
});

/** What tests of the suite do again and again. */
export function stepsOf(now: () => PlatformHarness) {
  const observe = () => now().platform.observe(SERVICE);
  const until = async (what: string, holds: (seen: Observation) => boolean): Promise<Observation> => {
    const end = performance.now() + LIMIT_MS;
    for (;;) {
      const seen = await observe();
      if (holds(seen)) return seen;
      if (performance.now() > end)
        throw new Error(`never came true: ${what}; it shows ${JSON.stringify(seen, null, 1)}`);
      await now().pause(LOOK_MS);
    }
  };
  const isUp = (seen: Observation, slot: Slot, spec: RevisionSpec, count: number): boolean => {
    const { revision, wanted, running, healthy, draining } = seen.slots[slot];
    return revision === spec.id && wanted === count && running === count && healthy === count && !draining;
  };
  const up = (slot: Slot, spec: RevisionSpec, count: number) =>
    until(`${count} healthy targets of ${spec.id} in ${slot}`, (seen) => isUp(seen, slot, spec, count));
  const empty = (slot: Slot) => until(`${slot} is empty`, (seen) => seen.slots[slot].revision === null);
  /** Ensures, stages and waits until it is healthy. */
  const bring = async (slot: Slot, count = 1, behaviour: Behaviour = 'serves'): Promise<RevisionSpec> => {
    const { platform, fence } = now();
    const spec = await now().revision(behaviour);
    await platform.ensure(spec.settings, fence);
    await platform.stage(SERVICE, slot, spec, count, fence);
    await up(slot, spec, count);
    return spec;
  };
  return { observe, until, up, empty, bring };
}

export type Now = () => PlatformHarness;
export type Steps = ReturnType<typeof stepsOf>;
