import fc from 'fast-check';
import { expect, test } from 'vitest';
import { closeFrame, FrameTracker, SERVICE_RESTART } from './websocket-frames.ts';

/** A frame with a payload of zeros. */
function frame(opcode: number, length: number, masked: boolean): Buffer {
  const mask = masked ? 0x80 : 0;
  const head =
    length < 126
      ? Buffer.from([0x80 | opcode, mask | length])
      : length < 65_536
        ? Buffer.from([0x80 | opcode, mask | 126, length >> 8, length & 0xff])
        : Buffer.from([
            0x80 | opcode,
            mask | 127,
            0,
            0,
            0,
            0,
            0,
            length >> 16,
            (length >> 8) & 0xff,
            length & 0xff,
          ]);
  return Buffer.concat([head, Buffer.alloc(masked ? 4 : 0), Buffer.alloc(length)]);
}

const frames = fc.array(
  fc.record({
    opcode: fc.constantFrom(1, 2, 9, 10),
    length: fc.oneof(fc.nat(300), fc.constantFrom(0, 125, 126, 65_535, 65_536, 70_000)),
    masked: fc.boolean(),
  }),
  { minLength: 1, maxLength: 6 },
);

test('the ends of frames are found, however the bytes are cut', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.nat(1_000), { maxLength: 30 }), (list, cuts) => {
      const parts = list.map(({ opcode, length, masked }) => frame(opcode, length, masked));
      const bytes = Buffer.concat(parts);
      const ends = new Set<number>([0]);
      parts.reduce((at, part) => {
        ends.add(at + part.length);
        return at + part.length;
      }, 0);
      const tracker = new FrameTracker();
      let at = 0;
      for (const cut of [...cuts, bytes.length]) {
        const end = Math.min(bytes.length, at + cut);
        expect(tracker.follow(bytes.subarray(at, end), false)).toBe(end - at);
        at = end;
        expect(tracker.atBoundary).toBe(ends.has(at));
      }
      expect(tracker.closed).toBe(false);
    }),
    { numRuns: 200 },
  );
});

test('it stops at the first end of a frame when told to', () => {
  const tracker = new FrameTracker();
  const bytes = Buffer.concat([frame(1, 300, false), frame(1, 5, false)]);
  expect(tracker.follow(bytes, true)).toBe(0);
  tracker.follow(bytes.subarray(0, 100), false);
  expect(tracker.follow(bytes.subarray(100), true)).toBe(frame(1, 300, false).length - 100);
  expect(tracker.atBoundary).toBe(true);
});

test('a Close frame is noticed once it is whole', () => {
  const tracker = new FrameTracker();
  const bytes = closeFrame(SERVICE_RESTART, true);
  tracker.follow(bytes.subarray(0, 7), false);
  expect(tracker.closed).toBe(false);
  tracker.follow(bytes.subarray(7), false);
  expect(tracker.closed).toBe(true);
});
