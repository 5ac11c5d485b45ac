/** Durations, percentages and sizes as they stand in a configuration, turned into numbers. */

const MS_PER_UNIT = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const BYTES_PER_UNIT = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** `'5m'`, `'1.5s'`, `'0ms'`. */
export const DURATION_PATTERN = /^\d+(\.\d+)?(ms|s|m|h|d)$/;
/** As {@link DURATION_PATTERN}, but not zero. */
export const POSITIVE_DURATION_PATTERN = /^(?!0+(\.0+)?[a-z])\d+(\.\d+)?(ms|s|m|h|d)$/;
/** `'0%'` to `'100%'`, with decimals. */
export const PERCENT_PATTERN = /^(100(\.0+)?|\d{1,2}(\.\d+)?)%$/;
/** Whole per cents, `'1%'` to `'100%'`: what can be a weight. */
export const WEIGHT_PATTERN = /^(100|[1-9]\d?)%$/;
/** `'256MiB'`, `'1.5GiB'`; not zero. */
export const SIZE_PATTERN = /^(?!0+(\.0+)?[A-Z])\d+(\.\d+)?(B|KiB|MiB|GiB)$/;

/**
 * Milliseconds of a duration such as `'5m'`, rounded to whole ones.
 * @throws RangeError where the text is no duration (the schema has seen to it that it is)
 */
export function parseDuration(text: string): number {
  const unit = DURATION_PATTERN.exec(text)?.[2] as keyof typeof MS_PER_UNIT | undefined;
  if (unit === undefined) throw new RangeError(`${text} is not a duration`);
  return Math.round(Number.parseFloat(text) * MS_PER_UNIT[unit]);
}

/**
 * The number in a percentage: 1 for `'1%'`.
 * @throws RangeError where the text is no percentage from 0 to 100
 */
export function parsePercent(text: string): number {
  if (!PERCENT_PATTERN.test(text)) throw new RangeError(`${text} is not a percentage`);
  return Number.parseFloat(text);
}

/**
 * Bytes of a size such as `'256MiB'`, rounded to whole ones.
 * @throws RangeError where the text is no size
 */
export function parseSize(text: string): number {
  const unit = SIZE_PATTERN.exec(text)?.[3] as keyof typeof BYTES_PER_UNIT | undefined;
  if (unit === undefined) throw new RangeError(`${text} is not a size`);
  return Math.round(Number.parseFloat(text) * BYTES_PER_UNIT[unit]);
}

/** What somebody who wrote `5 min`, `300` or `5M` meant, as a duration; null where it cannot be told. */
export function likelyDuration(found: unknown): string | null {
  const [, number, unit] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/i.exec(String(found)) ?? [];
  if (number === undefined || unit === undefined) return null;
  const word = unit.toLowerCase();
  if (/^(ms|msecs?|millis|milliseconds?)$/.test(word)) return `${number}ms`;
  if (/^(s|secs?|seconds?)$/.test(word)) return `${number}s`;
  if (/^(m|mins?|minutes?)$/.test(word)) return `${number}m`;
  if (/^(h|hrs?|hours?)$/.test(word)) return `${number}h`;
  if (/^(d|days?)$/.test(word)) return `${number}d`;
  if (/^(w|weeks?)$/.test(word)) return `${Number(number) * 7}d`;
  return null;
}

/** What somebody who wrote `5`, `'5'` or `'5 %'` meant, as a percentage; null where it cannot be told. */
export function likelyPercent(found: unknown): string | null {
  const number = /^\s*(\d+(?:\.\d+)?)\s*%?\s*$/.exec(String(found))?.[1];
  return number !== undefined && Number(number) <= 100 ? `${number}%` : null;
}

/** What somebody who wrote `256M`, `'256 MB'` or `'256mib'` meant, as a size; null where it cannot be told. */
export function likelySize(found: unknown): string | null {
  const [, number, unit] = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*$/i.exec(String(found)) ?? [];
  if (number === undefined || !/[a-z]/i.test(String(found))) return null;
  const name = { '': 'B', k: 'KiB', m: 'MiB', g: 'GiB', t: null }[(unit ?? '').toLowerCase()] ?? null;
  return name === null ? null : `${number}${name}`;
}
