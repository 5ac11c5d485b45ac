/** A controller killed at any instant: nothing runs that nobody knows of, and nothing runs twice. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeEdge } from '../../testing/fake-edge.ts';
import { holds, LocalBench } from '../../testing/local-machine.ts';
import { systemProcessTable } from './process-table.ts';

const COUNT = 4;
const ROUNDS = 12;

let edge: FakeEdge;
let bench: LocalBench;

beforeEach(() => {
  edge = new FakeEdge();
  bench = new LocalBench(edge);
});
afterEach(async () => {
  await bench.close();
  edge.close();
});

/** Shims that run anything below this test's state folder. */
async function shims(): Promise<readonly string[]> {
  const table = systemProcessTable();
  const lines = await Promise.all((await table.list()).map(({ pid }) => table.commandLine(pid)));
  return lines.filter((line) => line.startsWith(`/bin/sh ${bench.stateDir}/shim.sh `));
}

/** A controller in a process of its own that stages, runs a task, and says `up` once it has begun. */
async function controller(source: string, epoch: number): Promise<ReturnType<typeof spawn>> {
  const script = join(bench.base, 'controller.ts');
  const near = (path: string): string => JSON.stringify(join(import.meta.dirname, path));
  writeFileSync(
    script,
    `import { createLocalPlatform } from ${near('platform.ts')};
     import { FakeEdge } from ${near('../../testing/fake-edge.ts')};
     const platform = createLocalPlatform({ stateDir: ${JSON.stringify(bench.stateDir)}, environment: 'test', edge: new FakeEdge() });
     const fence = { epoch: ${epoch} };
     console.log('up');
     ${source}`,
  );
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.stdout !== null) await once(child.stdout, 'data');
  return child;
}

test('kill -9 while it starts processes leaves none that the next does not know', async () => {
  const spec = await bench.revision();
  for (let round = 1; round <= ROUNDS; round += 1) {
    // Each round asks for a number of its own, so that there is always something to start or to stop.
    const count = 1 + (round % COUNT);
    const source = `await platform.stage('backend', 'blue', ${JSON.stringify(spec)}, ${count}, fence);`;
    const child = await controller(source, 2 * round);
    await sleep(round * 6);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const next = bench.platform();
    await next.stage('backend', 'blue', spec, count, { epoch: 2 * round + 1 });
    await bench.until(next, `${count} in round ${round}`, (seen) => holds(seen, 'blue', spec, count));
    await expect
      .poll(() => bench.records().filter(({ ended }) => ended === null).length, { timeout: 20_000 })
      .toBe(count);
    const known = bench.serving().map(({ id }) => id);
    await expect.poll(async () => (await shims()).length, { timeout: 10_000 }).toBe(count);
    for (const line of await shims())
      expect(
        known.some((id) => line.includes(`/${id} `)),
        line,
      ).toBe(true);
    await next.close();
  }
});

test('kill -9 while it begins a task: the task runs once all the same', async () => {
  const result = join(bench.base, 'result');
  const spec = await bench.revision('serves', { env: { RESULT: result } });
  for (let round = 1; round <= ROUNDS; round += 1) {
    const key = `task ${round}`;
    const command = `echo ${round} >>"$RESULT"`;
    const source = `
      await platform.stage('backend', 'blue', ${JSON.stringify(spec)}, 0, fence);
      await platform.run('backend', 'blue', ${JSON.stringify(key)}, ${JSON.stringify(command)}, 10_000, fence);`;
    const child = await controller(source, 2 * round);
    await sleep(round);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const next = bench.platform();
    const fence = { epoch: 2 * round + 1 };
    await next.stage('backend', 'blue', spec, 0, fence);
    await next.run('backend', 'blue', key, command, 10_000, fence);
    await bench.until(next, key, ({ tasks }) => tasks[key]?.state === 'succeeded');
    await next.close();
  }
  expect(existsSync(result)).toBe(true);
  const ran = readFileSync(result, 'utf8').trim().split('\n').map(Number);
  expect(ran).toEqual(Array.from({ length: ROUNDS }, (_, index) => index + 1));
});
