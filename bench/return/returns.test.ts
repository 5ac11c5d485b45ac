import { expect, test } from 'vitest';
import { measureReturns } from './returns.ts';

test('each return is measured from the decision to the last request of the bad revision', async () => {
  const returns = await measureReturns(5);
  expect(returns).toHaveLength(5);
  for (const { lastBad, acknowledged } of returns) {
    expect(lastBad).toBeGreaterThanOrEqual(0);
    expect(acknowledged).toBeGreaterThan(0);
    // What the edge has acknowledged holds: a request that arrives later was on its way before.
    expect(lastBad).toBeLessThan(acknowledged + 1000);
  }
});
