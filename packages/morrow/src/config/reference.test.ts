import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { referenceRows, referenceTables, withTables } from '../testing/config-reference.ts';
import { FAILSAFE_MS } from './defaults.ts';
import { resolveConfig } from './resolve.ts';
import type { ResolvedService } from './resolved.ts';
import { parseDuration, parsePercent } from './values.ts';

const DOCUMENT = fileURLToPath(new URL('../../../../docs/configuration.md', import.meta.url));

describe('docs/configuration.md', () => {
  const text = readFileSync(DOCUMENT, 'utf8');

  it('has every key of the schema with its default, as the schema says it (`vitest -u` writes it anew)', async () => {
    for (const table of referenceTables) expect(text).toContain(`<!-- table ${table} -->`);
    await expect(withTables(text)).toMatchFileSnapshot(DOCUMENT);
  });

  it('says of every key what it means, and what holds without it', () => {
    for (const table of referenceTables) {
      const rows = referenceRows(table);
      expect(rows.length).toBeGreaterThan(1);
      for (const { key, meaning, value } of rows) {
        expect(meaning, `${table}: ${key}`).toMatch(/[.?]$/);
        expect(value, `${table}: ${key}`).not.toBe('');
      }
    }
  });

  it('tells the defaults that hold', () => {
    const [service] = resolveConfig(
      {
        config: { services: { api: {} }, environments: { production: {} } },
        root: '/srv',
        file: '/srv/morrow.config.ts',
      },
      'production',
    ).services;
    const { listen, health, timeouts, rollout, startTimeoutMs, stopGraceMs, keepRevisions, onBusy } =
      service as ResolvedService;
    const told = (table: string, key: string) => {
      const text = referenceRows(table).find((row) => row.key === key)?.preset ?? '';
      const [, quoted] = /^'([^']*)'/.exec(text) ?? [];
      if (quoted === undefined) return Number(text);
      if (/^\d+%$/.test(quoted)) return parsePercent(quoted);
      return /^\d+\w+$/.test(quoted) ? parseDuration(quoted) : quoted;
    };
    const { guard } = rollout.analysis;
    const holds: [string, string, unknown][] = [
      ['service', 'listen.port', listen.port],
      ['service', 'listen.address', listen.address],
      ['service', 'listen.path', listen.pathPrefix],
      ['service', 'health.ready', health.readyPath],
      ['service', 'health.interval', health.intervalMs],
      ['service', 'health.timeout', health.timeoutMs],
      ['service', 'health.failures', health.failures],
      ['service', 'timeouts.connect', timeouts.connectMs],
      ['service', 'timeouts.answer', timeouts.answerMs],
      ['service', 'timeouts.idle', timeouts.idleMs],
      ['service', 'timeouts.drain', timeouts.drainMs],
      ['service', 'startTimeout', startTimeoutMs],
      ['service', 'stopGrace', stopGraceMs],
      ['service', 'keepRevisions', keepRevisions],
      ['rollout', 'onBusy', onBusy],
      ['rollout', 'onDrift', rollout.onDrift],
      ['rollout', 'bake', rollout.steps[0]?.bakeMs],
      ['rollout', 'progressDeadline', rollout.progressDeadlineMs],
      ['rollout', 'maxExits', rollout.maxExits],
      ['rollout', 'capacityGrace', rollout.capacityGraceMs],
      ['rollout', 'analysis.guard.errorRate', guard.errorRatePct],
      ['rollout', 'analysis.guard.p99', guard.p99Ms],
      ['rollout', 'analysis.guard.window', guard.windowMs],
      ['rollout', 'analysis.guard.minRequests', guard.minRequests],
      ['edge', 'failsafe', FAILSAFE_MS],
    ];
    expect(holds.map(([table, key]) => [table, key, told(table, key)])).toEqual(holds);
  });
});
