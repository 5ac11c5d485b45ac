type Row = Readonly<Record<string, string | number>>;

/** Numbers with as many digits as tell something: three significant ones, and whole from 100 on. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toPrecision(3);
}

/**
 * Lays rows out as a table for people: a column for each key in the order in which the keys first appear,
 * text to the left, numbers to the right.
 */
export function table(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cell = (row: Row, column: string): string => {
    const value = row[column] ?? '';
    return typeof value === 'number' ? figure(value) : value;
  };
  const isNumeric = (column: string) => rows.some((row) => typeof row[column] === 'number');
  const width = (column: string) => Math.max(column.length, ...rows.map((row) => cell(row, column).length));
  const align = (text: string, column: string) =>
    isNumeric(column) ? text.padStart(width(column)) : text.padEnd(width(column));
  const line = (texts: string[]) => texts.join('  ').trimEnd();
  return [
    line(columns.map((column) => align(column, column))),
    line(columns.map((column) => '-'.repeat(width(column)))),
    ...rows.map((row) => line(columns.map((column) => align(cell(row, column), column)))),
  ].join('\n');
}
