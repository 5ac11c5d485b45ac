import type { AnalysisSettings } from '../types.ts';

/** Latency bounds (ms, rising) that the blocks must have so that the guard can count exactly. */
export const guardBoundsMs = (settings: AnalysisSettings): readonly number[] => [settings.guard.p99Ms];
