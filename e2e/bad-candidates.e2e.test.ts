import { rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project } from './project.ts';
import type { Behaviour } from './service/behaviour.ts';
import { Load } from './under-load.ts';

let project: Project;

beforeAll(async () => {
  project = await Project.create({
    service: {
      memory: '160MiB',
      smoke: ['/smoke'],
      startTimeout: '6s',
      timeouts: { answer: '2s', drain: '10s' },
      health: { ready: '/health', live: '/health/live', interval: '300ms', timeout: '1s', failures: 2 },
    },
    rollout: { bake: '5s', progressDeadline: '20s', maxExits: 1, capacityGrace: '2s' },
  });
  await project.ok('up', 'test');
  project.behave({ name: 'good' });
  await project.ok('deploy', 'test', 'web');
}, 120_000);

afterAll(() => project.remove());

interface Case {
  readonly title: string;
  readonly behaviour: Partial<Behaviour>;
  /** What the reason must say. */
  readonly says: RegExp;
  /** What its last log lines must hold; null: nothing is asked of them. */
  readonly lastLine: RegExp | null;
  /** Name of the file that appears once the candidate has 50 %. */
  readonly at50?: string;
}

const cases: readonly Case[] = [
  {
    title: 'that never gets healthy',
    behaviour: { ready: false },
    says: /not healthy within 6 s.*answered 503/s,
    lastLine: null,
  },
  {
    title: 'that crashes at start',
    behaviour: { crashAtStart: true },
    says: /exit code 1/,
    lastLine: /cannot open the database/,
  },
  {
    title: 'that answers health but fails smoke',
    behaviour: { failSmoke: true },
    says: /smoke.*500/s,
    lastLine: null,
  },
  {
    title: 'that crashes at 50 %',
    behaviour: { crashWhen: 'crash' },
    says: /exit code 42/,
    lastLine: /the crash that was asked for/,
    at50: 'crash',
  },
  {
    title: 'that hangs at 50 %',
    behaviour: { hangWhen: 'hang' },
    says: /healthy|no answer|live|took more than 500 ms/,
    lastLine: null,
    at50: 'hang',
  },
  {
    title: 'that leaks memory until it is killed',
    behaviour: { leakMiBPerSecond: 60 },
    says: /memory limit of 160 MiB/,
    lastLine: null,
  },
];

describe('a candidate', () => {
  it.each(cases)(
    '$title is rolled back with the true reason and exit code 3',
    async ({ title, behaviour, says, lastLine, at50 }) => {
      const file = at50 === undefined ? '' : project.signalFile(at50);
      const given = { ...behaviour, name: title };
      project.behave({
        ...given,
        ...('crashWhen' in given ? { crashWhen: file } : {}),
        ...('hangWhen' in given ? { hangWhen: file } : {}),
      });
      const load = await Load.on(project, 200);
      const deploy = project.start('deploy', 'test', 'web', '--json');
      if (at50 !== undefined) {
        await project.until(({ services }) => services[0]?.rollout?.candidate.weightPct === 50);
        writeFileSync(file, '');
      }
      const { code, out } = await deploy.ended;
      const seen = await load.stopAgainstLast();
      expect(code).toBe(3);
      const { outcome } = JSON.parse(out) as {
        outcome: { phase: string; reason: { text: string; lastLines: string[] } };
      };
      expect(outcome.phase).toBe('rolled-back');
      expect(outcome.reason.text).toMatch(says);
      if (lastLine !== null) expect(outcome.reason.lastLines.join('\n')).toMatch(lastLine);
      expect(seen.shippingFailures.slice(0, 3)).toEqual([]);
      const [service] = (await project.status()).services;
      expect(service?.serving).toMatchObject({ weightPct: 100, healthy: 2 });
    },
    120_000,
  );
});

describe('a candidate that answers most requests and some never', () => {
  it('is taken back although nothing that ended was wrong, long before the first of them times out', async () => {
    const hanging = await Project.create({ rollout: { bake: '5s' } });
    try {
      await hanging.ok('up', 'test');
      await hanging.ok('deploy', 'test', 'web');
      hanging.behave({ name: 'hangs now and then', hangEvery: 20 });
      const load = await Load.on(hanging, 200);
      const { code, out } = await hanging.morrow('deploy', 'test', 'web', '--json');
      await load.stop();
      expect(code).toBe(3);
      expect(JSON.parse(out)).toMatchObject({ outcome: { reason: { code: 'guard-latency' } } });
    } finally {
      await hanging.remove();
    }
  }, 120_000);
});

describe('at a first deploy', () => {
  it('a revision that crashes at start ends failed, with nothing routed', async () => {
    const other = await Project.create({ rollout: { maxExits: 0 } });
    try {
      await other.ok('up', 'test');
      other.behave({ crashAtStart: true });
      const { code, out } = await other.morrow('deploy', 'test', 'web', '--json');
      expect(code).toBe(3);
      expect(JSON.parse(out)).toMatchObject({ phase: 'failed', outcome: { reason: { code: 'crashed' } } });
      expect((await fetch(other.url)).status).toBe(503);
    } finally {
      await other.remove();
    }
  });
});

describe('when stable dies during the rollout of a healthy candidate', () => {
  it('the rollout holds and says so, and the weights stay until stable is back', async () => {
    const dying = await Project.create({ rollout: { bake: '3s', progressDeadline: '60s' } });
    try {
      await dying.ok('up', 'test');
      const file = dying.signalFile('die');
      dying.behave({ name: 'stable', crashWhen: file });
      await dying.ok('deploy', 'test', 'web');
      dying.behave({ name: 'candidate' });
      const deploy = dying.start('deploy', 'test', 'web', '--json');
      await dying.until(({ services }) => services[0]?.rollout?.phase === 'observing');
      writeFileSync(file, '');
      const held = await dying.until(({ services }) => services[0]?.rollout?.phase === 'holding');
      expect(held.services[0]?.rollout?.reason?.code).toBe('stable-unhealthy');
      expect(held.services[0]?.rollout?.candidate.weightPct).toBe(5);
      rmSync(file);
      const { code } = await deploy.ended;
      expect(code).toBe(0);
    } finally {
      await dying.remove();
    }
  });

  it('and the candidate dies too, the rollout is stuck: exit code 4', async () => {
    const dying = await Project.create({ rollout: { bake: '3s', progressDeadline: '8s', maxExits: 1000 } });
    try {
      await dying.ok('up', 'test');
      const [first, second] = [dying.signalFile('stable'), dying.signalFile('candidate')];
      dying.behave({ name: 'stable', crashWhen: first });
      await dying.ok('deploy', 'test', 'web');
      dying.behave({ name: 'candidate', crashWhen: second });
      const deploy = dying.start('deploy', 'test', 'web', '--json');
      await dying.until(({ services }) => services[0]?.rollout?.phase === 'observing');
      writeFileSync(first, '');
      await dying.until(({ services }) => services[0]?.rollout?.phase === 'holding');
      writeFileSync(second, '');
      const { code, out } = await deploy.ended;
      expect(code, out).toBe(4);
      expect(JSON.parse(out)).toMatchObject({ phase: 'stuck' });
    } finally {
      await dying.remove();
    }
  });
});
