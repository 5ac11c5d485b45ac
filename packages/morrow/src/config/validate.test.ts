import { describe, expect, it } from 'vitest';
import { ConfigInvalid, formatPath } from './mistakes.ts';
import type { ServiceConfig } from './types.ts';
import { validate } from './validate.ts';

/** Mistakes as `path: text`. */
function mistakesOf(config: unknown): string[] {
  return validate(config).mistakes.map(({ path, text }) => `${formatPath(path)}: ${text}`);
}

/** Mistakes of one service that is right otherwise; anything may stand in it. */
function inService(service: Record<string, unknown>): string[] {
  return mistakesOf({ services: { api: { start: 'node api.js', ...service } } });
}

const services = (some: Record<string, ServiceConfig>) => ({ services: some });

describe('a wrong key', () => {
  it('is told with its path and what was meant', () => {
    expect(inService({ strat: 'x' })).toEqual([
      "services.api.strat: there is no such key; did you mean 'start'?",
    ]);
    expect(inService({ rollout: { analysis: { gaurd: {} } } })).toEqual([
      "services.api.rollout.analysis.gaurd: there is no such key; did you mean 'guard'?",
    ]);
  });

  it('is told where it belongs, when it stands at the wrong place', () => {
    expect(inService({ analysis: 'off' })).toEqual([
      "services.api.analysis: there is no such key; did you mean 'services.api.rollout.analysis'?",
    ]);
    expect(inService({ rollout: { smoke: ['/'] } })).toEqual([
      "services.api.rollout.smoke: there is no such key; did you mean 'services.api.smoke'?",
    ]);
  });

  it('is told with the keys that are allowed, when nothing is near', () => {
    expect(inService({ timeouts: { banana: 1 } })).toEqual([
      'services.api.timeouts.banana: there is no such key; allowed here: connect, answer, idle, drain',
    ]);
  });
});

describe('a wrong value', () => {
  it.each<[string, Record<string, unknown>, string]>([
    [
      'a duration in other words',
      { startTimeout: '5 min' },
      "startTimeout: found '5 min', allowed is a duration above zero such as '500ms', '30s', '5m', '2h' or '7d'; did you mean '5m'?",
    ],
    [
      'a duration without a unit',
      { stopGrace: 10 },
      "stopGrace: found 10, allowed is a duration such as '500ms', '30s', '5m', '2h' or '7d'",
    ],
    [
      'a size in other units',
      { memory: '256MB' },
      "memory: found '256MB', allowed is a size such as '512KiB', '256MiB' or '2GiB', or 'unlimited'; did you mean '256MiB'?",
    ],
    [
      'a percentage without its sign',
      { rollout: { steps: ['5%', 50] } },
      "rollout.steps[1]: found 50, allowed is a whole percentage from '1%' to '100%' such as '5%', or an object with weight, bake, gate; did you mean '50%'?",
    ],
    [
      'a weight over 100',
      { rollout: { steps: ['5%', { weight: '150%' }] } },
      "rollout.steps[1].weight: found '150%', allowed is a whole percentage from '1%' to '100%' such as '5%'",
    ],
    [
      'a misspelt word',
      { rollout: { strategy: 'canery' } },
      "rollout.strategy: found 'canery', allowed is 'canary' or 'blue-green'; did you mean 'canary'?",
    ],
    [
      'a path without its slash',
      { health: 'health' },
      "health: found 'health', allowed is a path that a healthy target answers with 2xx such as '/', or an object with ready, live and more; did you mean '/health'?",
    ],
    [
      'a port that cannot be',
      { listen: { port: 70_000 } },
      'listen.port: found 70000, allowed is a whole number from 1 to 65535',
    ],
    [
      'a list that is none',
      { secrets: 'KEY' },
      "secrets: found 'KEY', allowed is a list of: the name of an environment variable: letters, digits and underscores",
    ],
    [
      'something missing',
      { scaling: { min: 1 } },
      'scaling.max: it is missing; needed is a whole number from 1 to 1000',
    ],
    [
      'the wrong unit for a metric',
      { scaling: { min: 1, max: 2, triggers: [{ metric: 'cpu', threshold: 70 }] } },
      "scaling.triggers[0].threshold: found 70, allowed is a percentage from '0%' to '100%' such as '1%' or '0.5%'; did you mean '70%'?",
    ],
    [
      'a metric that there is not',
      { scaling: { min: 1, max: 2, triggers: [{ metric: 'cpuu', threshold: '7%' }] } },
      "scaling.triggers[0].metric: found 'cpuu', allowed is 'cpu' or 'requests'; did you mean 'cpu'?",
    ],
    [
      'a hook without what signs it',
      { hooks: { afterPromote: [{ url: 'https://a.example' }] } },
      'hooks.afterPromote[0].secret: it is missing; needed is the name of an environment variable: letters, digits and underscores',
    ],
    [
      'an object in env',
      { env: { A: {} } },
      'env.A: found an object, allowed is a text, a number, true or false, or null to take an inherited one away',
    ],
  ])('%s: path, what was found, what is allowed, what was meant', (_, service, expected) => {
    expect(inService(service)).toEqual([`services.api.${expected}`]);
  });

  it('is told for names, too', () => {
    expect(mistakesOf(services({ Bad_Name: { start: 'x' } }))).toEqual([
      "services.Bad_Name: the name 'Bad_Name' is not allowed; allowed is a name of lower-case letters, digits and hyphens that begins with a letter, at most 24 long",
    ]);
  });

  it.each([[null], [5], [[]], ['text'], [{}]])(
    '%j instead of a configuration is told as one mistake',
    (config) => {
      expect(validate(config).mistakes).toHaveLength(1);
    },
  );

  it('never shows what is in env', () => {
    const [mistake] = inService({ env: { PASSWORD: ['hunter2'] } });
    expect(mistake).toContain('env.PASSWORD: found a list');
    expect(mistake).not.toContain('hunter2');
  });

  it('that refers to itself is told instead of looked through for ever', () => {
    const config: Record<string, unknown> = { services: {} };
    config['services'] = config;
    expect(mistakesOf(config)).toEqual([': it holds an object that holds itself']);
  });
});

describe('what does not fit together', () => {
  it('is told for names of services', () => {
    const config = {
      services: { backend: {}, frontend: { listen: 3000, dependsOn: ['bakend', 'frontend'] } },
      environments: { production: { services: { fronted: {} } } },
    };
    expect(mistakesOf(config)).toEqual([
      "services.frontend.dependsOn[0]: there is no service 'bakend'; did you mean 'backend'?",
      'services.frontend.dependsOn[1]: a service cannot depend on itself',
      "environments.production.services.fronted: there is no service 'fronted'; did you mean 'frontend'?",
    ]);
  });

  it('is told for services that depend on each other in a circle', () => {
    const config = services({
      a: { dependsOn: ['b'], listen: 1001 },
      b: { dependsOn: ['c'], listen: 1002 },
      c: { dependsOn: ['a'], listen: 1003 },
    });
    expect(mistakesOf(config)).toEqual([
      'services.a.dependsOn: services depend on each other in a circle: a → b → c → a',
    ]);
  });

  it('is told for services that would get each other’s requests', () => {
    expect(mistakesOf(services({ a: {}, b: {} }))).toEqual([
      'services.b.listen: a and b both take port 8080, every host and path / in development; one needs another port, host or path',
    ]);
    expect(mistakesOf(services({ a: {}, b: { listen: { path: '/b' } } }))).toEqual([]);
    expect(mistakesOf(services({ a: { listen: { host: 'a.example' } }, b: {} }))).toEqual([]);
    expect(mistakesOf(services({ a: {}, b: { listen: { path: '/b', address: '0.0.0.0' } } }))).toEqual([
      'services.b.listen: a and b share port 8080 in development, so they need the same address; found 127.0.0.1 and 0.0.0.0',
    ]);
  });

  it('is told for a load balancer, which knows hosts and paths but one port', () => {
    const config = {
      services: { a: { listen: 3000 }, b: { listen: 4000 } },
      environments: { production: { platform: 'aws', aws: { region: 'ap-northeast-1' } } },
    };
    expect(mistakesOf(config)).toEqual([
      'services.b.listen: a and b both take every host and path / in production; one needs another host or path',
    ]);
  });

  it('is told for variables that Morrow sets, and for those that are secrets, too', () => {
    expect(
      inService({ env: { PORT: 1, KEY: 'x', MORROW_X: 1 }, secrets: ['KEY', 'OTHER', 'OTHER'] }),
    ).toEqual([
      "services.api.env.PORT: 'PORT' is set by Morrow; allowed is any name but PORT, HOST and MORROW_…",
      "services.api.env.MORROW_X: 'MORROW_X' is set by Morrow; allowed is any name but PORT, HOST and MORROW_…",
      "services.api.secrets[0]: 'KEY' is in env, too; it can be one of both only",
      "services.api.secrets[2]: 'OTHER' stands here twice",
    ]);
    expect(inService({ env: { KEY: null }, secrets: ['KEY'] })).toEqual([]);
  });

  it('is told for numbers of targets', () => {
    expect(inService({ scaling: { min: 3, max: 2 } })).toEqual([
      'services.api.scaling.max: found 2, allowed is at least 3, which min says',
    ]);
    expect(inService({ scaling: { min: 2, max: 4, desired: 5 }, instances: 1 })).toEqual([
      'services.api.scaling.desired: found 5, allowed is a whole number from 2 to 4, which scaling says',
      'services.api.instances: found 1, allowed is a whole number from 2 to 4, which scaling says',
    ]);
  });

  it('is told for steps that do not rise, and for steps of a blue-green rollout', () => {
    expect(inService({ rollout: { steps: ['5%', { weight: '5%' }, '4%'] } })).toEqual([
      "services.api.rollout.steps[1].weight: found '5%' after '5%', allowed is a greater share: steps rise",
      "services.api.rollout.steps[2]: found '4%' after '5%', allowed is a greater share: steps rise",
    ]);
    expect(inService({ rollout: { strategy: 'blue-green', steps: ['5%'] } })).toEqual([
      "services.api.rollout.steps: blue-green has one step, 100%; leave steps out, or make the strategy 'canary'",
    ]);
    expect(inService({ rollout: { strategy: 'blue-green', steps: ['100%'] } })).toEqual([]);
    expect(inService({ rollout: { steps: [{ weight: '100%', bake: '1m' }], finalBake: '2m' } })).toEqual([
      "services.api.rollout.steps[0].bake: found '1m' and a finalBake of '2m': at 100 % they are the same; leave one out",
    ]);
  });

  it('lets an environment make a canary’s steps a blue-green rollout', () => {
    const config = {
      services: { api: { rollout: { steps: ['5%'] } } },
      environments: { development: { rollout: { strategy: 'blue-green' } } },
    };
    expect(mistakesOf(config)).toEqual([]);
  });

  it('is told for requests to a service that gets none', () => {
    expect(inService({ kind: 'worker', listen: 3000, smoke: ['/'] })).toEqual([
      "services.api.listen: a worker gets no requests; only a service of kind 'http' has listen",
      "services.api.smoke: a worker gets no requests; only a service of kind 'http' has smoke",
    ]);
  });

  it('is told for resources that nothing describes, and for AWS without a region', () => {
    expect(inService({ uses: ['redis'] })).toEqual([
      "services.api.uses[0]: there is no resources.redis; it says what 'redis' is",
    ]);
    expect(mistakesOf({ services: { a: {} }, environments: { production: { platform: 'aws' } } })).toEqual([
      "environments.production.aws.region: it is missing; needed on AWS is a region such as 'ap-northeast-1'",
    ]);
  });

  it('is told for freezes', () => {
    const freezes = [
      { reason: 'r', from: '2026-02-31T00:00', to: '2026-03-01T00:00' },
      { reason: 'r', from: '2026-12-24T18:00', to: '2026-12-24T17:00', timeZone: 'Asia/Tokio' },
      { reason: 'r', days: ['fri'], from: '2026-12-24T18:00', to: '24:00' },
      { reason: 'r', days: ['fri'], from: '16:00', to: '24:00', timeZone: 'Asia/Tokyo' },
    ];
    expect(mistakesOf({ services: { a: {} }, freezes })).toEqual([
      "freezes[0].from: found '2026-02-31T00:00', allowed is a day and time such as '2026-12-24T18:00'",
      "freezes[1].to: found '2026-12-24T17:00', allowed is a time after '2026-12-24T18:00'",
      "freezes[1].timeZone: found 'Asia/Tokio', allowed is a time zone such as 'Asia/Tokyo'",
      "freezes[2].from: found '2026-12-24T18:00', allowed is a time of the day such as '18:00', since there are days",
    ]);
  });

  it('is told once, however many environments have it', () => {
    const environments = { development: {}, staging: {}, production: {} };
    expect(mistakesOf({ services: { a: { dependsOn: ['nobody'] } }, environments })).toHaveLength(1);
  });

  it('is told at the place that an environment overrides', () => {
    const config = {
      services: { a: { scaling: { min: 1, max: 2 } } },
      environments: { production: { services: { a: { instances: 7 } } } },
    };
    expect(mistakesOf(config)).toEqual([
      'environments.production.services.a.instances: found 7, allowed is a whole number from 1 to 2, which scaling says',
    ]);
  });
});

describe('a name that JavaScript means something else by', () => {
  it('is refused wherever it stands', () => {
    const { mistakes } = validate(JSON.parse('{"services":{"__proto__":{"start":"x"}}}'));
    expect(mistakes.map(({ path }) => path)).toEqual([['services', '__proto__']]);
  });
});

describe('all mistakes', () => {
  const config = {
    services: {
      backend: { strat: 'x', dependsOn: ['bakend'], memory: 5 },
      frontend: 'node x',
    },
    environments: { production: { services: { fronted: {} } } },
  };

  it('are told at once, in the order of the file, those of values beside those of what does not fit', () => {
    expect(mistakesOf(config)).toEqual([
      "services.backend.strat: there is no such key; did you mean 'start'?",
      "services.backend.dependsOn[0]: there is no service 'bakend'; did you mean 'backend'?",
      "services.backend.memory: found 5, allowed is a size such as '512KiB', '256MiB' or '2GiB', or 'unlimited'",
      "services.frontend: found 'node x', allowed is an object such as { start: 'node server.js', listen: 8080 }",
      "environments.production.services.fronted: there is no service 'fronted'; did you mean 'frontend'?",
    ]);
  });

  it('make one error that lists them with their lines', () => {
    const { mistakes } = validate(config);
    const error = new ConfigInvalid('morrow.config.yaml', mistakes, ({ length }) => length * 10);
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.exitCode).toBe(2);
    expect(error.message.split('\n').slice(0, 2)).toEqual([
      'morrow.config.yaml has 5 mistakes:',
      "  services.backend.strat (line 30): there is no such key; did you mean 'start'?",
    ]);
  });
});

describe('a valid configuration', () => {
  it('comes back as it was written, without what is undefined', () => {
    const config = { services: { a: { start: 'x', build: undefined } } };
    expect(validate(config)).toEqual({
      config: { services: { a: { start: 'x' } } },
      mistakes: [],
      warnings: [],
    });
  });
});
