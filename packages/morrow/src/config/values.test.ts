import { describe, expect, it } from 'vitest';
import {
  likelyDuration,
  likelyPercent,
  likelySize,
  PERCENT_PATTERN,
  POSITIVE_DURATION_PATTERN,
  parseDuration,
  parsePercent,
  parseSize,
  SIZE_PATTERN,
  WEIGHT_PATTERN,
} from './values.ts';

describe('durations', () => {
  it.each([
    ['0ms', 0],
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
  ])('%s is %d ms', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  it.each(['5', '5 m', '5min', '-5m', '1e3s', 'm', '', '5M', '.5s'])('%j is none', (text) => {
    expect(() => parseDuration(text)).toThrow(RangeError);
  });

  it('above zero leaves out every way to write zero', () => {
    for (const zero of ['0ms', '0.0s', '00d']) expect(zero).not.toMatch(POSITIVE_DURATION_PATTERN);
    for (const some of ['1ms', '0.5s', '10m']) expect(some).toMatch(POSITIVE_DURATION_PATTERN);
  });

  it.each([
    ['5 min', '5m'],
    ['5 minutes', '5m'],
    ['30sec', '30s'],
    ['5M', '5m'],
    ['2 weeks', '14d'],
    ['100 msec', '100ms'],
    [300, null],
    ['soon', null],
  ])('%j was probably meant as %j', (found, meant) => {
    expect(likelyDuration(found)).toBe(meant);
  });
});

describe('percentages', () => {
  it('are read as the number before the sign', () => {
    expect(parsePercent('1%')).toBe(1);
    expect(parsePercent('0.5%')).toBe(0.5);
    expect(parsePercent('100%')).toBe(100);
  });

  it('go from 0 to 100', () => {
    for (const wrong of ['101%', '100.1%', '-1%', '5', '%']) expect(wrong).not.toMatch(PERCENT_PATTERN);
    expect(() => parsePercent('150%')).toThrow(RangeError);
  });

  it('are whole and not zero where they are weights', () => {
    for (const right of ['1%', '5%', '99%', '100%']) expect(right).toMatch(WEIGHT_PATTERN);
    for (const wrong of ['0%', '0.5%', '101%', '05%']) expect(wrong).not.toMatch(WEIGHT_PATTERN);
  });

  it('may have been meant by a bare number', () => {
    expect(likelyPercent(5)).toBe('5%');
    expect(likelyPercent('5 %')).toBe('5%');
    expect(likelyPercent(150)).toBeNull();
  });
});

describe('sizes', () => {
  it('are read in powers of 1024', () => {
    expect(parseSize('1KiB')).toBe(1024);
    expect(parseSize('256MiB')).toBe(268_435_456);
    expect(parseSize('1.5GiB')).toBe(1_610_612_736);
    expect(() => parseSize('256MB')).toThrow(RangeError);
    expect('0MiB').not.toMatch(SIZE_PATTERN);
  });

  it.each([
    ['256MB', '256MiB'],
    ['256 mb', '256MiB'],
    ['1G', '1GiB'],
    ['512k', '512KiB'],
    ['2TB', null],
    [256, null],
  ])('%j was probably meant as %j', (found, meant) => {
    expect(likelySize(found)).toBe(meant);
  });
});
