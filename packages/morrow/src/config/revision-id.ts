import { createHash } from 'node:crypto';
import type { ResolvedService } from './resolved.ts';

/**
 * Id of a revision: what runs, and nothing about how it gets there.
 *
 * Part of it: the artifact; the service's name and kind; runtime, build and start; environment variables; names and
 * version ids of the secrets; health checks, memory limit, start timeout and stop grace, by which a target lives.
 * No part of it: the folder's place, where requests come in and how long the edge waits, how many targets there are,
 * the rollout with its checks, hooks and migrations, what is kept on disk. Changing those ships nothing new.
 * The environment's name is no part either, so that equal things have equal ids in staging and production.
 *
 * @param artifact content hash of the snapshot (`sha256:…`) or image digest
 * @param service the resolved service
 * @param secretVersions version id of each secret by name; one of `service.secrets` without any counts as unset
 * @returns 12 hex digits
 */
export function revisionId(
  artifact: string,
  service: ResolvedService,
  secretVersions: Readonly<Record<string, string>>,
): string {
  const { name, kind, runtime, build, start, env, health, memoryBytes, startTimeoutMs, stopGraceMs } =
    service;
  const secrets = service.secrets.map((secret) => [secret, secretVersions[secret] ?? null]).sort(byName);
  const what = {
    artifact,
    name,
    kind,
    runtime,
    build,
    start,
    env: Object.entries(env).sort(byName),
    secrets,
    health: [health.readyPath, health.livePath, health.intervalMs, health.timeoutMs, health.failures],
    memoryBytes,
    startTimeoutMs,
    stopGraceMs,
  };
  return createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 12);
}

/** Not `localeCompare`: the order must not depend on the machine. */
function byName(a: readonly (string | null)[], b: readonly (string | null)[]): number {
  const [x, y] = [a[0] ?? '', b[0] ?? ''];
  if (x === y) return 0;
  return x < y ? -1 : 1;
}
