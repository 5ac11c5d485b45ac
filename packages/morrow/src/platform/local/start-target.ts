/** Starts one target: written down before it is begun, so that none is ever untracked. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { Slot } from '../../engine/slot.ts';
import type { RevisionSpec } from '../platform.ts';
import type { LocalContext } from './context.ts';
import { environmentFor } from './environment.ts';
import { refusedBySystem } from './files.ts';
import { choosePort } from './ports.ts';
import { shellCommand } from './shim.ts';
import { filesFor } from './snapshot-store.ts';
import { type TargetRecord, targetsOf } from './targets.ts';

const HOST = '127.0.0.1';

export interface StartRequest {
  readonly slot: Slot;
  readonly place: number;
  readonly failures: number;
  readonly revision: RevisionSpec;
}

/**
 * Starts a target.
 * @throws MorrowError why it can't be started (files gone, secret missing, no port, disk full); nothing is left then
 */
export async function startTarget(
  context: LocalContext,
  service: string,
  request: StartRequest,
): Promise<TargetRecord> {
  const { layout, runtime } = context;
  const { revision } = request;
  const targets = targetsOf(layout, service);
  const cwd = filesFor(layout, revision);
  const port = await choosePort(context.ports, portsInUse(context));
  // A newer controller may have acted while the port was tried.
  context.actingEpoch();
  const record = newRecord(context, service, request, port);
  const env = environmentFor({
    environment: context.environment,
    revision,
    secret: context.secret,
    own: { PORT: String(port), HOST, MORROW_SLOT: request.slot, MORROW_TARGET: record.id },
  });
  const command = shellCommand(revision.settings.start ?? 'exit 127');
  try {
    mkdirSync(layout.target(service, record.id), { recursive: true, mode: 0o700 });
    targets.write(record);
    await runtime.start({ ...targets.ref(record), command, cwd, env, logFile: targets.logFile(record) });
    context.log(`${record.id}: started on port ${port}`);
    return record;
  } catch (error) {
    targets.remove(record);
    throw refusedBySystem(error, `starting ${service}`) ?? error;
  }
}

function newRecord(
  context: LocalContext,
  service: string,
  request: StartRequest,
  port: number,
): TargetRecord {
  const { slot, place, failures, revision } = request;
  const state = context.states.read(service);
  const serial = Math.max(state.nextSerial, nextFree(context, service));
  context.states.write({ ...state, nextSerial: serial + 1 });
  return {
    id: `${service}-${slot}-${place}-${serial}`,
    nonce: randomBytes(12).toString('hex'),
    service,
    slot,
    place,
    serial,
    revision: revision.id,
    host: HOST,
    port,
    createdAtMs: context.now(),
    failures,
    memoryBytes: revision.settings.memoryBytes,
    healthyAtMs: null,
    stopping: null,
    ended: null,
  };
}

/** A lost state file must not lead to an id that was there before. */
const nextFree = (context: LocalContext, service: string): number =>
  1 +
  Math.max(
    0,
    ...targetsOf(context.layout, service)
      .list()
      .map(({ serial }) => serial),
  );

/** Ports of every target that has not ended, of every service. */
function portsInUse(context: LocalContext): ReadonlySet<number> {
  const records = context.states.names().flatMap((name) => targetsOf(context.layout, name).list());
  return new Set(records.filter(({ ended }) => ended === null).map(({ port }) => port));
}
