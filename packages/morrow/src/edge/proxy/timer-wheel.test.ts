import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { Timed, TimerWheel } from './timer-wheel.ts';

class Probe extends Timed {
  readonly expiredAt: number[] = [];
  readonly #now: () => number;
  constructor(now: () => number) {
    super();
    this.#now = now;
  }
  expired(): void {
    this.expiredAt.push(this.#now());
  }
}

let nowMs = 0;
const clock = () => nowMs;
let wheel = new TimerWheel(50, clock);
afterEach(() => {
  wheel.stop();
  nowMs = 0;
  wheel = new TimerWheel(50, clock);
});

function goTo(ms: number): void {
  while (nowMs < ms) {
    nowMs = Math.min(ms, nowMs + 50);
    wheel.advance(nowMs);
  }
}

test('no deadline is met early, and none more than two ticks late, whatever is armed anew in between', () => {
  const delays = fc.array(fc.integer({ min: 0, max: 90_000 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(delays, (ms) => {
      nowMs = 1_000;
      wheel = new TimerWheel(50, clock);
      const probes = ms.map((delay) => {
        const probe = new Probe(clock);
        wheel.arm(probe, nowMs, 200_000);
        wheel.arm(probe, nowMs, delay);
        return probe;
      });
      goTo(100_000);
      wheel.stop();
      probes.forEach((probe, i) => {
        expect(probe.expiredAt).toHaveLength(1);
        expect(probe.expiredAt[0]).toBeGreaterThanOrEqual(1_000 + (ms[i] ?? 0));
        expect(probe.expiredAt[0]).toBeLessThanOrEqual(1_000 + (ms[i] ?? 0) + 100);
      });
    }),
    { numRuns: 30 },
  );
});

test('a deadline moved further away is met at its new time', () => {
  const probe = new Probe(clock);
  wheel.arm(probe, 0, 100);
  goTo(80);
  wheel.arm(probe, 80, 1_000);
  goTo(1_050);
  expect(probe.expiredAt).toEqual([]);
  goTo(1_200);
  expect(probe.expiredAt).toHaveLength(1);
});

test('what is disarmed or removed never expires, and leaves the wheel empty', () => {
  const one = new Probe(clock);
  const two = new Probe(clock);
  wheel.arm(one, 0, 100);
  wheel.arm(two, 0, 100);
  wheel.disarm(one);
  wheel.remove(two);
  goTo(500);
  expect([...one.expiredAt, ...two.expiredAt]).toEqual([]);
  expect(wheel.size).toBe(0);
});

test('one that expires may disarm another that is due in the same tick', () => {
  const second = new Probe(clock);
  const first = new (class extends Timed {
    expired(): void {
      wheel.remove(second);
    }
  })();
  wheel.arm(second, 0, 100);
  wheel.arm(first, 0, 100);
  goTo(300);
  expect(second.expiredAt).toEqual([]);
});

test('a clock that jumps far ahead expires everything once', () => {
  const probe = new Probe(clock);
  wheel.arm(probe, 0, 70_000);
  nowMs = 10_000_000;
  wheel.advance(nowMs);
  wheel.advance(nowMs + 60_000);
  expect(probe.expiredAt).toHaveLength(1);
});
