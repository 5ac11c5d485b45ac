import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compare } from './compare.testing.ts';
import { Random } from './random.testing.ts';
import { conversation } from './reading.testing.ts';

const folder = new URL('recorded/', import.meta.url);
const files = (kind: string) => readdirSync(new URL(kind, folder)).filter((name) => name.endsWith('.http'));

/** Ours must accept the file as a whole, llhttp likewise, in every split in two and byte by byte. */
function accepts(kind: 'request' | 'response', name: string): void {
  const bytes = readFileSync(new URL(`${kind}s/${name}`, folder));
  const methods = [name.includes('-head') ? 'HEAD' : 'GET'];
  const told = { ...conversation(kind, '', { methods, closes: kind === 'response' }), bytes };
  const { find, ours } = compare(told, { twoWayUpTo: 3_000, random: 8, bytewise: true }, new Random(1));
  expect(find).toBeNull();
  expect(ours.failure).toBeNull();
  const last = ours.messages.at(-1);
  if (last?.upgrade) expect(last.end).toBeGreaterThan(0);
  else expect(last?.end).toBe(bytes.length);
}

describe('what real clients send is accepted, with the boundaries of llhttp', () => {
  test.each(files('requests'))('%s', (name) => accepts('request', name));
});

describe('what real servers answer is accepted, with the boundaries of llhttp', () => {
  test.each(files('responses'))('%s', (name) => accepts('response', name));
});
