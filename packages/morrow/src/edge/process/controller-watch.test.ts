import { expect, test } from 'vitest';
import { pauseMs, startDue } from './controller-watch.ts';

const gone = { silentSinceMs: 0, childLives: () => false, attempts: 0, startedAtMs: 0 };

test('a controller is started once no stream has been open for a second', () => {
  expect(startDue(gone, 999)).toBe(false);
  expect(startDue(gone, 1_000)).toBe(true);
  expect(startDue({ ...gone, silentSinceMs: null }, 1_000_000)).toBe(false);
});

test('none is started while the one that was started before lives', () => {
  expect(startDue({ ...gone, childLives: () => true }, 1_000_000)).toBe(false);
});

test('one that keeps dying is started ever more seldom, but at least every 15 s', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 20].map(pauseMs)).toEqual([
    0, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000,
  ]);
  const dying = { ...gone, silentSinceMs: 10_000, startedAtMs: 10_000, attempts: 3 };
  expect(startDue(dying, 13_999)).toBe(false);
  expect(startDue(dying, 14_000)).toBe(true);
});
