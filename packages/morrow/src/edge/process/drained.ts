import { SLOTS, type Slot } from '../../engine/slot.ts';
import type { EdgeService } from '../api.ts';
import type { InFlight } from '../proxy/types.ts';

/** Requests and long-lived connections under way per slot, whichever revision they belong to. */
export function inFlightPerSlot(service: string, inFlight: readonly InFlight[]): Record<Slot, number> {
  const sum = { blue: 0, green: 0 };
  for (const part of inFlight) if (part.service === service) sum[part.slot] += part.requests;
  return sum;
}

/**
 * Slots that drain and have nothing under way any more, each told once.
 *
 * @param told what was told already, by service, slot and revision; brought up to date
 */
export function newlyDrained(
  services: readonly EdgeService[],
  inFlight: readonly InFlight[],
  told: Set<string>,
): readonly { readonly service: string; readonly slot: Slot }[] {
  const draining = services.flatMap((service) =>
    SLOTS.flatMap((slot) => {
      const held = service.slots[slot];
      const key = JSON.stringify([service.name, slot, held?.revision]);
      return held?.draining ? [{ service: service.name, slot, key }] : [];
    }),
  );
  const keys = new Set(draining.map(({ key }) => key));
  for (const key of told) if (!keys.has(key)) told.delete(key);
  const drained = draining.filter(
    ({ service, slot, key }) => !told.has(key) && inFlightPerSlot(service, inFlight)[slot] === 0,
  );
  for (const { key } of drained) told.add(key);
  return drained.map(({ service, slot }) => ({ service, slot }));
}
