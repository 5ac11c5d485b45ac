import { describe, expect, test } from 'vitest';
import { lockfileProblems, vulnerabilities } from './findings.ts';

describe('a lockfile', () => {
  test('is fine where every package is pinned by its hash and workspaces are links', () => {
    const packages = {
      '': {},
      'packages/morrow': { version: '0.1.0' },
      'node_modules/morrow': { resolved: 'packages/morrow', link: true },
      'node_modules/@swc/core': { integrity: 'sha512-x', hasInstallScript: true },
    };
    expect(lockfileProblems({ packages })).toEqual([]);
  });

  test('is not where a hash is absent, an address stands in it, or an unknown script runs', () => {
    const packages = {
      'node_modules/a': { resolved: 'https://example.com/a.tgz' },
      'node_modules/a/node_modules/@b/c': { integrity: 'sha512-x', hasInstallScript: true },
    };
    expect(lockfileProblems({ packages })).toEqual([
      'a is not pinned by a hash.',
      'a names the address that it was downloaded from.',
      '@b/c runs a script when it is installed; read it, then add it to the agreed ones.',
    ]);
  });
});

describe('an audit', () => {
  test('that the registry refuses is unknown, never clean', () => {
    const refused = JSON.stringify({
      message: '405 Method Not Allowed - POST https://registry.example/bulk',
    });
    expect(vulnerabilities(refused)).toEqual({
      state: 'unknown',
      reason: 'the package registry has no audit service',
    });
    expect(vulnerabilities('')).toHaveProperty('state', 'unknown');
  });

  test('is serious from high on', () => {
    const report = (severity: string) =>
      JSON.stringify({ vulnerabilities: { a: { name: 'a', severity, range: '<2', fixAvailable: true } } });
    expect(vulnerabilities(report('moderate'))).toEqual({
      state: 'known',
      lines: ['moderate: a <2 (npm audit fix)'],
      serious: false,
    });
    expect(vulnerabilities(report('high'))).toHaveProperty('serious', true);
    expect(vulnerabilities('{"vulnerabilities":{}}')).toEqual({ state: 'known', lines: [], serious: false });
  });
});
