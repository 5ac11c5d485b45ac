import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { MorrowError } from '../errors.ts';
import { EdgeKeeper, type EdgeKeeperOptions } from './edge-keeper.ts';

type Events = Parameters<EdgeKeeperOptions['client']['events']>[0];

const children: ChildProcess[] = [];
const keepers: EdgeKeeper[] = [];
afterEach(() => {
  for (const keeper of keepers.splice(0)) keeper.stop();
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** An edge that answers as told; what is started is a process that lives until it is killed. */
function keep(problem: () => MorrowError | null) {
  let events: Events | undefined;
  const started: ChildProcess[] = [];
  const begun = Promise.withResolvers<ChildProcess>();
  const keeper = new EdgeKeeper({
    client: {
      state: async () => {
        const found = problem();
        if (found) throw found;
        return {} as never;
      },
      events: (listener) => {
        events = listener;
        return () => undefined;
      },
    },
    start: () => {
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
      children.push(child);
      started.push(child);
      begun.resolve(child);
      return child;
    },
    onOpen: () => undefined,
    log: () => undefined,
  });
  keepers.push(keeper);
  return { keeper, started, begun: begun.promise, close: () => events?.onClose?.() };
}

const unreachable = (code: string): MorrowError =>
  new MorrowError('EDGE_UNREACHABLE', 'gone', { cause: Object.assign(new Error(code), { code }) });
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('an edge that is gone is started again as soon as its connection ends, once', async () => {
  const { started, close, begun } = keep(() => unreachable('ECONNREFUSED'));
  close();
  close();
  await begun;
  close();
  await turn();
  await turn();
  expect(started).toHaveLength(1);
});

test('an edge that answers, or is only slow, is left alone', async () => {
  for (const problem of [null, new MorrowError('EDGE_UNREACHABLE', 'no answer within 10 s')]) {
    const { started, close } = keep(() => problem);
    close();
    await turn();
    await turn();
    expect(started).toEqual([]);
  }
});

test('an edge that ends soon after its start is started again only after a pause', async () => {
  const { started, close, begun } = keep(() => unreachable('ENOENT'));
  close();
  const child = await begun;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  close();
  await turn();
  await turn();
  expect(started).toHaveLength(1);
});

test('nothing is started after it was stopped', async () => {
  const { keeper, started, close } = keep(() => unreachable('ENOENT'));
  keeper.stop();
  close();
  await turn();
  await turn();
  expect(started).toEqual([]);
});
