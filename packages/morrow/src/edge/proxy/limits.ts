import type { ProxyLimits } from './types.ts';

/** Limits where nobody says otherwise. */
export const DEFAULT_PROXY_LIMITS: ProxyLimits = {
  headBytes: 32_768,
  targetBytes: 16_384,
  fields: 128,
  headMs: 15_000,
  keepAliveMs: 75_000,
  idlePerTarget: 64,
  // Servers close idle connections after 5 s (Node, uvicorn) or later; whoever closes first avoids the race.
  targetIdleMs: 4_000,
  attempts: 3,
  suspectMs: 1_000,
  webSocketCloseMs: 5_000,
};
