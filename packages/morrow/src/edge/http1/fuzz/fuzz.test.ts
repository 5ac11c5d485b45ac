import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compare, type Splits } from './compare.testing.ts';
import { fuzz } from './fuzz.testing.ts';
import { readLlhttp } from './llhttp.testing.ts';
import { minimise } from './minimise.testing.ts';
import { Random } from './random.testing.ts';
import { conversation } from './reading.testing.ts';
import { type Generated, validRequests, validResponses } from './valid.testing.ts';

interface Case {
  readonly name: string;
  readonly kind: 'request' | 'response';
  /** Each character is one byte. */
  readonly text: string;
  readonly methods?: readonly string[];
  readonly closes?: boolean;
  /** Why ours refuses it; null where it accepts it. */
  readonly failure: string | null;
}

const EVERY_WAY: Splits = { twoWayUpTo: 1_000, random: 8, bytewise: true };
const cases: Case[] = JSON.parse(readFileSync(new URL('cases.json', import.meta.url), 'utf8'));

/** Conversations with valid messages until there are `wanted`; each must be accepted as a whole. */
function acceptsAll(seed: number, wanted: number, generate: (random: Random) => Generated): void {
  const random = new Random(seed);
  let count = 0;
  for (let executions = 0; count < wanted; executions++) {
    const { told, messages } = generate(random);
    const splits = { twoWayUpTo: 0, random: executions % 8 === 0 ? 1 : 0, bytewise: executions % 64 === 0 };
    const { find, ours } = compare(told, splits, random);
    const whole = ours.messages.filter(({ end }) => end >= 0).length;
    if (find !== null || ours.failure !== null || whole !== messages)
      expect.fail(
        `${find ?? ours.failure ?? `${whole} of ${messages}`}: ${JSON.stringify(told.bytes.toString('latin1'))}`,
      );
    count += messages;
  }
}

describe('what ours accepts, llhttp accepts with the same boundaries, however it is cut into reads', () => {
  test('hostile bytes from a fixed seed', () => {
    const report = fuzz(20_261, (executions) => executions === 4_000);
    expect(
      report.finds.map(({ what, told }) => `${what}: ${JSON.stringify(told.bytes.toString('latin1'))}`),
    ).toEqual([]);
    // Bytes that are all refused would show nothing.
    expect(report.accepted).toBeGreaterThan(1_000);
  });

  test.each(cases)('found once: $name', ({ kind, text, methods, closes, failure }) => {
    const told = conversation(kind, text, { methods: methods ?? [], closes: closes ?? false });
    const { find, ours } = compare(told, EVERY_WAY, new Random(1));
    expect(find).toBeNull();
    expect(ours.failure).toBe(failure);
  });
});

describe('what is valid is accepted by both', () => {
  test('60,000 generated requests', () => acceptsAll(1, 60_000, validRequests));
  test('40,000 generated answers', () => acceptsAll(2, 40_000, validResponses));
});

describe('the means', () => {
  test('llhttp is asked in its strict mode', () => {
    const failure = (text: string) => readLlhttp(conversation('request', text), [], false).failure;
    expect(failure('GET / HTTP/1.1\r\nHost: a\r\n\r\n')).toBeNull();
    expect(failure('GET / HTTP/1.1\nHost: a\n\n')).not.toBeNull();
    expect(
      failure('GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'),
    ).not.toBeNull();
  });

  test('llhttp tells to the byte where head and message end', () => {
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n';
    const told = conversation('request', `${head}abcGET /b HTTP/1.1\r\nX: y\r\n\r\n`);
    const at = head.length;
    const { messages } = readLlhttp(told, [at - 1, at, at + 2, at + 3], true);
    expect(messages.map(({ start, headEnd, end }) => [start, headEnd, end])).toEqual([
      ['POST / 1.1', at, at + 3],
      ['GET /b 1.1', told.bytes.length, told.bytes.length],
    ]);
  });

  test('one seed gives the same bytes each time', () => {
    const bytes = () => validRequests(new Random(7)).told.bytes.toString('latin1');
    expect(bytes()).toBe(bytes());
  });

  test('a find is made as short as it can be', () => {
    const told = conversation('request', 'GET /a/long/path HTTP/1.1\r\nHost: a\r\nX: needle\r\nY: z\r\n\r\n');
    const small = minimise(told, ({ bytes }) => bytes.includes('eedl'));
    expect(small.bytes.toString('latin1')).toBe('eedl');
  });
});
