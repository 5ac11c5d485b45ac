/** What is written down of each target (one process that answers requests), from before its start to after its end. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Slot } from '../../engine/slot.ts';
import { namesIn, readJson, writeJson } from './files.ts';
import type { Layout } from './layout.ts';
import type { RunRef } from './runtime.ts';

export interface TargetRecord {
  /** `<service>-<slot>-<place>-<serial>`; unique, since serials only rise. */
  readonly id: string;
  readonly nonce: string;
  readonly service: string;
  readonly slot: Slot;
  /** Which of the slot's targets it is, from 0. A restarted one takes the same place with a new id and port. */
  readonly place: number;
  readonly serial: number;
  readonly revision: string;
  readonly host: string;
  readonly port: number;
  readonly createdAtMs: number;
  /** Starts of this place in a row that did not last, this one not counted; the next wait grows with it. */
  readonly failures: number;
  readonly memoryBytes: number | null;
  /** When it was first seen healthy; null: never yet. */
  readonly healthyAtMs: number | null;
  readonly stopping: Stopping | null;
  readonly ended: Ended | null;
}

/** Why and how a target is being stopped; written before any signal is sent. */
export interface Stopping {
  /** Null: it is no longer wanted. Else why it had to go although it is: that counts as an exit. */
  readonly reason: string | null;
  /** When it is asked to end (SIGTERM) at the earliest. */
  readonly askAtMs: number;
  /** When it was asked; null: not yet. */
  readonly askedAtMs: number | null;
  /** From then on, how long until it is made to (SIGKILL), ms. */
  readonly graceMs: number;
}

export interface Ended {
  readonly atMs: number;
  readonly reason: string;
  /** False: nobody asked for it. */
  readonly planned: boolean;
  /** Whether its port was found taken by somebody else: that is nobody's fault, and the next start gets another. */
  readonly portTaken: boolean;
}

/** The targets of one service on disk. */
export interface Targets {
  /** Every record that can be read, in order of their serials. */
  list(): readonly TargetRecord[];
  write(record: TargetRecord): void;
  /** Removes a record with its log. */
  remove(record: TargetRecord): void;
  ref(record: TargetRecord): RunRef;
  logFile(record: TargetRecord): string;
}

/** The records kept for `service`. */
export function targetsOf(layout: Layout, service: string): Targets {
  const file = (id: string): string => join(layout.target(service, id), 'target.json');
  return {
    list: () =>
      namesIn(layout.targets(service))
        .flatMap((id) => readJson<TargetRecord>(file(id)) ?? [])
        .sort((a, b) => a.serial - b.serial),
    write: (record) => writeJson(file(record.id), record),
    remove: (record) => rmSync(layout.target(service, record.id), { recursive: true, force: true }),
    ref: (record) => ({ dir: layout.target(service, record.id), nonce: record.nonce }),
    logFile: (record) => join(layout.target(service, record.id), 'log'),
  };
}

/** Whether it is meant to serve: neither ended nor about to. */
export const isServing = (record: TargetRecord): boolean => record.ended === null && record.stopping === null;
