import { expect, test } from 'vitest';
import { serviceWith, slotOn } from '../../testing/edge-fixtures.ts';
import { failsafeDue } from './failsafe.ts';

const LIMIT = 30_000;
const split = serviceWith({
  port: 80,
  blue: slotOn('a', 1),
  green: slotOn('b', 2),
  weights: { blue: 95, green: 5 },
});
const all = () => true;

test('nothing is due before the controller has been silent long enough', () => {
  expect(failsafeDue([split], LIMIT - 1, LIMIT, all)).toEqual([]);
  expect(failsafeDue([split], LIMIT, LIMIT, all)).toEqual(['shop']);
});

test('nothing is due where stable has everything, nothing is routed, or there is no stable', () => {
  const calm = [
    { ...split, weights: { blue: 100, green: 0 } },
    { ...split, weights: null },
    { ...split, stable: null },
  ];
  expect(failsafeDue(calm, LIMIT, LIMIT, all)).toEqual([]);
});

test('a candidate that has all traffic but was never promoted gives it back', () => {
  expect(failsafeDue([{ ...split, weights: { blue: 0, green: 100 } }], LIMIT, LIMIT, all)).toEqual(['shop']);
});

test('traffic stays where it is as long as stable has no healthy target or leaves', () => {
  expect(failsafeDue([split], LIMIT, LIMIT, (id) => id === 'b-2')).toEqual([]);
  expect(failsafeDue([split], LIMIT, LIMIT, (id) => id === 'a-1')).toEqual(['shop']);
  const leaving = { ...split, slots: { ...split.slots, blue: { ...slotOn('a', 1), draining: true } } };
  expect(failsafeDue([leaving], LIMIT, LIMIT, all)).toEqual([]);
});
