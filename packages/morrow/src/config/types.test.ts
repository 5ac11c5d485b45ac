import { describe, expect, expectTypeOf, it } from 'vitest';
import type * as z from 'zod';
import { type Duration, defineConfig, type MorrowConfig, type Percent, type Size } from '../index.ts';
import type { configSchema } from './schema/schema.ts';

/** The same shape without `readonly`, so that two spellings of it can be compared. */
type Plain<T> = T extends string | number | boolean | null | undefined
  ? T
  : unknown extends T
    ? T
    : { -readonly [K in keyof T]: Plain<Exclude<T[K], undefined>> };

/** Whether two types are the very same; unlike mutual assignability it sees an optional key too many. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

// The type-checker runs over this file with `make lint`: an error that a `@ts-expect-error` expects and that does
// not come fails there. Running the tests shows that what compiles comes back unchanged.
describe('the types of a configuration', () => {
  it('are those of the schema, key by key', () => {
    expectTypeOf<Same<Plain<MorrowConfig>, Plain<z.input<typeof configSchema>>>>().toEqualTypeOf<true>();
    expectTypeOf<Same<Plain<MorrowConfig> & { more?: 1 }, Plain<MorrowConfig>>>().toEqualTypeOf<false>();
  });

  it('take durations, percentages and sizes with their units only', () => {
    expectTypeOf<'5m'>().toExtend<Duration>();
    expectTypeOf<'1.5s'>().toExtend<Duration>();
    expectTypeOf<'5min'>().not.toExtend<Duration>();
    expectTypeOf<'5'>().not.toExtend<Duration>();
    expectTypeOf<5>().not.toExtend<Duration>();
    expectTypeOf<'0.5%'>().toExtend<Percent>();
    expectTypeOf<'5'>().not.toExtend<Percent>();
    expectTypeOf<'256MiB'>().toExtend<Size>();
    expectTypeOf<'256MB'>().not.toExtend<Size>();
  });

  it('let a whole configuration pass as it is', () => {
    const config = {
      services: {
        api: { start: 'node api.js', listen: { port: 8080, host: ['a.example.org'] }, secrets: ['KEY'] },
        web: { start: 'node web.js', listen: 3000, dependsOn: ['api'], health: '/' },
      },
      rollout: { steps: ['5%', { weight: '50%', bake: '2m', gate: true }, '100%'], analysis: 'off' },
      environments: {
        production: { services: { web: { instances: 3 } }, rollout: { analysis: { insufficient: 'hold' } } },
      },
    } as const;
    expect(defineConfig(config)).toBe(config);
  });

  it('catch mistakes when compiling', () => {
    const start = 'node a.js';
    // @ts-expect-error services are needed
    defineConfig({});
    // @ts-expect-error a misspelt key
    defineConfig({ services: { a: { strat: start } } });
    // @ts-expect-error a duration without a unit
    defineConfig({ services: { a: { start, startTimeout: '60' } } });
    // @ts-expect-error a number where a duration stands
    defineConfig({ services: { a: { start, stopGrace: 10 } } });
    // @ts-expect-error a number where a percentage stands
    defineConfig({ services: { a: { start, rollout: { steps: [5] } } } });
    // @ts-expect-error a unit that does not exist
    defineConfig({ services: { a: { start, memory: '256MB' } } });
    // @ts-expect-error a strategy that does not exist
    defineConfig({ services: { a: { start, rollout: { strategy: 'canery' } } } });
    // @ts-expect-error a path that does not begin with a slash
    defineConfig({ services: { a: { start, health: 'health' } } });
    // @ts-expect-error a service that does not exist
    defineConfig({ services: { a: { start, dependsOn: ['b'] } } });
    // @ts-expect-error an override of a service that does not exist
    defineConfig({ services: { a: { start } }, environments: { production: { services: { b: {} } } } });
    const slow = { metric: 'latency-p99', threshold: '1%' } as const;
    // @ts-expect-error a percentage where the answer time stands
    defineConfig({ services: { a: { start } }, alerts: { slow } });
  });
});
