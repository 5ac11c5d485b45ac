import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { analyse, quantile, timeline } from './analysis.ts';
import { type LoadRecord, type RequestRecord, readLog, type SocketCloseRecord } from './records.ts';

const answered = (
  at: number,
  revision: string | null,
  given: Partial<RequestRecord> = {},
): RequestRecord => ({
  kind: 'get',
  conn: 'kept',
  at,
  ms: 1,
  status: 200,
  revision,
  error: null,
  ...given,
});

const closed = (code: number, given: Partial<SocketCloseRecord> = {}): SocketCloseRecord => ({
  kind: 'ws-close',
  user: 0,
  at: 0,
  ms: 500,
  code,
  unanswered: 0,
  revision: 'good',
  error: null,
  ...given,
});

const BAD = new Set(['bad']);

test('a failure that the bad revision answered is its own', () => {
  const seen = analyse([answered(0, 'good'), answered(1, 'bad', { status: 500, error: 'status' })], BAD);
  expect(seen).toMatchObject({ requests: 2, failures: 1, failedByBadRevision: 1, failedByShipping: 0 });
});

test('a failure on any other revision counts as by shipping', () => {
  const seen = analyse([answered(1, 'good', { status: 500, error: 'status' })], BAD);
  expect(seen).toMatchObject({ failedByBadRevision: 0, failedByShipping: 1 });
});

test('a failure without a revision counts as by shipping', () => {
  const lost = answered(7, null, { status: null, error: 'reset' });
  const seen = analyse([answered(1, 'bad'), lost], BAD);
  expect(seen.failedByShipping).toBe(1);
  expect(seen.shippingFailures).toEqual([lost]);
});

test("the edge's own 502 counts as the bad revision's when it names it", () => {
  const seen = analyse([answered(1, 'bad', { status: 502, error: 'status' })], BAD);
  expect(seen).toMatchObject({ failedByBadRevision: 1, failedByShipping: 0 });
});

test('an answer of the bad revision that was cut off is its own', () => {
  const seen = analyse([answered(1, 'bad', { error: 'truncated' })], BAD);
  expect(seen).toMatchObject({ failedByBadRevision: 1, failedByShipping: 0, errors: { truncated: 1 } });
});

test('without bad revisions every failure is by shipping', () => {
  expect(analyse([answered(1, 'bad', { status: 500, error: 'status' })]).failedByShipping).toBe(1);
});

test('failures are listed in the order of time', () => {
  const seen = analyse([answered(9, null, { error: 'reset' }), answered(3, null, { error: 'refused' })]);
  expect(seen.shippingFailures.map((record) => record.at)).toEqual([3, 9]);
});

test('a WebSocket closed with a drain signal is no failure, and what it had said is counted apart', () => {
  const seen = analyse([closed(1001), closed(1012, { unanswered: 2 })]);
  expect(seen.failures).toBe(0);
  expect(seen.webSockets).toMatchObject({ drained: 2, unansweredAtDrain: 2, lost: 0 });
});

test('a WebSocket that merely ended is a failure of the revision that held it', () => {
  const ended = closed(1006, { error: 'closed', unanswered: 1 });
  expect(analyse([ended]).failedByShipping).toBe(1);
  expect(analyse([ended]).webSockets).toMatchObject({ drained: 0, lost: 1, failures: 1 });
  expect(analyse([{ ...ended, revision: 'bad' }], BAD)).toMatchObject({
    failedByBadRevision: 1,
    failedByShipping: 0,
  });
});

test('each revision has its share, its rate and the times of its first and last failure', () => {
  const failed = { status: 500, error: 'status' } as const;
  const records = [0, 1000, 2000, 3000].map((at) => answered(at, 'good'));
  records.push(
    answered(1000, 'bad'),
    answered(1500, 'bad', failed),
    answered(2500, 'bad', failed),
    answered(2999, 'bad'),
  );
  const seen = analyse(records, BAD);
  expect(seen.revisions['good']).toMatchObject({
    requests: 4,
    share: 0.5,
    perSecond: 1,
    firstFailureAt: null,
  });
  expect(seen.revisions['bad']).toMatchObject({
    requests: 4,
    failures: 2,
    firstAt: 1000,
    lastAt: 2999,
    firstFailureAt: 1500,
    lastFailureAt: 2500,
  });
});

test('quantiles are nearest ranks', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  expect([0, 0.5, 0.99, 1].map((q) => quantile(hundred, q))).toEqual([1, 50, 99, 100]);
  expect(quantile([7], 0.99)).toBe(7);
  expect(quantile([], 0.5)).toBeNull();
});

test('latencies are sorted by number', () => {
  const seen = analyse([100, 9, 20].map((ms, at) => answered(at, 'good', { ms })));
  expect(seen).toMatchObject({ p50Ms: 20, p99Ms: 100 });
});

test('a timeline counts the requests of each revision in each period', () => {
  const records = [
    answered(2100, 'b'),
    answered(1000, 'a'),
    answered(1999, 'a', { error: 'reset' }),
    answered(2000, null),
  ];
  expect(timeline(records, 1000)).toEqual([
    { fromMs: 1000, requests: { a: 2 }, failures: 1 },
    { fromMs: 2000, requests: { b: 1, '': 1 }, failures: 0 },
  ]);
});

test('an empty log is analysed without complaint', () => {
  expect(analyse([])).toMatchObject({ requests: 0, failures: 0, p50Ms: null, p99Ms: null, revisions: {} });
});

test('a log that was cut off within its last line is read up to there; rubbish in the middle is an error', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'morrow-load-'));
  try {
    const record: LoadRecord = answered(1, 'a');
    await writeFile(join(folder, 'cut'), `${JSON.stringify(record)}\n{"kind":"get","at":17`);
    expect(await readLog(join(folder, 'cut'))).toEqual([record]);
    await writeFile(join(folder, 'rubbish'), `{"kind":\n${JSON.stringify(record)}\n`);
    await expect(readLog(join(folder, 'rubbish'))).rejects.toThrow(SyntaxError);
  } finally {
    await rm(folder, { recursive: true });
  }
});
