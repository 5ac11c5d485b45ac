import { describe, expect, test } from 'vitest';
import { absent, findProgram, missing, requires } from './requires.ts';

describe('requires', () => {
  test('asks nothing where everything is there', () => {
    expect(missing('git')).toBeNull();
    expect(requires('git')).toEqual({});
  });

  test('skips with a reason what the machine lacks', () => {
    expect(absent('chromium', 'there is none', '')).toEqual({
      skip: true,
      meta: { skipReason: 'needs chromium: there is none' },
    });
    expect(absent('chromium', 'there is none', 'docker,redis')).toHaveProperty('skip', true);
  });

  test('fails where MORROW_REQUIRE names what the machine lacks', () => {
    expect(() => absent('chromium', 'there is none', 'docker, chromium')).toThrow(
      'MORROW_REQUIRE names chromium, but there is none',
    );
  });

  test('finds programs on the PATH', () => {
    expect(findProgram('sh')).toMatch(/\/sh$/);
    expect(findProgram('no-such-program-anywhere')).toBeNull();
  });
});
