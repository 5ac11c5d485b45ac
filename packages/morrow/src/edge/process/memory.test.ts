import { expect, test } from 'vitest';
import { serviceWith, slotOn } from '../../testing/edge-fixtures.ts';
import { EdgeRefusal } from '../refusal.ts';
import {
  acceptEpoch,
  deleteService,
  EMPTY_MEMORY,
  giveToStable,
  putController,
  putService,
  putWeights,
  withHealthy,
} from './memory.ts';

const shop = serviceWith({ port: 8080, blue: slotOn('a1', 9001), green: slotOn('b2', 9002) });
const held = putService(EMPTY_MEMORY, { epoch: 3, service: shop });

function refusal(act: () => unknown): EdgeRefusal {
  try {
    act();
  } catch (error) {
    if (error instanceof EdgeRefusal) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

test('a write of an older epoch is refused and names the epoch in force', () => {
  for (const write of [
    () => putService(held, { epoch: 2, service: shop }),
    () => putWeights(held, 'shop', { epoch: 2, weights: { blue: 0, green: 100 } }),
    () => deleteService(held, 'shop', 2),
    () => putController(held, { epoch: 2, controller: null }),
    () => acceptEpoch(held, 2),
  ]) {
    const { status, code, epoch } = refusal(write);
    expect({ status, code, epoch }).toEqual({ status: 409, code: 'EDGE_EPOCH_STALE', epoch: 3 });
  }
});

test('a newer epoch is taken over without a change of what is served', () => {
  expect(acceptEpoch(held, 7)).toEqual({ ...held, epoch: 7 });
});

test('a write that changes nothing leaves generation and memory as they are', () => {
  expect(putService(held, { epoch: 3, service: structuredClone(shop) })).toBe(held);
  expect(putWeights(held, 'shop', { epoch: 3, weights: { blue: 100, green: 0 } })).toBe(held);
  expect(deleteService(held, 'other', 3)).toBe(held);
  expect(putController(held, { epoch: 3, controller: null })).toBe(held);
});

test('weights and stable change together, and the generation rises', () => {
  const next = putWeights(held, 'shop', { epoch: 3, weights: { blue: 0, green: 100 }, stable: 'green' });
  expect(next.generation).toBe(held.generation + 1);
  expect(next.services[0]).toMatchObject({ weights: { blue: 0, green: 100 }, stable: 'green' });
});

test('weights of a service that is not there are refused with the names of those that are', () => {
  const { status, code, hint } = refusal(() => putWeights(held, 'shap', { epoch: 3, weights: null }));
  expect([status, code, hint]).toEqual([404, 'UNKNOWN_SERVICE', 'It has shop.']);
});

test('weight on a slot that holds nothing is refused', () => {
  const half = serviceWith({ port: 8080, blue: slotOn('a1', 9001) });
  const memory = putService(EMPTY_MEMORY, { epoch: 1, service: half });
  const { message } = refusal(() =>
    putWeights(memory, 'shop', { epoch: 1, weights: { blue: 50, green: 50 } }),
  );
  expect(message).toBe('weights.green of service "shop" is 50, but its slot green holds no revision.');
});

test('two services may share a port by path, but not want the same route or the same target id', () => {
  const admin = serviceWith({ name: 'admin', port: 8080, pathPrefix: '/admin', blue: slotOn('c3', 9003) });
  expect(putService(held, { epoch: 3, service: admin }).services.map(({ name }) => name)).toEqual([
    'admin',
    'shop',
  ]);
  const rival = serviceWith({ name: 'rival', port: 8080, blue: slotOn('c3', 9003) });
  expect(refusal(() => putService(held, { epoch: 3, service: rival })).message).toBe(
    'Services "shop" and "rival" both want 127.0.0.1:8080/ for the same host.',
  );
  const twin = serviceWith({ name: 'twin', port: 8081, blue: slotOn('a1', 9001) });
  expect(refusal(() => putService(held, { epoch: 3, service: twin })).message).toBe(
    'The target id "a1-9001" is already used by service "shop".',
  );
});

test('the failsafe gives everything to stable and raises the epoch by one', () => {
  const split = putWeights(held, 'shop', { epoch: 3, weights: { blue: 50, green: 50 } });
  const safe = giveToStable(split, ['shop']);
  expect(safe).toMatchObject({ epoch: 4, generation: split.generation + 1 });
  expect(safe.services[0]?.weights).toEqual({ blue: 100, green: 0 });
});

test('only targets that a service has are remembered as healthy', () => {
  const next = withHealthy(held, new Set(['b2-9002', 'gone']));
  expect(next.healthy).toEqual(['b2-9002']);
  expect(withHealthy(next, new Set(['b2-9002']))).toBe(next);
});
