import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadConfig } from './load.ts';
import { findService, resolveConfig } from './resolve.ts';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
const SPECIFIED_TRIGGERS = [
  { metric: 'cpu', threshold: '70%', scaleOutCooldown: '300s', scaleInCooldown: '600s' },
  { metric: 'requests', threshold: 1000, scaleOutCooldown: '180s', scaleInCooldown: '300s' },
];

describe('the configuration of the Morrow app', () => {
  it('has the three environments and two services of the specification', async () => {
    const source = await loadConfig(ROOT);
    expect(source.warnings).toEqual([]);
    for (const [environment, platform] of [
      ['development', 'local'],
      ['staging', 'aws'],
      ['production', 'aws'],
    ] as const) {
      const config = resolveConfig(source, environment);
      expect(config.platform).toBe(platform);
      expect(config.services.map(({ name, listen }) => [name, listen.port])).toEqual([
        ['backend', 8080],
        ['frontend', 3000],
      ]);
      expect(findService(config, 'backend').start).toBe('node src/main.ts');
    }
  });

  it.each(['staging', 'production'])('runs %s on AWS as the specification says', async (environment) => {
    const config = resolveConfig(await loadConfig(ROOT), environment);
    const backend = findService(config, 'backend');
    expect(backend.rollout.steps.map(({ weightPct }) => weightPct)).toEqual([5, 50, 100]);
    expect(backend.rollout.count).toBe(3);
    expect(backend.rollout.analysis.guard).toMatchObject({ errorRatePct: 1, p99Ms: 500, windowMs: 300_000 });
    expect(config.extras).toMatchObject({
      aws: {
        region: 'ap-northeast-1',
        cluster: `morrow-${environment}`,
        certificate: { domain: 'api.morrow.app', alternativeNames: ['*.morrow.app'] },
      },
      scaling: { backend: { min: 2, max: 10, desired: 3, triggers: SPECIFIED_TRIGGERS } },
      resources: { postgres: { version: 15 }, redis: { version: 7 }, storage: {} },
      metrics: {
        APIResponseTime: { unit: 'Milliseconds', threshold: 200 },
        ErrorRate: { unit: 'Percent', threshold: 1 },
        DatabaseConnections: { unit: 'Count', threshold: 80 },
      },
      alerts: {
        errors: { metric: 'error-rate', threshold: '1%', window: '5m' },
        latency: { metric: 'latency-p99', threshold: '500ms' },
        cpu: { metric: 'cpu', threshold: '80%', window: '10m' },
        database: { metric: 'database-connections', threshold: '80%' },
      },
      backups: { keep: '7d' },
    });
  });

  it('asks a person in production only, and keeps its copies in a second region there', async () => {
    const source = await loadConfig(ROOT);
    const insufficient = (environment: string) =>
      findService(resolveConfig(source, environment), 'backend').rollout.analysis.insufficient;
    expect(['development', 'staging', 'production'].map(insufficient)).toEqual([
      'promote',
      'promote',
      'hold',
    ]);
    const { aws, backups } = resolveConfig(source, 'production').extras;
    expect(backups).toEqual({ keep: '7d', copyTo: { region: 'ap-northeast-3' } });
    expect(aws).toMatchObject({
      cdn: {
        domain: 'cdn.morrow.app',
        origin: { domain: 'api.morrow.app', path: '/static' },
        behaviors: ['*.js', '*.css', '*.png'].map((path) => ({
          path,
          cachePolicy: 'managed-caching-optimized',
        })),
      },
    });
  });
});
