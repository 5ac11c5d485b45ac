import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project } from './project.ts';

let project: Project;

beforeAll(async () => {
  project = await Project.create({
    rollout: { steps: [{ weight: '5%', gate: true }, '50%'], bake: '0s', analysis: 'off' },
  });
  await project.ok('up', 'test');
  project.behave({ name: 'stable' });
  await project.ok('deploy', 'test', 'web');
}, 120_000);

afterAll(() => project.remove());

const REQUESTS = 100_000;
/** 99.9 % of a normal distribution lies within so many standard deviations. */
const Z = 3.2905;

describe('weights', () => {
  it('as measured over 100,000 requests are those configured, also when every 20th request is the bad one', async () => {
    // Each process answers every 20th request with 500: the period of a round robin at 5 %.
    project.behave({ name: 'candidate', failEvery: 20 });
    const { code } = await project.morrow('deploy', 'test', 'web');
    expect(code).toBe(6);
    const { candidate, stable } = (await project.status()).services[0]?.rollout ?? {};
    const ids = [candidate?.revision.id ?? '', stable?.revision.id ?? ''] as const;
    // One measurement in a thousand lies outside by chance; weights that are wrong lie outside every time.
    expect((await withinInterval(ids)) || (await withinInterval(ids))).toBe(true);
    await project.morrow('abort', 'test', 'web');
  }, 280_000);
});

/** Whether the candidate got 5 % of the requests, within the binomial 99.9 % interval. */
async function withinInterval([candidate, stable]: readonly [string, string]): Promise<boolean> {
  const counts = await count(REQUESTS);
  const got = counts.get(candidate) ?? 0;
  expect(got + (counts.get(stable) ?? 0)).toBe(REQUESTS);
  return Math.abs(got - REQUESTS * 0.05) <= Z * Math.sqrt(REQUESTS * 0.05 * 0.95);
}

/** Sends requests over 32 kept connections and counts which revisions answered. */
async function count(requests: number): Promise<Map<string, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const counts = new Map<string, number>();
  let left = requests;
  const one = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const [response] = await once(get(project.url, { agent }), 'response');
      response.resume();
      await once(response, 'end');
      const id = String(response.headers['x-morrow-revision']);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 32 }, one));
  agent.destroy();
  return counts;
}
