import { describe, expect, it } from 'vitest';
import { resolveConfig } from './resolve.ts';
import type { ResolvedService } from './resolved.ts';
import { revisionId } from './revision-id.ts';
import type { ServiceConfig } from './types.ts';

function service(config: ServiceConfig, root = '/srv/shop'): ResolvedService {
  const services = { api: { start: 'node a.js', env: { A: '1', B: '2' }, secrets: ['KEY'], ...config } };
  const [first] = resolveConfig(
    { config: { services }, root, file: `${root}/morrow.config.ts` },
    'development',
  ).services;
  if (first === undefined) throw new Error('no service');
  return first;
}

const idOf = (
  config: ServiceConfig,
  artifact = 'sha256:a',
  versions: Record<string, string> = { KEY: '1' },
) => revisionId(artifact, service(config), versions);

describe('the id of a revision', () => {
  const id = idOf({});

  it('is 12 hex digits, and the same whenever the same runs', () => {
    expect(id).toMatch(/^[0-9a-f]{12}$/);
    expect(idOf({ env: { B: '2', A: '1' } })).toBe(id);
    expect(revisionId('sha256:a', service({}, '/somewhere/else'), { KEY: '1', UNUSED: '9' })).toBe(id);
  });

  it('stays the same from one Morrow to the next', () => {
    expect(id).toBe('ebb7df33cd4a');
  });

  it.each<[string, ServiceConfig]>([
    ['start', { start: 'node b.js' }],
    ['build', { build: 'npm ci' }],
    ['env', { env: { A: '3' } }],
    ['secrets', { secrets: ['KEY', 'OTHER'] }],
    ['memory', { memory: '256MiB' }],
    ['health', { health: '/' }],
    ['runtime', { runtime: 'process' }],
    ['stopGrace', { stopGrace: '1s' }],
    ['startTimeout', { startTimeout: '1s' }],
  ])('changes with %s', (_, config) => {
    expect(idOf(config)).not.toBe(id);
  });

  it('changes with the artifact and with the version of a secret', () => {
    expect(idOf({}, 'sha256:b')).not.toBe(id);
    expect(idOf({}, 'sha256:a', { KEY: '2' })).not.toBe(id);
    expect(idOf({}, 'sha256:a', {})).not.toBe(id);
  });

  it.each<[string, ServiceConfig]>([
    ['listen', { listen: 9000 }],
    ['instances', { instances: 7 }],
    ['rollout', { rollout: { steps: ['1%'], bake: '9m', onBusy: 'queue' } }],
    ['smoke', { smoke: ['/'] }],
    ['hooks', { hooks: { afterPromote: ['echo'] } }],
    ['migrations', { migrations: { expand: 'x' } }],
    ['timeouts', { timeouts: { drain: '1s' } }],
    ['maxBody', { maxBody: '1MiB' }],
    ['keepRevisions', { keepRevisions: 9 }],
    ['ignore', { ignore: ['x'] }],
  ])('does not change with %s', (_, config) => {
    expect(idOf(config)).toBe(id);
  });
});
