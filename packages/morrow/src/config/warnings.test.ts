import { describe, expect, it } from 'vitest';
import { formatPath } from './mistakes.ts';
import type { EnvConfig } from './types.ts';
import { warningsOf } from './warnings.ts';

const pathsOf = (env: EnvConfig) =>
  warningsOf({ services: { api: { env } } }).map(({ path }) =>
    formatPath(path).replace('services.api.env.', ''),
  );

describe('a secret in plain text', () => {
  it.each(['DB_PASSWORD', 'SECRET', 'GITHUB_TOKEN', 'api_key', 'AWS_SECRET_ACCESS_KEY', 'SECRET_KEY_BASE'])(
    'is warned of in %s',
    (name) => {
      expect(pathsOf({ [name]: 'hunter2' })).toEqual([name]);
    },
  );

  it('is warned of within an address', () => {
    expect(pathsOf({ DATABASE_URL: 'postgres://me:hunter2@db/x', PLAIN_URL: 'postgres://db/x' })).toEqual([
      'DATABASE_URL',
    ]);
  });

  it('is not seen in names that only speak of one, nor in empty values', () => {
    expect(
      pathsOf({ TOKEN_TTL: 60, PASSWORD_MIN_LENGTH: 8, SECRET_FILE: '/x', PASSWORD: '', TOKEN: null }),
    ).toEqual([]);
  });

  it('is warned of wherever it stands, and never shown', () => {
    const warnings = warningsOf({
      env: { TOKEN: 'hunter2' },
      services: { a: {} },
      environments: { dev: { env: { TOKEN: 'hunter2' }, services: { a: { env: { TOKEN: 'hunter2' } } } } },
    });
    expect(warnings.map(({ path }) => formatPath(path))).toEqual([
      'env.TOKEN',
      'environments.dev.env.TOKEN',
      'environments.dev.services.a.env.TOKEN',
    ]);
    expect(JSON.stringify(warnings)).not.toContain('hunter2');
  });
});

describe('a call that others can read', () => {
  it('is warned of unless it stays on this machine', () => {
    const call = (url: 'http://127.0.0.1:1/' | 'http://a.example/' | 'https://a.example/') => ({
      url,
      secret: 'KEY',
    });
    const hooks = {
      afterPromote: [
        call('http://127.0.0.1:1/'),
        call('http://a.example/'),
        call('https://a.example/'),
        'echo done',
      ],
    };
    expect(warningsOf({ services: { a: { hooks } } }).map(({ path }) => formatPath(path))).toEqual([
      'services.a.hooks.afterPromote[1].url',
    ]);
  });
});
