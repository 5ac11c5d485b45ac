/**
 * Where the local platform keeps what it must remember, below the environment's state folder:
 *
 * ```
 * snapshots/<key>/files          a service's folder as it was, built, read-only
 * snapshots/<key>/snapshot.json  written last: a folder without it is half-done
 * snapshots/<key>/revisions/<id> one empty file per revision made of it
 * building/<nonce>/              a snapshot under way, with the process that makes it
 * builds/<service>.log           output of the service's last build
 * services/<service>.json        what each slot shall hold
 * targets/<service>/<id>/        one process: its record, its log, what its shim wrote
 * tasks/<service>/<hash>/        one command run once
 * epochs/<epoch>                 one empty file: the highest epoch that has acted
 * shim.sh                        what every process is started through
 * ```
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';

export interface Layout {
  readonly root: string;
  readonly snapshots: string;
  readonly building: string;
  readonly epochs: string;
  readonly shim: string;
  readonly services: string;
  buildLog(service: string): string;
  snapshot(key: string): string;
  serviceFile(service: string): string;
  targets(service: string): string;
  target(service: string, id: string): string;
  tasks(service: string): string;
  /** A key may hold anything; its folder's name is a hash of it. */
  task(service: string, key: string): string;
}

/** The paths below `stateDir`; touches nothing. */
export function layoutOf(stateDir: string): Layout {
  const below = (...parts: string[]): string => join(stateDir, ...parts);
  return {
    root: stateDir,
    snapshots: below('snapshots'),
    building: below('building'),
    epochs: below('epochs'),
    shim: below('shim.sh'),
    services: below('services'),
    buildLog: (service) => below('builds', `${service}.log`),
    snapshot: (key) => below('snapshots', key),
    serviceFile: (service) => below('services', `${service}.json`),
    targets: (service) => below('targets', service),
    target: (service, id) => below('targets', service, id),
    tasks: (service) => below('tasks', service),
    task: (service, key) =>
      below('tasks', service, createHash('sha256').update(key).digest('hex').slice(0, 16)),
  };
}
