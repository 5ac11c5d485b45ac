import { MorrowError } from '../errors.ts';

/**
 * A whole number given as an option.
 * @throws MorrowError `USAGE`
 */
export function wholeNumber(name: string, value: string | undefined, otherwise: number, least = 0): number {
  if (value === undefined) return otherwise;
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= least && value.trim() !== '') return number;
  throw new MorrowError('USAGE', `${name} takes a whole number of at least ${least}, not '${value}'.`);
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, '': 1000, m: 60_000, h: 3_600_000 };

/**
 * A duration given as an option, in ms: `30` (seconds), `500ms`, `30s`, `2m`.
 * @throws MorrowError `USAGE`
 */
export function durationOption(name: string, value: string | undefined, otherwiseMs: number): number {
  if (value === undefined) return otherwiseMs;
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|)$/.exec(value.trim());
  const unit = UNITS[match?.[2] ?? 'none'];
  if (match && unit !== undefined && Number(match[1]) > 0) return Number(match[1]) * unit;
  throw new MorrowError('USAGE', `${name} takes a duration such as 30s, 500ms or 2m, not '${value}'.`);
}
