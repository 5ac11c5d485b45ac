import type { EdgeService } from '../api.ts';

/**
 * Names of the services whose traffic the edge has to give to stable by itself, because no controller has spoken for
 * `failsafeMs`. Due is a service that doesn't send everything to its stable slot (weights are split, or the
 * candidate has all of it but was never promoted), provided that stable has a healthy target:
 * to nothing healthy no traffic is moved.
 */
export function failsafeDue(
  services: readonly EdgeService[],
  silentMs: number,
  failsafeMs: number,
  isHealthy: (targetId: string) => boolean,
): readonly string[] {
  if (silentMs < failsafeMs) return [];
  return services
    .filter(({ weights, stable, slots }) => {
      if (!weights || !stable || weights[stable] === 100) return false;
      const slot = slots[stable];
      return slot !== null && !slot.draining && slot.targets.some((target) => isHealthy(target.id));
    })
    .map(({ name }) => name);
}
