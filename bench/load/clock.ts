/**
 * Wall clock, ms since 1970 with a fraction. Never more than 1 ms from `Date.now()`, also where the system's
 * clock is being slewed, so that it can be compared with what other processes wrote down.
 */
export function wallClock(): number {
  const whole = Date.now();
  const fine = offset + performance.now();
  if (fine >= whole && fine < whole + 1) return fine;
  const nearest = fine < whole ? whole : whole + 0.999;
  offset += nearest - fine;
  return nearest;
}

let offset = performance.timeOrigin;
