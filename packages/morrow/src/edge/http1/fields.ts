import type { KnownField } from './known-fields.ts';

/**
 * The field lines of a head or of a trailer section, in the order in which they came.
 * Index from 0 to `count - 1`; reading past it is a mistake of the caller.
 */
export interface Fields {
  readonly count: number;
  /** As sent, letter case included. */
  name(index: number): string;
  /** Without the white space around it; each byte is one character (latin1). */
  value(index: number): string;
  /** Which of the fields that the edge knows it is; `Known.Other` for all others. */
  known(index: number): KnownField;
  /** First value of a field by lower-case name; null where there is none. Not for the hot path. */
  get(name: string): string | null;
}
