/**
 * What the edge remembers across its own restarts, and how each accepted write changes it.
 * Plain data and pure functions: every function returns the next memory, or the same object if nothing changed.
 */
import { SLOTS, type Slot, sameWeights, weightsOf } from '../../engine/slot.ts';
import type { EdgeService, PutController, PutService, PutWeights } from '../api.ts';
import { badRequest, EdgeRefusal, staleEpoch } from '../refusal.ts';

export interface EdgeMemory {
  /** Highest epoch that a controller (or the failsafe) has used. */
  readonly epoch: number;
  /** Rises with each change of what the workers serve by. */
  readonly generation: number;
  /** Sorted by name. */
  readonly services: readonly EdgeService[];
  readonly controller: PutController['controller'];
  /** Loopback port of the preview listener; 0 as long as none was chosen. */
  readonly previewPort: number;
  /** Sequence numbers of blocks written by this start of the edge are above it. */
  readonly seqBase: number;
  /** Ids of the targets that were healthy; presumed so after a restart until a check says otherwise. */
  readonly healthy: readonly string[];
}

export const EMPTY_MEMORY: EdgeMemory = {
  epoch: 0,
  generation: 0,
  services: [],
  controller: null,
  previewPort: 0,
  seqBase: 0,
  healthy: [],
};

/** The service of that name. @throws EdgeRefusal (404) if there is none */
export function serviceNamed(memory: EdgeMemory, name: string): EdgeService {
  const service = memory.services.find((candidate) => candidate.name === name);
  if (service) return service;
  const known = memory.services.map((candidate) => candidate.name);
  throw new EdgeRefusal(404, 'UNKNOWN_SERVICE', `The edge has no service named "${name}".`, {
    hint: known.length > 0 ? `It has ${known.join(', ')}.` : 'It has none yet: put the service first.',
  });
}

/** Takes note of a controller's epoch. @throws EdgeRefusal (409) if a newer one has been seen */
export function acceptEpoch(memory: EdgeMemory, epoch: number): EdgeMemory {
  if (epoch < memory.epoch) throw staleEpoch(epoch, memory.epoch);
  return epoch === memory.epoch ? memory : { ...memory, epoch };
}

/** Adds or replaces a service. @throws EdgeRefusal if its epoch is stale or it collides with another service */
export function putService(memory: EdgeMemory, put: PutService): EdgeMemory {
  const accepted = acceptEpoch(memory, put.epoch);
  const others = accepted.services.filter((service) => service.name !== put.service.name);
  refuseCollision(others, put.service);
  refuseWeightOnNothing(put.service);
  const before = accepted.services.find((service) => service.name === put.service.name);
  if (before && JSON.stringify(before) === JSON.stringify(put.service)) return accepted;
  return withServices(accepted, [...others, put.service]);
}

/** Changes weights, and `stable` if it is given. @throws EdgeRefusal if the epoch is stale or the service unknown */
export function putWeights(memory: EdgeMemory, name: string, put: PutWeights): EdgeMemory {
  const accepted = acceptEpoch(memory, put.epoch);
  const before = serviceNamed(accepted, name);
  const stable = put.stable === undefined ? before.stable : put.stable;
  if (stable === before.stable && sameWeights(before.weights, put.weights)) return accepted;
  const after = { ...before, weights: put.weights, stable };
  refuseWeightOnNothing(after);
  return withServices(
    accepted,
    accepted.services.map((service) => (service === before ? after : service)),
  );
}

/** Removes a service; one that isn't there is as good as removed. @throws EdgeRefusal if the epoch is stale */
export function deleteService(memory: EdgeMemory, name: string, epoch: number): EdgeMemory {
  const accepted = acceptEpoch(memory, epoch);
  const rest = accepted.services.filter((service) => service.name !== name);
  return rest.length === accepted.services.length ? accepted : withServices(accepted, rest);
}

/** Changes how the controller is started again. @throws EdgeRefusal if the epoch is stale */
export function putController(memory: EdgeMemory, put: PutController): EdgeMemory {
  const accepted = acceptEpoch(memory, put.epoch);
  if (JSON.stringify(accepted.controller) === JSON.stringify(put.controller)) return accepted;
  return { ...accepted, controller: put.controller };
}

/**
 * The failsafe: each named service gives everything to its stable slot, and the epoch rises by one,
 * so that a controller that was only asleep has to take the lease again before it acts.
 */
export function giveToStable<T extends Pick<EdgeMemory, 'epoch' | 'generation' | 'services'>>(
  memory: T,
  names: readonly string[],
): T {
  const services = memory.services.map((service) =>
    names.includes(service.name) && service.stable
      ? { ...service, weights: weightsOf(service.stable, 100) }
      : service,
  );
  return { ...memory, services, generation: memory.generation + 1, epoch: memory.epoch + 1 };
}

/** Notes which targets are healthy. Ids of targets that no service has are left out. */
export function withHealthy(memory: EdgeMemory, ids: ReadonlySet<string>): EdgeMemory {
  const healthy = targetsOf(memory.services)
    .map(({ id }) => id)
    .filter((id) => ids.has(id));
  return healthy.join('\n') === memory.healthy.join('\n') ? memory : { ...memory, healthy };
}

/** Every target of every service, with the place it stands in. */
export function targetsOf(services: readonly EdgeService[]) {
  return services.flatMap((service) =>
    SLOTS.flatMap((slot: Slot) =>
      (service.slots[slot]?.targets ?? []).map((target) => ({ ...target, service, slot })),
    ),
  );
}

function withServices(memory: EdgeMemory, services: readonly EdgeService[]): EdgeMemory {
  const sorted = services.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return { ...memory, services: sorted, generation: memory.generation + 1 };
}

function refuseWeightOnNothing(service: EdgeService): void {
  for (const slot of SLOTS) {
    const weight = service.weights?.[slot] ?? 0;
    if (weight > 0 && !service.slots[slot]) {
      throw badRequest(
        `weights.${slot} of service "${service.name}" is ${weight}, but its slot ${slot} holds no revision.`,
      );
    }
  }
}

function refuseCollision(others: readonly EdgeService[], service: EdgeService): void {
  const ids = targetsOf([service]).map(({ id }) => id);
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice) throw badRequest(`Two targets of service "${service.name}" have the id "${twice}".`);
  const taken = targetsOf(others).find(({ id }) => ids.includes(id));
  if (taken)
    throw badRequest(`The target id "${taken.id}" is already used by service "${taken.service.name}".`);
  const rival = others.find((other) => sameRoute(other, service));
  if (!rival) return;
  const { address, port, pathPrefix } = service.listen;
  throw badRequest(
    `Services "${rival.name}" and "${service.name}" both want ${address}:${port}${pathPrefix} for the same host.`,
    'Give one of them another port, host or path.',
  );
}

function sameRoute(a: EdgeService, b: EdgeService): boolean {
  if (a.listen.port !== b.listen.port || a.listen.pathPrefix !== b.listen.pathPrefix) return false;
  if (a.listen.hosts.length === 0 && b.listen.hosts.length === 0) return true;
  return a.listen.hosts.some((host) => b.listen.hosts.includes(host));
}
