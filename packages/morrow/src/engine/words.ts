import type { Slot, Weights } from './slot.ts';

const UNITS: readonly (readonly [ms: number, unit: string])[] = [
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
];

/** A duration for people: `5 min`, `1 h 30 min`, `250 ms`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  let rest = Math.round(ms / 1000) * 1000;
  const parts: string[] = [];
  for (const [size, unit] of UNITS) {
    const whole = Math.floor(rest / size);
    if (whole > 0) parts.push(`${whole} ${unit}`);
    rest -= whole * size;
  }
  return parts.slice(0, 2).join(' ');
}

/** A number with its noun: `1 target`, `3 targets`. */
export const amount = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** A share for people: `4.2 %`, `0.05 %`. */
export function percent(part: number, whole: number): string {
  const pct = whole === 0 ? 0 : (part / whole) * 100;
  return `${Number(pct.toFixed(pct < 1 ? 2 : 1))} %`;
}

/** Weights as people see them, the candidate's share first. */
export function split(weights: Weights | null, candidate: Slot): string {
  if (weights === null) return 'no traffic routed';
  const pct = weights[candidate];
  return `${pct} % on the candidate, ${100 - pct} % on stable`;
}
