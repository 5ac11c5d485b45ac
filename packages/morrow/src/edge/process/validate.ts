/**
 * Checks of what comes in over the admin socket and from the state file. Each returns a clean copy of the value
 * or throws an {@link EdgeRefusal} whose sentence names the path, what is allowed and what was found.
 * Written by hand: a schema library would double the edge's start-up time.
 */
import { isIP } from 'node:net';
import { SLOTS, type Slot, type Weights } from '../../engine/slot.ts';
import type {
  EdgeHealth,
  EdgeListen,
  EdgeService,
  EdgeSlot,
  EdgeTarget,
  EdgeTimeouts,
  Heartbeat,
  PutController,
  PutService,
  PutWeights,
} from '../api.ts';
import { badRequest } from '../refusal.ts';

type Check<T> = (value: unknown, path: string) => T;

const DAY_MS = 86_400_000;

function wrong(path: string, allowed: string, found: unknown): never {
  const shown = JSON.stringify(found) ?? 'absent';
  throw badRequest(
    `${path} must be ${allowed}, but is ${shown.length > 60 ? `${shown.slice(0, 57)}...` : shown}.`,
  );
}

const whole =
  (min: number, max: number): Check<number> =>
  (value, path) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? (value as number)
      : wrong(path, `a whole number from ${min} to ${max}`, value);

const duration =
  (minMs: number): Check<number> =>
  (value, path) =>
    typeof value === 'number' && value >= minMs && value <= DAY_MS
      ? value
      : wrong(path, `a number of milliseconds from ${minMs} to ${DAY_MS}`, value);

const text =
  (pattern: RegExp, allowed: string): Check<string> =>
  (value, path) =>
    typeof value === 'string' && pattern.test(value) ? value : wrong(path, allowed, value);

const list =
  <T>(item: Check<T>): Check<readonly T[]> =>
  (value, path) =>
    Array.isArray(value)
      ? value.map((entry, at) => item(entry, `${path}[${at}]`))
      : wrong(path, 'a list', value);

const orNull =
  <T>(check: Check<T>): Check<T | null> =>
  (value, path) =>
    value === null ? null : check(value, path);

const flag: Check<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : wrong(path, 'true or false', value);

function fields(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) wrong(path, 'an object', value);
  return value as Record<string, unknown>;
}

const epochOf: Check<number> = whole(0, Number.MAX_SAFE_INTEGER);
const portOf: Check<number> = whole(1, 65_535);
const slotOf: Check<Slot> = (value, path) =>
  SLOTS.includes(value as Slot) ? (value as Slot) : wrong(path, '"blue" or "green"', value);
const pathOf = text(/^\/[\x21-\x7e]*$/, 'a path that begins with "/" and has no spaces');
// It is written into a header of every answer, so nothing may be in it that could end the header line.
const revisionOf = text(/^[\x21-\x7e]{1,200}$/, 'a revision id of 1 to 200 printable ASCII characters');
const nameOf = text(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'a name of letters, digits, ".", "_" and "-"');
const hostNameOf = text(
  /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$|^\[[0-9a-f:.]+\]$/,
  'a host name in lower case, without a port',
);
const addressOf: Check<string> = (value, path) =>
  typeof value === 'string' && (isIP(value) !== 0 || value === 'localhost')
    ? value
    : wrong(path, 'an IP address', value);

/** Weights, or null for none. @throws EdgeRefusal unless both are whole and they add up to 100 */
export const checkWeights: Check<Weights | null> = (value, path) => {
  if (value === null) return null;
  const given = fields(value, path);
  const percent = whole(0, 100);
  const blue = percent(given.blue, `${path}.blue`);
  const green = percent(given.green, `${path}.green`);
  if (blue + green !== 100)
    throw badRequest(`${path} must add up to 100, but ${blue} + ${green} = ${blue + green}.`);
  return { blue, green };
};

const targetOf: Check<EdgeTarget> = (value, path) => {
  const given = fields(value, path);
  return {
    id: text(/^[\x21-\x7e]{1,200}$/, 'an id of printable ASCII characters')(given.id, `${path}.id`),
    host: text(/^[A-Za-z0-9._:%-]{1,255}$/, 'a host name or IP address')(given.host, `${path}.host`),
    port: portOf(given.port, `${path}.port`),
  };
};

const edgeSlotOf: Check<EdgeSlot> = (value, path) => {
  const given = fields(value, path);
  return {
    revision: revisionOf(given.revision, `${path}.revision`),
    targets: list(targetOf)(given.targets, `${path}.targets`),
    draining: flag(given.draining, `${path}.draining`),
    ...(given.health === undefined ? {} : { health: healthOf(given.health, `${path}.health`) }),
  };
};

const listenOf: Check<EdgeListen> = (value, path) => {
  const given = fields(value, path);
  return {
    address: addressOf(given.address, `${path}.address`),
    port: portOf(given.port, `${path}.port`),
    hosts: list(hostNameOf)(given.hosts, `${path}.hosts`),
    pathPrefix: pathOf(given.pathPrefix, `${path}.pathPrefix`),
  };
};

const healthOf: Check<EdgeHealth> = (value, path) => {
  const given = fields(value, path);
  return {
    readyPath: pathOf(given.readyPath, `${path}.readyPath`),
    livePath: pathOf(given.livePath, `${path}.livePath`),
    intervalMs: duration(1)(given.intervalMs, `${path}.intervalMs`),
    timeoutMs: duration(1)(given.timeoutMs, `${path}.timeoutMs`),
    failures: whole(1, 1000)(given.failures, `${path}.failures`),
  };
};

const timeoutsOf: Check<EdgeTimeouts> = (value, path) => {
  const given = fields(value, path);
  return {
    connectMs: duration(1)(given.connectMs, `${path}.connectMs`),
    answerMs: duration(1)(given.answerMs, `${path}.answerMs`),
    idleMs: duration(1)(given.idleMs, `${path}.idleMs`),
    drainMs: duration(0)(given.drainMs, `${path}.drainMs`),
  };
};

/** A whole service. @throws EdgeRefusal that says what is wrong where */
export const checkService: Check<EdgeService> = (value, path) => {
  const given = fields(value, path);
  const slots = fields(given.slots, `${path}.slots`);
  return {
    name: nameOf(given.name, `${path}.name`),
    listen: listenOf(given.listen, `${path}.listen`),
    slots: {
      blue: orNull(edgeSlotOf)(slots.blue, `${path}.slots.blue`),
      green: orNull(edgeSlotOf)(slots.green, `${path}.slots.green`),
    },
    weights: checkWeights(given.weights, `${path}.weights`),
    stable: orNull(slotOf)(given.stable, `${path}.stable`),
    health: healthOf(given.health, `${path}.health`),
    timeouts: timeoutsOf(given.timeouts, `${path}.timeouts`),
    maxBodyBytes: orNull(whole(0, Number.MAX_SAFE_INTEGER))(given.maxBodyBytes, `${path}.maxBodyBytes`),
  };
};

/** Body of `PUT /v1/services/:name`. @throws EdgeRefusal */
export function checkPutService(body: unknown, name: string): PutService {
  const given = fields(body, 'The body');
  const epoch = epochOf(given.epoch, 'epoch');
  const service = checkService(given.service, 'service');
  if (service.name !== name) wrong('service.name', `"${name}" as in the address`, service.name);
  return { epoch, service };
}

/** Body of `PUT /v1/services/:name/weights`. @throws EdgeRefusal */
export function checkPutWeights(body: unknown): PutWeights {
  const given = fields(body, 'The body');
  const epoch = epochOf(given.epoch, 'epoch');
  const weights = checkWeights(given.weights, 'weights');
  return given.stable === undefined
    ? { epoch, weights }
    : { epoch, weights, stable: orNull(slotOf)(given.stable, 'stable') };
}

/** Body of `POST /v1/heartbeat` and `POST /v1/shutdown`. @throws EdgeRefusal */
export function checkHeartbeat(body: unknown): Heartbeat {
  return { epoch: epochOf(fields(body, 'The body').epoch, 'epoch') };
}

/** `epoch=N` of a `DELETE`. @throws EdgeRefusal */
export function checkEpochParameter(value: string | null): number {
  return epochOf(value !== null && /^\d{1,15}$/.test(value) ? Number(value) : value, 'The parameter epoch');
}

const controllerOf: Check<NonNullable<PutController['controller']>> = (value, path) => {
  const given = fields(value, path);
  const absolute = text(/^\//, 'an absolute path');
  const command = list(text(/^[^\0]*$/, 'a text'))(given.command, `${path}.command`);
  if (command.length === 0 || command[0] === '')
    wrong(`${path}.command`, 'a program and its arguments', given.command);
  return {
    command,
    cwd: absolute(given.cwd, `${path}.cwd`),
    logFile: absolute(given.logFile, `${path}.logFile`),
  };
};

/** How to start the controller, or null. @throws EdgeRefusal */
export const checkController = orNull(controllerOf);

/** Body of `PUT /v1/controller`. @throws EdgeRefusal */
export function checkPutController(body: unknown): PutController {
  const given = fields(body, 'The body');
  return {
    epoch: epochOf(given.epoch, 'epoch'),
    controller: checkController(given.controller, 'controller'),
  };
}
