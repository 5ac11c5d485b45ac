/** Lines put together from painted pieces: measured as plain text, painted last, so that no line gets too wide. */
import type { Look, Paint } from './style.ts';
import { truncate, widthOf } from './text.ts';

export interface Segment {
  readonly text: string;
  readonly paint?: Paint;
}

/** A piece of a line. */
export const seg = (text: string, paint?: Paint): Segment => (paint ? { text, paint } : { text });

/** One line, cut off at `look.columns`, without spaces at its end. */
export function fit(segments: readonly Segment[], look: Look): string {
  const last = segments.findLastIndex(({ text }) => text.trimEnd() !== '');
  let left = look.columns;
  let line = '';
  for (const [index, { text, paint }] of segments.slice(0, last + 1).entries()) {
    if (left <= 0) break;
    const shown = truncate(index === last ? text.trimEnd() : text, left, look.signs);
    line += paint ? paint(shown) : shown;
    left -= widthOf(shown);
  }
  return line;
}

/** Pieces beside each other with `between` in between, on as many lines as they need, each indented by `indent` cells. */
export function flow(pieces: readonly Segment[], between: string, indent: number, look: Look): string[] {
  const lines: Segment[][] = [];
  let line: Segment[] = [];
  let width = indent;
  for (const piece of pieces.filter(({ text }) => text !== '')) {
    const needed = widthOf(piece.text) + (line.length > 0 ? widthOf(between) : 0);
    if (line.length > 0 && width + needed > look.columns) {
      lines.push(line);
      line = [];
      width = indent;
    }
    if (line.length > 0) line.push(seg(between, look.style.dim));
    line.push(piece);
    width += needed;
  }
  if (line.length > 0) lines.push(line);
  return lines.map((parts) => fit([seg(' '.repeat(indent)), ...parts], look));
}
