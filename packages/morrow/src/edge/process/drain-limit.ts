import type { EdgeService } from '../api.ts';

/** How long the end of a worker may take: as long as the most patient service allows, ms. */
export const drainLimitMs = (services: readonly EdgeService[]): number =>
  Math.max(1_000, ...services.map(({ timeouts }) => timeouts.drainMs));
