import { describe, expect, it } from 'vitest';
import { closest, editDistance } from './suggest.ts';

describe('the edit distance', () => {
  it.each([
    ['', '', 0],
    ['start', 'start', 0],
    ['strat', 'start', 1],
    ['insufficent', 'insufficient', 1],
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
  ])('from %j to %j is %d', (from, to, distance) => {
    expect(editDistance(from, to)).toBe(distance);
    expect(editDistance(to, from)).toBe(distance);
  });
});

describe('what somebody meant', () => {
  const environments = ['development', 'staging', 'production'];

  it('is the nearest word, whatever its case', () => {
    expect(closest('prodution', environments)).toBe('production');
    expect(closest('Staging', environments)).toBe('staging');
    expect(closest('memroy', ['memory', 'maxBody'])).toBe('memory');
  });

  it('is the only word that begins so', () => {
    expect(closest('prod', environments)).toBe('production');
    expect(closest('pro', ['production', 'project'])).toBeNull();
  });

  it('stays open where no word is near', () => {
    expect(closest('banana', environments)).toBeNull();
    expect(closest('x', [])).toBeNull();
  });
});
