import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TaskView } from '../../engine/types.ts';
import { FakeEdge } from '../../testing/fake-edge.ts';
import { LocalBench } from '../../testing/local-machine.ts';
import type { RevisionSpec } from '../platform.ts';
import { layoutOf } from './layout.ts';
import type { LocalPlatform } from './platform.ts';

const FENCE = { epoch: 1 };

let edge: FakeEdge;
let bench: LocalBench;
let platform: LocalPlatform;
let spec: RevisionSpec;

beforeEach(async () => {
  edge = new FakeEdge();
  bench = new LocalBench(edge);
  platform = bench.platform();
  spec = await bench.revision('serves', { env: { RESULT: join(bench.base, 'result') } });
  await platform.stage('backend', 'blue', spec, 0, FENCE);
});
afterEach(async () => {
  await bench.close();
  edge.close();
});

const run = (key: string, command: string, timeoutMs = 10_000) =>
  platform.run('backend', 'blue', key, command, timeoutMs, FENCE);
async function result(key: string, by = platform): Promise<TaskView> {
  const ended = (view: TaskView | undefined) => view !== undefined && view.state !== 'running';
  const seen = await bench.until(by, `the end of ${key}`, ({ tasks }) => ended(tasks[key]));
  return seen.tasks[key] ?? { state: 'running' };
}
const folderOf = (key: string) => layoutOf(bench.stateDir).task('backend', key);
const recordOf = (key: string) => JSON.parse(readFileSync(join(folderOf(key), 'task.json'), 'utf8'));
const text = () => readFileSync(join(bench.base, 'result'), 'utf8');

describe('a task', () => {
  test('runs in the revision’s files with its environment', async () => {
    await run(
      'r1/expand',
      'pwd >"$RESULT"; echo "$MORROW_REVISION $MORROW_TASK $PORT" >>"$RESULT"; test -f server.js',
    );
    expect(await result('r1/expand')).toEqual({ state: 'succeeded' });
    expect(text()).toMatch(new RegExp(`/snapshots/[0-9a-f]+/files\n${spec.id} r1/expand \n$`));
  });

  test('that takes too long and does not listen is killed with its children', async () => {
    await run('slow', `sh -c 'trap "" TERM; while :; do sleep 0.1; done'`, 200);
    const began = performance.now();
    expect(await result('slow')).toMatchObject({
      state: 'failed',
      text: 'did not end within 0.2 s (stopped)',
    });
    expect(performance.now() - began).toBeGreaterThan(4000);
  });

  test('whose begin was cut off is begun by the next controller, once', async () => {
    await run('first', 'true');
    await result('first');
    await platform.close();
    const record = {
      ...recordOf('first'),
      key: 'cut',
      nonce: 'cut-off',
      command: 'echo ran >>"$RESULT"',
      result: null,
      endedAtMs: null,
    };
    mkdirSync(join(folderOf('cut'), 'cut-off'), { recursive: true });
    writeFileSync(join(folderOf('cut'), 'task.json'), JSON.stringify(record));
    const next = bench.platform();
    await next.heartbeat({ epoch: 2 });
    expect(await result('cut', next)).toEqual({ state: 'succeeded' });
    expect(text()).toBe('ran\n');
    // The begin that was cut off can never come true any more.
    expect(readFileSync(join(folderOf('cut'), 'cut-off', 'started'), 'utf8')).toBe('cancelled');
  });

  test('that was killed with its shim is never run again, and says that its end is unknown', async () => {
    await run('gone', 'echo ran >>"$RESULT"; exec sleep 1000');
    await expect.poll(() => existsSync(join(bench.base, 'result')) && text()).toBe('ran\n');
    const [pid] = readFileSync(join(folderOf('gone'), recordOf('gone').nonce, 'started'), 'utf8')
      .trim()
      .split(' ')
      .slice(1);
    process.kill(-Number(pid), 'SIGKILL');
    expect(await result('gone')).toMatchObject({
      state: 'failed',
      text: 'it is gone, and how it ended is unknown',
    });
    await run('gone', 'echo ran >>"$RESULT"');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(text()).toBe('ran\n');
  });

  test('that was asked for many times at once runs once', async () => {
    await Promise.all(Array.from({ length: 10 }, () => run('many', 'echo ran >>"$RESULT"; sleep 0.2')));
    expect(await result('many')).toEqual({ state: 'succeeded' });
    expect(text()).toBe('ran\n');
  });

  test('keeps no secret in what it writes down', async () => {
    const secret = (_service: string, name: string) => (name === 'DB_PASSWORD' ? 'hunter2' : null);
    platform = bench.platform({ secret });
    const secretive = await bench.revision('serves', {
      secrets: ['DB_PASSWORD'],
      env: { RESULT: join(bench.base, 'result') },
    });
    await platform.stage('backend', 'green', secretive, 0, FENCE);
    await platform.run('backend', 'green', 'k', 'echo "$DB_PASSWORD" >"$RESULT"', 5000, FENCE);
    expect(await result('k')).toEqual({ state: 'succeeded' });
    expect(text()).toBe('hunter2\n');
    const files = readdirSync(folderOf('k'), { recursive: true, withFileTypes: true }).filter((one) =>
      one.isFile(),
    );
    expect(files.length).toBeGreaterThanOrEqual(4);
    for (const { parentPath, name } of files)
      expect(readFileSync(join(parentPath, name), 'utf8'), name).not.toContain('hunter2');
  });
});
