import type { Look, Paint } from './style.ts';
import { padEnd, padStart, truncate, widthOf } from './text.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'right';
  /** Narrower terminals leave out the columns with the highest number first; none: never left out. */
  readonly drop?: number;
}

export interface Cell {
  readonly text: string;
  readonly paint?: Paint;
}

const GAP = 2;

/**
 * A table without lines. Where it is wider than the terminal, droppable columns go first, then the last one is cut.
 * @returns one string per line, header first; none is wider than `look.columns`
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly (Cell | string)[])[],
  look: Look,
): string[] {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? { text: cell } : cell)));
  const widths = columns.map((column, index) =>
    Math.max(widthOf(column.title), ...cells.map((row) => widthOf(row[index]?.text ?? ''))),
  );
  const shown = fitting(columns, widths, look.columns);
  const header = shown.map((index) => ({ text: columns[index]?.title ?? '', paint: look.style.dim }));
  const lines = [header, ...cells.map((row) => shown.map((index) => row[index] ?? { text: '' }))];
  return lines.map((line) => renderLine(line, shown, columns, widths, look));
}

/** Indexes of the columns that fit beside each other. */
function fitting(columns: readonly Column[], widths: readonly number[], limit: number): number[] {
  let shown = columns.map((_, index) => index);
  const total = (): number => shown.reduce((sum, index) => sum + (widths[index] ?? 0) + GAP, -GAP);
  const droppable = [...shown]
    .filter((index) => columns[index]?.drop !== undefined)
    .sort((a, b) => (columns[b]?.drop ?? 0) - (columns[a]?.drop ?? 0));
  for (const index of droppable) {
    if (total() <= limit) break;
    shown = shown.filter((other) => other !== index);
  }
  return shown;
}

function renderLine(
  line: readonly Cell[],
  shown: readonly number[],
  columns: readonly Column[],
  widths: readonly number[],
  look: Look,
): string {
  let left = look.columns;
  const parts: string[] = [];
  for (const [position, cell] of line.entries()) {
    const index = shown[position] ?? 0;
    const last = position === line.length - 1;
    const text = truncate(cell.text, Math.min(left, last ? left : (widths[index] ?? 0)), look.signs);
    const width = last ? 0 : Math.min(widths[index] ?? 0, left);
    const padded =
      columns[index]?.align === 'right' ? padStart(text, widths[index] ?? 0) : padEnd(text, width);
    parts.push(padded.replace(text, () => (cell.paint ?? String)(text)));
    left = Math.max(0, left - widthOf(padded) - GAP);
    if (left === 0) break;
  }
  return parts.join(' '.repeat(GAP)).trimEnd();
}
