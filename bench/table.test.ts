import { describe, expect, test } from 'vitest';
import { figure, table } from './table.ts';

describe('table', () => {
  test('puts text to the left, numbers to the right, and leaves a cell without a value empty', () => {
    const rows = [
      { peer: 'morrow', 'CPU µs': 25.04 },
      { peer: 'a longer name', 'CPU µs': 1234.5, note: 'one core' },
    ];
    expect(table(rows).split('\n')).toEqual([
      'peer           CPU µs  note',
      '-------------  ------  --------',
      'morrow           25.0',
      'a longer name   1,235  one core',
    ]);
  });

  test.each([
    [0.01234, '0.0123'],
    [99.96, '100'],
    [3, '3'],
    [1234567.8, '1,234,568'],
    [Number.NaN, 'NaN'],
  ])('shows %d as %s', (value, text) => {
    expect(figure(value)).toBe(text);
  });
});
