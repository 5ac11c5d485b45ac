import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { serviceWith, slotOn } from '../../testing/edge-fixtures.ts';
import { atEnd, endEverything, startTarget, until } from '../../testing/edge-process.ts';
import { freePort } from '../../testing/free-port.ts';
import type { EdgeService, EdgeTargetState } from '../api.ts';
import { HealthChecks } from './health.ts';
import { checkTarget } from './health-check.ts';
import { afterCheck, newTarget, pathToAsk, pauseBeforeNext, REFUSED } from './health-rules.ts';

afterEach(endEverything);

const { health } = serviceWith({ port: 80 });

describe('the rules', () => {
  test('a new target is healthy after one success, and asked for readiness until then', () => {
    const fresh = newTarget(false);
    expect(fresh.health).toBe('starting');
    expect(pathToAsk(fresh, health)).toBe('/ready');
    const failed = afterCheck(fresh, 'answered 503', 2);
    expect(failed).toMatchObject({ health: 'starting', problem: 'answered 503' });
    const healthy = afterCheck(failed, null, 2);
    expect(healthy).toMatchObject({ health: 'healthy', problem: null });
    expect(pathToAsk(healthy, health)).toBe('/live');
  });

  test('only failures in a row make a healthy target unhealthy', () => {
    let now = newTarget(true);
    for (const result of ['x', null, 'x', null, 'x']) now = afterCheck(now, result, 2);
    expect(now.health).toBe('healthy');
    now = afterCheck(now, 'answered 500', 2);
    expect(now).toMatchObject({ health: 'unhealthy', problem: 'answered 500' });
    expect(pathToAsk(now, health)).toBe('/ready');
    expect(afterCheck(now, null, 2).health).toBe('healthy');
  });

  test('a target that is waited for is asked often at first and at last once a second', () => {
    const waiting = newTarget(false);
    expect(pauseBeforeNext(waiting, 0, 10_000)).toBe(30);
    expect(pauseBeforeNext(waiting, 10_000, 10_000)).toBe(250);
    expect(pauseBeforeNext(waiting, 60_000, 10_000)).toBe(1_000);
    expect(pauseBeforeNext(newTarget(true), 0, 10_000)).toBe(10_000);
  });

  test('a healthy target that refused a connection is asked again soon', () => {
    expect(pauseBeforeNext(afterCheck(newTarget(true), REFUSED, 3), 0, 10_000)).toBe(200);
    expect(pauseBeforeNext(afterCheck(newTarget(true), 'answered 500', 3), 0, 10_000)).toBe(10_000);
  });
});

describe('one check', () => {
  const target = (port: number) => ({ id: 't', host: '127.0.0.1', port });

  test('says in words what is wrong', async () => {
    const web = await startTarget('web');
    expect(await checkTarget(target(web.port), '/ready', 10_000)).toBeNull();
    web.ready = 302;
    expect(await checkTarget(target(web.port), '/ready', 10_000)).toBeNull();
    web.ready = 503;
    expect(await checkTarget(target(web.port), '/ready', 10_000)).toBe('answered 503');
    web.hangs = true;
    expect(await checkTarget(target(web.port), '/ready', 50)).toBe('no answer within 50 ms');
    expect(await checkTarget(target(await freePort()), '/ready', 10_000)).toBe('connection refused');
  });

  test.each([
    ['', 'closed the connection without an answer'],
    ['SSH-2.0-OpenSSH\r\n', 'answered something that is not HTTP'],
  ])('of a program that sends %j', async (bytes, problem) => {
    const server = createServer((socket) => {
      socket.on('error', () => {}).once('data', () => socket.end(bytes));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    atEnd(() => void server.close());
    const { port } = server.address() as AddressInfo;
    expect(await checkTarget(target(port), '/', 10_000)).toBe(problem);
  });
});

describe('checks over time', () => {
  function watch(service: EdgeService, presumed: readonly string[] = []) {
    const seen: EdgeTargetState[] = [];
    const checks = new HealthChecks(({ state }) => seen.push(state));
    atEnd(() => checks.stop());
    checks.watch([service], presumed);
    const reaches = (state: EdgeTargetState['health']) =>
      until(state, () => checks.states(service)[0]?.health === state);
    return { checks, seen, reaches };
  }

  test('a target that starts late becomes healthy, falls ill and recovers, and each change is told once', async () => {
    const port = await freePort();
    const service = serviceWith({ port: 80, blue: slotOn('a', port) });
    const { seen, reaches, checks } = watch(service);
    await until('a refused connection', () => seen.some(({ problem }) => problem === 'connection refused'));
    expect(checks.isHealthy(`a-${port}`)).toBe(false);
    const web = await startTarget('web', port);
    await reaches('healthy');
    web.live = 500;
    web.ready = 503;
    await reaches('unhealthy');
    web.live = 200;
    await until('a failed readiness', () => seen.at(-1)?.problem === 'answered 503');
    web.ready = 200;
    await reaches('healthy');
    expect(seen.map((state) => `${state.health}: ${state.problem}`)).toEqual([
      'starting: connection refused',
      'healthy: null',
      'unhealthy: answered 500',
      'unhealthy: answered 503',
      'healthy: null',
    ]);
  });

  test('a slot with health checks of its own is asked by those, the other by the service’s', async () => {
    const [old, young] = await Promise.all([startTarget('old'), startTarget('young')]);
    const service = serviceWith({ port: 80, blue: slotOn('a', old.port) });
    const own = { ...service.health, readyPath: '/own-ready', livePath: '/own-live' };
    const green = { ...slotOn('b', young.port), health: own };
    const both = { ...service, slots: { ...service.slots, green } };
    const { checks } = watch(both);
    await until('both healthy', () => checks.states(both).every(({ health }) => health === 'healthy'));
    await until('live checks', () => old.asked.includes('/live') && young.asked.includes('/own-live'));
    expect(young.asked[0]).toBe('/own-ready');
    expect(young.asked).not.toContain('/live');
    expect(old.asked[0]).toBe('/ready');
  });

  test('a target that is suspected is checked at once, however long the interval', async () => {
    const web = await startTarget('web');
    const service = serviceWith({ port: 80, blue: slotOn('a', web.port) });
    const slow = { ...service, health: { ...service.health, intervalMs: 3_600_000, failures: 1 } };
    const { checks, reaches } = watch(slow);
    await reaches('healthy');
    await web.close();
    checks.suspect(`a-${web.port}`);
    await reaches('unhealthy');
  });

  test('a target goes on as it was when its service is put again, and anew when it stands elsewhere', async () => {
    const [web, other] = await Promise.all([startTarget('web'), startTarget('other')]);
    const service = serviceWith({ port: 80, blue: slotOn('a', web.port) });
    const { checks, reaches } = watch(service);
    await reaches('healthy');
    checks.watch([{ ...service, weights: null }]);
    expect(checks.states(service)[0]?.health).toBe('healthy');
    const moved = {
      ...service,
      slots: {
        blue: { ...slotOn('a'), targets: [{ id: `a-${web.port}`, host: '127.0.0.1', port: other.port }] },
        green: null,
      },
    };
    checks.watch([moved]);
    expect(checks.states(moved)[0]?.health).toBe('starting');
    await until('a check at the new place', () => other.asked.length > 0);
    checks.watch([]);
    const asked = other.asked.length + web.asked.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(other.asked.length + web.asked.length).toBeLessThanOrEqual(asked + 1);
  });
});
