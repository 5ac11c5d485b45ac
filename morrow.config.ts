import { defineConfig } from 'morrow';

export default defineConfig({
  project: 'morrow',

  services: {
    backend: {
      folder: 'app/backend',
      start: 'node src/main.ts',
      listen: 8080,
      uses: ['postgres', 'redis', 'storage'],
      smoke: ['/health'],
    },
    frontend: {
      folder: 'app/frontend',
      listen: 3000,
      health: '/',
      dependsOn: ['backend'],
    },
  },

  // 5 %, then 50 %, then everything; compared with the stable revision all the time, and taken back by itself.
  rollout: {
    strategy: 'canary',
    steps: ['5%', '50%', '100%'],
    analysis: { guard: { errorRate: '1%', p99: '500ms', window: '5m' } },
  },

  scaling: {
    min: 2,
    max: 10,
    desired: 3,
    triggers: [
      { metric: 'cpu', threshold: '70%', scaleOutCooldown: '300s', scaleInCooldown: '600s' },
      { metric: 'requests', threshold: 1000, scaleOutCooldown: '180s', scaleInCooldown: '300s' },
    ],
  },

  resources: {
    postgres: { version: 15, database: 'morrow', user: 'morrow' },
    redis: { version: 7 },
    storage: {},
  },

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

  aws: {
    region: 'ap-northeast-1',
    hostedZone: 'morrow.app',
    certificate: { domain: 'api.morrow.app', alternativeNames: ['*.morrow.app'] },
  },

  environments: {
    development: {
      platform: 'local',
      scaling: false,
      resources: {
        postgres: { database: 'morrow_dev' },
        storage: { folder: '.morrow/storage' },
      },
      services: {
        backend: { instances: 2 },
        frontend: { env: { REACT_NATIVE_PACKAGER_HOSTNAME: '0.0.0.0' } },
      },
      backups: false,
    },

    staging: {
      platform: 'aws',
      resources: { postgres: { instanceClass: 'db.t4g.micro' }, redis: { nodeType: 'cache.t4g.micro' } },
      services: {
        backend: { listen: { host: 'staging-api.morrow.app' } },
        frontend: { listen: { host: 'staging.morrow.app' } },
      },
    },

    production: {
      platform: 'aws',
      rollout: { analysis: { insufficient: 'hold' } },
      resources: {
        postgres: { instanceClass: 'db.t4g.medium', multiAz: true },
        redis: { nodeType: 'cache.t4g.small' },
      },
      services: {
        backend: { listen: { host: 'api.morrow.app' } },
        frontend: { listen: { host: 'www.morrow.app' } },
      },
      backups: { copyTo: { region: 'ap-northeast-3' } },
      aws: {
        cdn: {
          domain: 'cdn.morrow.app',
          origin: { domain: 'api.morrow.app', path: '/static' },
          behaviors: [
            { path: '*.js', cachePolicy: 'managed-caching-optimized' },
            { path: '*.css', cachePolicy: 'managed-caching-optimized' },
            { path: '*.png', cachePolicy: 'managed-caching-optimized' },
          ],
        },
      },
    },
  },
});
