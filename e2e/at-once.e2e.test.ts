import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project } from './project.ts';
import { Load } from './under-load.ts';

let project: Project;

beforeAll(async () => {
  project = await Project.create({ rollout: { bake: '2s', finalBake: '1s' } });
  await project.ok('up', 'test');
  project.behave({ name: 'first' });
  await project.ok('deploy', 'test', 'web');
}, 120_000);

afterAll(() => project.remove());

describe('two at once', () => {
  it('two deploys of one service: the first is superseded and goes back, the second is promoted', async () => {
    const load = await Load.on(project, 200);
    project.behave({ name: 'second' });
    const second = project.start('deploy', 'test', 'web', '--json');
    await project.until(({ services }) => services[0]?.rollout?.phase === 'observing');
    project.behave({ name: 'third' });
    const third = project.start('deploy', 'test', 'web', '--json');
    const [one, two] = await Promise.all([second.ended, third.ended]);
    const seen = await load.stop();
    expect([one.code, two.code]).toEqual([3, 0]);
    expect(JSON.parse(one.out)).toMatchObject({
      phase: 'rolled-back',
      outcome: { reason: { code: 'superseded' } },
    });
    expect(JSON.parse(two.out)).toMatchObject({ phase: 'promoted' });
    expect(seen.shippingFailures.slice(0, 3)).toEqual([]);
  }, 120_000);

  it('a deploy during a rollback waits for its end, then begins', async () => {
    project.behave({ name: 'fourth' });
    const fourth = project.start('deploy', 'test', 'web', '--json');
    await project.until(({ services }) => services[0]?.rollout?.candidate.weightPct === 50);
    const rollback = project.start('rollback', 'test', 'web');
    project.behave({ name: 'fifth' });
    const fifth = project.start('deploy', 'test', 'web', '--json');
    const [one, , two] = await Promise.all([fourth.ended, rollback.ended, fifth.ended]);
    expect([one.code, two.code]).toEqual([3, 0]);
  }, 120_000);

  it('an abort during a promotion: whichever came first, one clear outcome', async () => {
    project.behave({ name: 'sixth' });
    const sixth = project.start('deploy', 'test', 'web', '--json');
    await project.until(({ services }) => services[0]?.rollout?.phase === 'observing');
    const [promote, abort] = [
      project.start('promote', 'test', 'web', '--full'),
      project.start('abort', 'test', 'web'),
    ];
    await Promise.all([promote.ended, abort.ended]);
    const { code, out } = await sixth.ended;
    const { phase } = JSON.parse(out) as { phase: string };
    expect([`0 promoted`, `3 rolled-back`]).toContain(`${code} ${phase}`);
    const { services } = await project.status();
    expect(services[0]?.serving?.weightPct).toBe(100);
  }, 120_000);
});

describe('going back after a promotion', () => {
  it('brings the kept revision up again and gives it the traffic, without losing a request', async () => {
    const before = (await project.status()).services[0]?.serving?.revision.id;
    project.behave({ name: 'seventh' });
    await project.ok('deploy', 'test', 'web');
    const load = await Load.on(project, 200);
    await project.ok('rollback', 'test', 'web');
    const seen = await load.stop();
    expect((await project.status()).services[0]?.serving?.revision.id).toBe(before);
    expect(seen.shippingFailures.slice(0, 3)).toEqual([]);
  }, 120_000);
});
