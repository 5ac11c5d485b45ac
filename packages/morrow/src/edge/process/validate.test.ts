import { expect, test } from 'vitest';
import { serviceWith, slotOn } from '../../testing/edge-fixtures.ts';
import {
  checkEpochParameter,
  checkPutController,
  checkPutService,
  checkPutWeights,
  checkService,
} from './validate.ts';

// biome-ignore lint/suspicious/noExplicitAny: it is spoilt in every way that types forbid
type Spoilable = Record<string, any>;

const good = () => structuredClone(serviceWith({ port: 8080, blue: slotOn('a', 1) })) as never as Spoilable;

test('a whole service passes as it is, without what does not belong to it', () => {
  expect(checkService({ ...good(), extra: 1 }, 'service')).toEqual(good());
});

test('a slot may have health checks of its own, which are looked at as closely', () => {
  const service = good();
  service.slots.blue.health = { ...service.health, readyPath: '/other' };
  expect(checkService(service, 'service')).toEqual(service);
  service.slots.blue.health.timeoutMs = 0;
  expect(() => checkService(service, 'service')).toThrow('service.slots.blue.health.timeoutMs must be');
});

const mistakes: readonly [string, (service: Spoilable) => void, string][] = [
  ['no name', (s) => delete s.name, 'service.name must be a name of letters'],
  [
    'a port out of range',
    (s) => {
      s.listen.port = 70_000;
    },
    'service.listen.port must be a whole number from 1 to 65535, but is 70000.',
  ],
  [
    'a port as text',
    (s) => {
      s.listen.port = '80';
    },
    'but is "80".',
  ],
  [
    'an address that is none',
    (s) => {
      s.listen.address = 'example.org';
    },
    'service.listen.address must be an IP address',
  ],
  [
    'a host with a port',
    (s) => {
      s.listen.hosts = ['a.example:80'];
    },
    'service.listen.hosts[0] must be a host name in lower case',
  ],
  [
    'a path without a slash',
    (s) => {
      s.listen.pathPrefix = 'api';
    },
    'service.listen.pathPrefix must be a path that begins with "/"',
  ],
  ['no slots', (s) => delete s.slots, 'service.slots must be an object, but is absent.'],
  ['a slot left out', (s) => delete s.slots.green, 'service.slots.green must be an object, but is absent.'],
  [
    'a revision that would end a header line',
    (s) => {
      s.slots.blue.revision = 'a\r\nx: y';
    },
    'service.slots.blue.revision must be a revision id',
  ],
  [
    'targets that are no list',
    (s) => {
      s.slots.blue.targets = {};
    },
    'service.slots.blue.targets must be a list',
  ],
  [
    'a target without a port',
    (s) => delete s.slots.blue.targets[0].port,
    'service.slots.blue.targets[0].port must be',
  ],
  [
    'weights that do not add up',
    (s) => {
      s.weights = { blue: 60, green: 60 };
    },
    'service.weights must add up to 100, but 60 + 60 = 120.',
  ],
  [
    'half a per cent',
    (s) => {
      s.weights = { blue: 99.5, green: 0.5 };
    },
    'service.weights.blue must be a whole number from 0 to 100',
  ],
  [
    'a stable that is no slot',
    (s) => {
      s.stable = 'red';
    },
    'service.stable must be "blue" or "green", but is "red".',
  ],
  [
    'a health path with a space',
    (s) => {
      s.health.livePath = '/a b';
    },
    'service.health.livePath must be a path',
  ],
  [
    'no failures',
    (s) => {
      s.health.failures = 0;
    },
    'service.health.failures must be a whole number from 1',
  ],
  [
    'a timeout of nothing',
    (s) => {
      s.timeouts.connectMs = 0;
    },
    'service.timeouts.connectMs must be a number of milliseconds from 1',
  ],
  [
    'a timeout that is no number',
    (s) => {
      s.timeouts.idleMs = null;
    },
    'service.timeouts.idleMs must be a number of milliseconds',
  ],
  [
    'a negative limit',
    (s) => {
      s.maxBodyBytes = -1;
    },
    'service.maxBodyBytes must be a whole number from 0',
  ],
];

test.each(mistakes)('%s is refused in words', (_name, spoil, sentence) => {
  const service = good();
  spoil(service);
  expect(() => checkService(service, 'service')).toThrow(sentence);
});

test('bodies that are no objects, and epochs that are none, are refused in words', () => {
  for (const body of [null, 1, 'x', []])
    expect(() => checkPutWeights(body)).toThrow('The body must be an object');
  expect(() => checkPutWeights({ weights: null })).toThrow('epoch must be a whole number');
  expect(() => checkPutService({ epoch: 1, service: good() }, 'other')).toThrow(
    'service.name must be "other" as in the address, but is "shop".',
  );
  for (const text of [null, '', 'x', '-1', '1.5']) expect(() => checkEpochParameter(text)).toThrow('epoch');
  expect(checkEpochParameter('12')).toBe(12);
});

test('a controller needs a program and absolute paths', () => {
  const controller = { command: ['/usr/bin/true'], cwd: '/', logFile: '/tmp/log' };
  expect(checkPutController({ epoch: 1, controller })).toEqual({ epoch: 1, controller });
  expect(checkPutController({ epoch: 1, controller: null }).controller).toBeNull();
  expect(() => checkPutController({ epoch: 1, controller: { ...controller, command: [] } })).toThrow(
    'controller.command must be a program and its arguments',
  );
  expect(() => checkPutController({ epoch: 1, controller: { ...controller, cwd: 'here' } })).toThrow(
    'controller.cwd must be an absolute path',
  );
});
