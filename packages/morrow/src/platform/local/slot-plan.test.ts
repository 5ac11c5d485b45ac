import { describe, expect, test } from 'vitest';
import { backOffMs, planSlot } from './slot-plan.ts';
import type { Ended, Stopping, TargetRecord } from './targets.ts';

const NOW = 1_000_000;

function record(place: number, over: Partial<TargetRecord> = {}): TargetRecord {
  const serial = over.serial ?? place + 1;
  return {
    id: `backend-blue-${place}-${serial}`,
    nonce: 'n',
    service: 'backend',
    slot: 'blue',
    place,
    serial,
    revision: 'r1',
    host: '127.0.0.1',
    port: 20_000 + serial,
    createdAtMs: NOW - 1000,
    failures: 0,
    memoryBytes: null,
    healthyAtMs: null,
    stopping: null,
    ended: null,
    ...over,
  };
}

const ended = (agoMs: number, over: Partial<Ended> = {}): Ended => ({
  atMs: NOW - agoMs,
  reason: 'exit code 1',
  planned: false,
  portTaken: false,
  ...over,
});
const stopping = (reason: string | null): Stopping => ({
  reason,
  askAtMs: NOW,
  askedAtMs: null,
  graceMs: 1000,
});

describe('what a slot needs', () => {
  test('every place that is empty is filled', () => {
    expect(planSlot(2, [], NOW)).toEqual({
      start: [
        { place: 0, failures: 0 },
        { place: 1, failures: 0 },
      ],
      stop: [],
      nextAtMs: null,
    });
    expect(planSlot(2, [record(1)], NOW).start).toEqual([{ place: 0, failures: 0 }]);
  });

  test('nothing is done where all is as it should be', () => {
    expect(planSlot(2, [record(0), record(1)], NOW)).toEqual({ start: [], stop: [], nextAtMs: null });
    expect(planSlot(0, [], NOW)).toEqual({ start: [], stop: [], nextAtMs: null });
  });

  test('targets beyond the number wanted are stopped, and all but the first in one place', () => {
    const twin = record(0, { serial: 9 });
    const plan = planSlot(1, [record(0), record(1), record(2), twin], NOW);
    expect(plan.stop.map(({ id }) => id)).toEqual([
      'backend-blue-1-2',
      'backend-blue-2-3',
      'backend-blue-0-9',
    ]);
  });

  test('a target that crashed is started again after a wait that doubles with each crash', () => {
    const crash = (failures: number, agoMs: number) =>
      planSlot(1, [record(0, { failures, createdAtMs: NOW - agoMs - 10, ended: ended(agoMs) })], NOW);
    expect(crash(0, 100)).toEqual({ start: [], stop: [], nextAtMs: NOW + 100 });
    expect(crash(0, 200).start).toEqual([{ place: 0, failures: 1 }]);
    expect(crash(1, 300).nextAtMs).toBe(NOW + 100);
    expect(crash(1, 400).start).toEqual([{ place: 0, failures: 2 }]);
    expect(crash(50, 14_999).nextAtMs).toBe(NOW + 1);
    expect(crash(50, 15_000).start).toEqual([{ place: 0, failures: 51 }]);
  });

  test('one that was up for a while begins with the shortest wait again', () => {
    const lasted = record(0, { failures: 7, createdAtMs: NOW - 20_000, ended: ended(200) });
    expect(planSlot(1, [lasted], NOW).start).toEqual([{ place: 0, failures: 1 }]);
  });

  test('one that was stopped on purpose is started again at once', () => {
    const stopped = record(0, { ended: ended(0, { planned: true }) });
    expect(planSlot(1, [stopped], NOW).start).toEqual([{ place: 0, failures: 0 }]);
    expect(planSlot(1, [record(0, { stopping: stopping(null) })], NOW).start).toEqual([
      { place: 0, failures: 0 },
    ]);
  });

  test('the successor of one that has to go waits until it has gone', () => {
    expect(planSlot(1, [record(0, { stopping: stopping('hung') })], NOW)).toEqual({
      start: [],
      stop: [],
      nextAtMs: null,
    });
  });

  test('only the last crash of a place counts', () => {
    const old = record(0, { failures: 9, ended: ended(60_000) });
    const last = record(0, { serial: 5, failures: 0, ended: ended(250) });
    expect(planSlot(1, [old, last], NOW).start).toEqual([{ place: 0, failures: 1 }]);
  });

  test('the earliest of several waits is told', () => {
    const plan = planSlot(
      3,
      [record(0, { ended: ended(50) }), record(1, { ended: ended(150) }), record(2)],
      NOW,
    );
    expect(plan).toEqual({ start: [], stop: [], nextAtMs: NOW + 50 });
  });
});

test('waits go from 0.2 s to 15 s', () => {
  expect([0, 1, 2, 3, 6, 7, 8, 100].map(backOffMs)).toEqual([0, 200, 400, 800, 6400, 12_800, 15_000, 15_000]);
});
