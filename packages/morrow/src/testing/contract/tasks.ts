import { expect, test } from 'vitest';
import { weightsOf } from '../../engine/slot.ts';
import { check, type Now, SERVICE, type Steps } from './steps.ts';

/** Probes and tasks that run for real. */
export function taskContract(now: Now, { bring, until, observe }: Steps): void {
  test('says what a failed probe found, reaching a revision that has no traffic', async () => {
    const { platform, fence } = now();
    await bring('blue', 1);
    await platform.route(SERVICE, weightsOf('blue', 100), 'blue', fence);
    const spec = await bring('green', 1);
    const expectations = { status: [200], bodyIncludes: spec.id, withinMs: 5000 };
    await platform.probe(SERVICE, 'green', 'right', [check({ expect: expectations })], fence);
    const checks = [
      check(),
      check({ name: 'no error', path: '/broken' }),
      check({ name: 'says hello', expect: { ...expectations, bodyIncludes: 'hello' } }),
    ];
    await platform.probe(SERVICE, 'green', 'wrong', checks, fence);
    const seen = await until('both', ({ probes }) =>
      ['right', 'wrong'].every((key) => probes[key] !== undefined && probes[key].state !== 'running'),
    );
    expect(seen.probes['right']).toEqual({ state: 'succeeded' });
    const wrong = seen.probes['wrong'];
    const text = wrong?.state === 'failed' ? wrong.text : '';
    expect(text).toContain('no error: GET /broken answered 500');
    expect(text).toContain('says hello: GET / answered 200, but without the text "hello"');
    expect(text).not.toContain('it answers');
  });

  test('says how a task failed, with its last lines', async () => {
    const { platform, fence } = now();
    await bring('green', 1);
    await platform.run(SERVICE, 'green', 'bad', 'echo relation exists; exit 7', 10_000, fence);
    const seen = await until('the end', ({ tasks }) => tasks['bad']?.state === 'failed');
    expect(seen.tasks['bad']).toEqual({
      state: 'failed',
      text: 'exit code 7',
      lastLines: ['relation exists'],
    });
  });

  test('ends a task that takes longer than it may', async () => {
    const { platform, fence } = now();
    await bring('green', 1);
    await platform.run(SERVICE, 'green', 'slow', 'echo waiting for a lock; sleep 1000', 500, fence);
    expect((await observe()).tasks['slow']?.state).toBe('running');
    const seen = await until('the end', ({ tasks }) => tasks['slow']?.state === 'failed');
    expect(seen.tasks['slow']).toMatchObject({
      text: expect.stringContaining('within 0.5 s'),
      lastLines: expect.arrayContaining(['waiting for a lock']),
    });
  });

  test('runs a task once though controllers come and go while it runs', async () => {
    await bring('green', 1);
    const command = 'echo ran >>"$HOME_OF_TEST"; sleep 1; wc -l <"$HOME_OF_TEST"; exit 9';
    for (let controller = 0; controller < 3; controller += 1) {
      const { platform, fence } = now();
      await platform.run(SERVICE, 'green', 'long', command, 20_000, fence);
      await now().takeOver();
    }
    await now().platform.run(SERVICE, 'green', 'long', command, 20_000, now().fence);
    const seen = await until('the end', ({ tasks }) => tasks['long']?.state === 'failed');
    expect(seen.tasks['long']).toMatchObject({ lastLines: [expect.stringMatching(/^\s*1$/)] });
  });
}
