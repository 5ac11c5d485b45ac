/** What tests of the edge's process share. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EdgeService, EdgeSlot } from '../edge/api.ts';
import type { Slot, Weights } from '../engine/slot.ts';

/** Folders that {@link folder} made. */
const folders: string[] = [];

/** A new empty folder; {@link removeFolders} removes it. */
export function folder(): string {
  const made = realpathSync(mkdtempSync(join(tmpdir(), 'morrow-edge-')));
  folders.push(made);
  return made;
}

/** Removes every folder that was made. */
export function removeFolders(): void {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true, maxRetries: 3 });
}

/** A slot that holds `revision` on targets at these loopback ports. */
export const slotOn = (revision: string, ...ports: readonly number[]): EdgeSlot => ({
  revision,
  targets: ports.map((port) => ({ id: `${revision}-${port}`, host: '127.0.0.1', port })),
  draining: false,
});

/** A service with short times; give what matters. */
export function serviceWith(given: {
  readonly name?: string;
  readonly port: number;
  readonly blue?: EdgeSlot | null;
  readonly green?: EdgeSlot | null;
  readonly weights?: Weights | null;
  readonly stable?: Slot | null;
  readonly pathPrefix?: string;
}): EdgeService {
  return {
    name: given.name ?? 'shop',
    listen: {
      address: '127.0.0.1',
      port: given.port,
      hosts: [],
      pathPrefix: given.pathPrefix ?? '/',
    },
    slots: { blue: given.blue ?? null, green: given.green ?? null },
    weights: given.weights === undefined ? { blue: 100, green: 0 } : given.weights,
    stable: given.stable === undefined ? 'blue' : given.stable,
    health: { readyPath: '/ready', livePath: '/live', intervalMs: 100, timeoutMs: 5_000, failures: 2 },
    timeouts: { connectMs: 5_000, answerMs: 30_000, idleMs: 30_000, drainMs: 60_000 },
    maxBodyBytes: null,
  };
}
