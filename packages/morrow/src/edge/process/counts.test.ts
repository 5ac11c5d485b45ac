import { expect, test } from 'vitest';
import { serviceWith, slotOn } from '../../testing/edge-fixtures.ts';
import type { EdgeSlotCounts, EdgeState } from '../api.ts';
import { bucketOf } from '../histogram.ts';
import { Blocks, nextSeqBase } from './blocks.ts';
import { addCounts, noCounts } from './counts.ts';
import { Cuts, type Interval } from './cuts.ts';
import { newlyDrained } from './drained.ts';
import type { CutAnswer } from './messages.ts';
import { Metrics } from './metrics.ts';

const shop = serviceWith({ port: 80, blue: slotOn('a', 1), green: slotOn('b', 2) });

const counts = (
  revision: string,
  requests: number,
  latency: EdgeSlotCounts['latency'] = [],
): EdgeSlotCounts => ({
  ...noCounts(revision),
  requests,
  status: [0, requests, 0, 0, 0],
  latency,
});

const answer = (cut: number, atMs: number, ...slots: CutAnswer['counts']['slots']): CutAnswer => ({
  type: 'cut',
  cut,
  atMs,
  counts: { slots, refused: {} },
  inFlight: [],
  listening: {},
});

const blue = (part: EdgeSlotCounts) => ({ service: 'shop', slot: 'blue' as const, counts: part });

test('an interval is whole when the last worker has answered, and intervals come in order', async () => {
  const intervals: Interval[] = [];
  const cuts = new Cuts(1_000, (interval) => intervals.push(interval));
  const first = cuts.open([shop], [1, 2]);
  const second = cuts.open([], [1, 2]);
  cuts.answer(1, answer(first.id, 2_000, blue(counts('a', 1))));
  cuts.answer(1, answer(second.id, 2_500));
  cuts.answer(2, answer(second.id, 2_600));
  expect(intervals).toEqual([]);
  cuts.answer(2, answer(first.id, 2_100, blue(counts('a', 2))));
  expect(await first.done).toBe(2_100);
  expect(await second.done).toBe(2_600);
  expect(intervals.map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([
    [1_000, 2_100],
    [2_100, 2_600],
  ]);
});

test('nobody waits for a worker that has died, and late counts are not lost', async () => {
  const intervals: Interval[] = [];
  const cuts = new Cuts(1_000, (interval) => intervals.push(interval));
  const first = cuts.open([shop], [1, 2]);
  cuts.answer(1, answer(first.id, 2_000));
  cuts.gone(2);
  expect(await first.done).toBe(2_000);
  cuts.answer(3, answer(-1, 2_100, blue(counts('a', 7))));
  const second = cuts.open([shop], [1]);
  cuts.answer(1, answer(second.id, 3_000, blue(counts('a', 1))));
  await second.done;
  const blocks = new Blocks(0);
  for (const interval of intervals) blocks.add(interval);
  expect(blocks.after('shop', 0).map(({ slots }) => slots.blue?.requests)).toEqual([0, 8]);
});

test('what several workers counted is added up, latencies bucket by bucket', () => {
  const one = {
    ...counts('a', 3, [
      [5, 1],
      [9, 2],
    ]),
    errors: 1,
    bytesIn: 10,
  };
  const two = {
    ...counts('a', 4, [
      [5, 3],
      [7, 1],
    ]),
    resets: 2,
    bytesIn: 5,
  };
  expect(addCounts(one, two)).toEqual({
    ...counts('a', 7, [
      [5, 4],
      [7, 1],
      [9, 2],
    ]),
    errors: 1,
    resets: 2,
    bytesIn: 15,
  });
});

test('a block holds only what the revision that is in the slot did', () => {
  const blocks = new Blocks(100);
  const answers = [
    answer(1, 2_000, blue(counts('a', 3)), blue(counts('old', 9))),
    answer(1, 2_000, blue(counts('a', 4))),
  ];
  blocks.add({ services: [shop], fromMs: 1_000, toMs: 2_000, answers });
  expect(blocks.after('shop', 0)).toEqual([
    {
      seq: 101,
      fromMs: 1_000,
      toMs: 2_000,
      weights: shop.weights,
      slots: { blue: counts('a', 7), green: noCounts('b') },
    },
  ]);
  expect(blocks.after('shop', 101)).toEqual([]);
  expect(blocks.after('other', 0)).toEqual([]);
});

test('blocks of the last 15 minutes are kept, and numbers rise by one', () => {
  const blocks = new Blocks(0);
  for (let second = 0; second < 1_000; second += 1) {
    blocks.add({ services: [shop], fromMs: second * 1_000, toMs: (second + 1) * 1_000, answers: [] });
  }
  const kept = blocks.after('shop', 0);
  expect(kept).toHaveLength(900);
  expect(kept[0]?.seq).toBe(101);
  expect(kept.at(-1)?.seq).toBe(1_000);
});

test('numbers go on rising after a restart, also if the clock was set back', () => {
  expect(nextSeqBase(0, 5_000)).toBe(5_000);
  expect(nextSeqBase(5_000, 4_000)).toBe(10_005_000);
});

test('a slot is told drained once, when nothing is under way in any worker', () => {
  const draining = { ...shop, slots: { ...shop.slots, green: { ...slotOn('b', 2), draining: true } } };
  const told = new Set<string>();
  const busy = [{ service: 'shop', slot: 'green' as const, revision: 'b', requests: 1 }];
  expect(newlyDrained([draining], busy, told)).toEqual([]);
  expect(newlyDrained([draining], [], told)).toEqual([{ service: 'shop', slot: 'green' }]);
  expect(newlyDrained([draining], [], told)).toEqual([]);
  expect(newlyDrained([shop], [], told)).toEqual([]);
  expect(newlyDrained([draining], [], told)).toEqual([{ service: 'shop', slot: 'green' }]);
});

const state: EdgeState = {
  pid: 1,
  workers: [2, 3],
  startedAtMs: 0,
  epoch: 4,
  generation: 5,
  previewPort: 6,
  failsafes: [],
  services: [
    {
      service: shop,
      targets: [{ id: 'a-1', slot: 'blue', health: 'healthy', problem: null }],
      inFlight: { blue: 3, green: 0 },
      listenProblem: null,
    },
  ],
};

test('metrics add up over intervals, with latencies under fixed bounds', () => {
  const metrics = new Metrics();
  const latency = [
    [bucketOf(900), 2],
    [bucketOf(30_000), 1],
  ] as const;
  for (let n = 0; n < 2; n += 1) {
    metrics.add({
      services: [shop],
      fromMs: 0,
      toMs: 1,
      answers: [answer(1, 1, blue(counts('a', 3, latency)))],
    });
  }
  const lines = metrics.text(state).split('\n');
  const label = 'service="shop",slot="blue",revision="a"';
  expect(lines).toContain(`morrow_edge_requests_total{${label},class="2xx"} 6`);
  expect(lines).toContain(`morrow_edge_request_duration_seconds_bucket{${label},le="0.001"} 4`);
  expect(lines).toContain(`morrow_edge_request_duration_seconds_bucket{${label},le="0.025"} 4`);
  expect(lines).toContain(`morrow_edge_request_duration_seconds_bucket{${label},le="0.05"} 6`);
  expect(lines).toContain(`morrow_edge_request_duration_seconds_count{${label}} 6`);
  const sum = Number(
    lines.find((line) => line.startsWith('morrow_edge_request_duration_seconds_sum'))?.split(' ')[1],
  );
  expect(sum).toBeGreaterThan(0.0636 * 0.98);
  expect(sum).toBeLessThan(0.0636 * 1.02);
  expect(lines).toContain(`morrow_edge_in_flight{${label}} 3`);
});

test('every line of the metrics is well-formed, and labels are escaped', () => {
  const odd = { ...shop, slots: { ...shop.slots, blue: slotOn('a"b\\c', 1) } };
  const metrics = new Metrics();
  metrics.add({ services: [odd], fromMs: 0, toMs: 1, answers: [] });
  const text = metrics.text({ ...state, services: [] });
  expect(text).toContain('revision="a\\"b\\\\c"');
  for (const line of text.trimEnd().split('\n')) {
    expect(line).toMatch(/^(# (HELP|TYPE) \S+ .+|[a-z_]+(\{([a-z]+="([^"\\]|\\.)*",?)+\})? [0-9.e+-]+)$/);
  }
});

test('counters of a revision that left its slot are dropped after a while', () => {
  const metrics = new Metrics();
  metrics.add({ services: [shop], fromMs: 0, toMs: 1, answers: [answer(1, 1, blue(counts('a', 3)))] });
  const after = { ...shop, slots: { ...shop.slots, blue: slotOn('c', 3) } };
  metrics.add({ services: [after], fromMs: 0, toMs: 10 * 60_000, answers: [] });
  expect(metrics.text(state)).toContain('revision="a",class="2xx"} 3');
  metrics.add({ services: [after], fromMs: 0, toMs: 16 * 60_000, answers: [] });
  expect(metrics.text(state)).not.toContain('revision="a",class');
});
