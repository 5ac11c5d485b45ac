import * as z from 'zod';
import type { Duration, Percent, Size } from '../types.ts';
import {
  DURATION_PATTERN,
  PERCENT_PATTERN,
  POSITIVE_DURATION_PATTERN,
  SIZE_PATTERN,
  WEIGHT_PATTERN,
} from '../values.ts';

declare module 'zod' {
  interface GlobalMeta {
    /** What may stand here, in words; messages say it. */
    allowed?: string;
    /** How to guess what a wrong value was meant to be. */
    likely?: 'duration' | 'percent' | 'size' | 'path';
  }
}

/** A key that may be absent; its description becomes the reference and the editor's help. */
export const key = <T extends z.ZodType>(description: string, schema: T) =>
  z.exactOptional(schema.describe(description));

/** A key that must be there. */
export const needed = <T extends z.ZodType>(description: string, schema: T) => schema.describe(description);

/** Text of a pattern, with the template literal type that stands for it. */
function text<T extends string>(pattern: RegExp, meta: z.GlobalMeta): z.ZodType<T, T> {
  // The pattern implies the type, which zod cannot know.
  return z.string().regex(pattern).meta(meta) as unknown as z.ZodType<T, T>;
}

/** A length of time, zero allowed. */
export const duration = () =>
  text<Duration>(DURATION_PATTERN, {
    allowed: "a duration such as '500ms', '30s', '5m', '2h' or '7d'",
    likely: 'duration',
  });

/** A length of time that is not zero. */
export const positiveDuration = () =>
  text<Duration>(POSITIVE_DURATION_PATTERN, {
    allowed: "a duration above zero such as '500ms', '30s', '5m', '2h' or '7d'",
    likely: 'duration',
  });

export const percent = () =>
  text<Percent>(PERCENT_PATTERN, {
    allowed: "a percentage from '0%' to '100%' such as '1%' or '0.5%'",
    likely: 'percent',
  });

/** A share of the traffic that a weight can have. */
export const weight = () =>
  text<Percent>(WEIGHT_PATTERN, {
    allowed: "a whole percentage from '1%' to '100%' such as '5%'",
    likely: 'percent',
  });

export const size = () =>
  text<Size>(SIZE_PATTERN, { allowed: "a size such as '512KiB', '256MiB' or '2GiB'", likely: 'size' });

/** Path of a URL. */
export const urlPath = () =>
  text<`/${string}`>(/^\/[^\s#]*$/, {
    allowed: "a path that begins with '/' such as '/health'",
    likely: 'path',
  });

/** A whole number with bounds. */
export const whole = (min: number, max: number) =>
  z
    .int()
    .min(min)
    .max(max)
    .meta({ allowed: `a whole number from ${min} to ${max}` });

/** Text that is not empty. */
export const words = (allowed: string) => z.string().regex(/\S/).meta({ allowed });

/** A name that ends up in addresses, process titles and names on AWS, which all have their limits. */
export const name = (of: string, max: number) =>
  z
    .string()
    .regex(new RegExp(`^[a-z](?:[a-z0-9-]{0,${max - 2}}[a-z0-9])?$`))
    .meta({
      allowed: `${of} of lower-case letters, digits and hyphens that begins with a letter, at most ${max} long`,
    });

/** Name of an environment variable. */
export const variableName = () =>
  z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
    .meta({ allowed: 'the name of an environment variable: letters, digits and underscores' });

export const command = () => words("a shell command such as 'node server.js'");
