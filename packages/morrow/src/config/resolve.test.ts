import { describe, expect, it } from 'vitest';
import { MorrowError } from '../errors.ts';
import { environmentsOf, findService, projectOf, resolveConfig } from './resolve.ts';
import type { ResolvedService } from './resolved.ts';
import type { MorrowConfig, RolloutConfig, ServiceConfig } from './types.ts';

const source = (config: MorrowConfig, root = '/srv/My Shop') => ({
  config,
  root,
  file: `${root}/morrow.config.ts`,
});

function resolved(
  service: ServiceConfig,
  more: Partial<MorrowConfig> = {},
  environment = 'development',
): ResolvedService {
  const { services } = resolveConfig(source({ services: { api: service }, ...more }), environment);
  const [first] = services;
  if (first === undefined) throw new Error('no service');
  return first;
}

const rolloutOf = (rollout: RolloutConfig, environment = 'production') =>
  resolved({ rollout }, { environments: { [environment]: {} } }, environment).rollout;

const errorOf = (action: () => unknown): MorrowError => {
  try {
    action();
  } catch (error) {
    if (error instanceof MorrowError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('a configuration that says next to nothing', () => {
  it('has a default for everything', () => {
    expect(resolved({ start: 'python3 app.py' })).toEqual({
      name: 'api',
      kind: 'http',
      folder: '/srv/My Shop',
      dependsOn: [],
      runtime: 'auto',
      build: null,
      start: 'python3 app.py',
      ignore: ['/morrow.config.ts'],
      env: {},
      secrets: [],
      listen: { address: '127.0.0.1', port: 8080, hosts: [], pathPrefix: '/' },
      health: {
        readyPath: '/health',
        livePath: '/health/live',
        intervalMs: 1000,
        timeoutMs: 2000,
        failures: 3,
      },
      startTimeoutMs: 60_000,
      timeouts: { connectMs: 2000, answerMs: 60_000, idleMs: 60_000, drainMs: 30_000 },
      maxBodyBytes: null,
      memoryBytes: null,
      stopGraceMs: 10_000,
      onBusy: 'supersede',
      keepRevisions: 5,
      rollout: {
        kind: 'http',
        count: 1,
        steps: [
          { weightPct: 5, bakeMs: 10_000, gate: false },
          { weightPct: 50, bakeMs: 10_000, gate: false },
          { weightPct: 100, bakeMs: 0, gate: false },
        ],
        finalBakeMs: 10_000,
        progressDeadlineMs: 600_000,
        maxExits: 2,
        capacityGraceMs: 5000,
        smoke: [],
        migrations: { expand: null, contract: null },
        hooks: { beforeTraffic: [], afterPromote: [], afterRollback: [] },
        analysis: {
          enabled: true,
          insufficient: 'promote',
          guard: { errorRatePct: 1, p99Ms: 500, windowMs: 300_000, minRequests: 100 },
        },
        onDrift: 'correct',
      },
    });
  });

  it('has one environment, on this machine, and a project named after its folder', () => {
    const config = resolveConfig(source({ services: { api: {} } }), 'development');
    expect(environmentsOf({ services: {} })).toEqual(['development']);
    expect(config).toMatchObject({
      project: 'my-shop',
      platform: 'local',
      environment: 'development',
      edge: { workers: 0, failsafeMs: 30_000 },
    });
    expect(projectOf(source({ services: {} }, '/2026'))).toBe('project');
  });
});

describe('an environment', () => {
  it('waits longer and asks a person the more it matters', () => {
    const of = (environment: string) => {
      const { finalBakeMs, steps, analysis } = rolloutOf({}, environment);
      return [steps[0]?.bakeMs, finalBakeMs, analysis.insufficient];
    };
    expect(of('dev')).toEqual([10_000, 10_000, 'promote']);
    expect(of('staging')).toEqual([300_000, 300_000, 'promote']);
    expect(of('production')).toEqual([300_000, 300_000, 'hold']);
    expect(of('whatever-it-is')).toEqual([300_000, 300_000, 'hold']);
  });

  it('can say what it is for', () => {
    const environments = { berlin: { purpose: 'development' } } as const;
    expect(resolved({}, { environments }, 'berlin').rollout.finalBakeMs).toBe(10_000);
  });

  it('overrides anything of a service, key by key; lists are replaced', () => {
    const service = {
      start: 'a',
      listen: 3000,
      health: { interval: '5s' },
      env: { A: 1, B: true, C: 'c' },
      ignore: ['x'],
      timeouts: { connect: '1s' },
    } as const;
    const override = {
      start: 'b',
      listen: { host: 'a.example' },
      health: '/ready',
      env: { B: null, D: 'd' },
      ignore: ['y'],
      timeouts: { drain: '1m' },
    } as const;
    const environments = { production: { services: { api: override } } };
    expect(resolved(service, { environments }, 'production')).toMatchObject({
      start: 'b',
      listen: { port: 3000, hosts: ['a.example'] },
      health: { readyPath: '/ready', livePath: '/ready', intervalMs: 5000 },
      env: { A: '1', C: 'c', D: 'd' },
      ignore: ['/morrow.config.ts', 'y'],
      timeouts: { connectMs: 1000, drainMs: 60_000 },
    });
  });

  it('outranks the service, which outranks the root', () => {
    const config = {
      rollout: { bake: '1m', maxExits: 1, onBusy: 'queue' },
      environments: {
        production: { rollout: { bake: '3m' }, services: { api: { rollout: { finalBake: '4m' } } } },
      },
    } as const;
    const { rollout, onBusy } = resolved({ rollout: { bake: '2m', maxExits: 7 } }, config, 'production');
    expect(rollout.steps[0]?.bakeMs).toBe(180_000);
    expect(rollout.finalBakeMs).toBe(240_000);
    expect(rollout.maxExits).toBe(7);
    expect(onBusy).toBe('queue');
  });

  it('that does not exist is told with the one that was meant', () => {
    const config = source({ services: {}, environments: { staging: {}, production: {} } });
    expect(errorOf(() => resolveConfig(config, 'prod'))).toMatchObject({
      code: 'UNKNOWN_ENVIRONMENT',
      hint: 'Did you mean production?',
    });
    expect(errorOf(() => resolveConfig(config, 'banana')).hint).toBe(
      'The environments are: staging, production.',
    );
  });
});

describe('the number of targets', () => {
  const scaling = { min: 2, max: 10, desired: 3 };

  it('is what scaling desires, else its least, else one', () => {
    expect(resolved({ scaling }).rollout.count).toBe(3);
    expect(resolved({ scaling: { min: 2, max: 4 } }).rollout.count).toBe(2);
    expect(resolved({ scaling: false }, { scaling }).rollout.count).toBe(1);
  });

  it('is fixed by instances, until an environment scales', () => {
    expect(resolved({ scaling, instances: 4 }).rollout.count).toBe(4);
    const environments = { production: { scaling } };
    expect(resolved({ instances: 5 }, { environments }, 'production').rollout.count).toBe(3);
  });
});

describe('a rollout', () => {
  it('ends at 100 %, whose bake is the last one', () => {
    expect(rolloutOf({ steps: ['95%'], bake: '1m' })).toMatchObject({
      steps: [
        { weightPct: 95, bakeMs: 60_000, gate: false },
        { weightPct: 100, bakeMs: 0, gate: false },
      ],
      finalBakeMs: 60_000,
    });
    expect(rolloutOf({ steps: ['5%', { weight: '100%', bake: '9m', gate: true }] })).toMatchObject({
      steps: [{ weightPct: 5 }, { weightPct: 100, bakeMs: 0, gate: true }],
      finalBakeMs: 540_000,
    });
  });

  it('that is blue-green has a single step', () => {
    const single = [{ weightPct: 100, bakeMs: 0, gate: false }];
    expect(rolloutOf({ strategy: 'blue-green', finalBake: '2m' })).toMatchObject({
      steps: single,
      finalBakeMs: 120_000,
    });
    expect(rolloutOf({ strategy: 'blue-green', steps: ['100%'] }).steps).toEqual(single);
    const environments = { production: { rollout: { strategy: 'blue-green' } } } as const;
    expect(resolved({ rollout: { steps: ['5%'] } }, { environments }, 'production').rollout.steps).toEqual(
      single,
    );
  });

  it('can do without analysis, and an environment can have it again', () => {
    expect(rolloutOf({ analysis: 'off' }).analysis.enabled).toBe(false);
    const environments = { production: { rollout: { analysis: { insufficient: 'rollback' } } } } as const;
    expect(
      resolved({ rollout: { analysis: 'off' } }, { environments }, 'production').rollout.analysis,
    ).toMatchObject({
      enabled: true,
      insufficient: 'rollback',
    });
  });

  it('has checks, migrations and hooks written out', () => {
    const { rollout } = resolved({
      smoke: ['/health', { path: '/x', method: 'POST', body: '{}', expect: { status: 201, within: '1s' } }],
      migrations: { expand: 'npm run expand', contract: { command: 'npm run contract', timeout: '1h' } },
      hooks: {
        beforeTraffic: ['warm', { url: 'https://a.example/h', secret: 'KEY' }],
        afterPromote: [{ name: 'n', command: 'c' }],
      },
    });
    expect(rollout.smoke).toEqual([
      {
        name: 'GET /health',
        method: 'GET',
        path: '/health',
        headers: {},
        body: null,
        expect: { status: [], bodyIncludes: null, withinMs: 5000 },
      },
      {
        name: 'POST /x',
        method: 'POST',
        path: '/x',
        headers: {},
        body: '{}',
        expect: { status: [201], bodyIncludes: null, withinMs: 1000 },
      },
    ]);
    expect(rollout.migrations).toEqual({
      expand: { command: 'npm run expand', timeoutMs: 600_000 },
      contract: { command: 'npm run contract', timeoutMs: 3_600_000 },
    });
    expect(rollout.hooks).toEqual({
      beforeTraffic: [
        { name: 'warm', type: 'command', command: 'warm', timeoutMs: 600_000 },
        {
          name: 'https://a.example/h',
          type: 'call',
          url: 'https://a.example/h',
          secret: 'KEY',
          timeoutMs: 30_000,
        },
      ],
      afterPromote: [{ name: 'n', type: 'command', command: 'c', timeoutMs: 600_000 }],
      afterRollback: [],
    });
  });
});

describe('the configuration file', () => {
  it('is left out of the snapshots of the folders that hold it', () => {
    expect(resolved({ folder: 'app/api' }).ignore).toEqual([]);
    expect(resolved({ folder: '..' }).ignore).toEqual(['/My\\ Shop/morrow.config.ts']);
    expect(resolved({ folder: '../elsewhere' }).folder).toBe('/srv/elsewhere');
  });
});

describe('services', () => {
  it('come in the order of their dependencies', () => {
    const services = { web: { dependsOn: ['api'], listen: 3000 }, api: {} } as const;
    const config = resolveConfig(source({ services }), 'development');
    expect(config.services.map(({ name }) => name)).toEqual(['api', 'web']);
    expect(findService(config, 'web').listen.port).toBe(3000);
    expect(errorOf(() => findService(config, 'wbe'))).toMatchObject({
      code: 'UNKNOWN_SERVICE',
      hint: 'Did you mean web?',
    });
  });
});

describe('what later commands read', () => {
  it('is merged and passed on', () => {
    const config: MorrowConfig = {
      project: 'shop',
      services: { api: { uses: ['postgres'] } },
      resources: { postgres: { version: 15, database: 'shop' } },
      alerts: { cpu: { metric: 'cpu', threshold: '80%' }, errors: { metric: 'error-rate', threshold: '1%' } },
      aws: { region: 'ap-northeast-1' },
      backups: { keep: '7d' },
      environments: {
        staging: {
          platform: 'aws',
          resources: { postgres: { multiAz: true } },
          alerts: { cpu: false },
          backups: false,
        },
      },
    };
    expect(resolveConfig(source(config), 'staging').extras).toEqual({
      purpose: 'staging',
      scaling: { api: null },
      uses: { api: ['postgres'] },
      resources: { postgres: { version: 15, database: 'shop', multiAz: true } },
      alerts: { errors: { metric: 'error-rate', threshold: '1%' } },
      metrics: {},
      backups: null,
      freezes: [],
      aws: { region: 'ap-northeast-1', cluster: 'shop-staging' },
    });
  });

  it('is plain JSON, as all of it', () => {
    const config = resolveConfig(source({ services: { api: { smoke: ['/'] } } }), 'development');
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
  });
});
