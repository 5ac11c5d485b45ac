import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { referenceRows, referenceTables, withTables } from '../testing/config-reference.ts';

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
});
