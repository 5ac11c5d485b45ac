import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { requires } from '../../testing/requires.ts';
import { processRuntime } from './process-runtime.ts';
import { type ProcessTable, procTable, psTable } from './process-table.ts';
import type { RunRef, Runtime } from './runtime.ts';
import { shellCommand } from './shim.ts';

let base: string;
let counter = 0;
const begun: { runtime: Runtime; ref: RunRef }[] = [];
const children: ChildProcess[] = [];

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'morrow-runtime-')));
});
afterEach(async () => {
  for (const { runtime, ref } of begun.splice(0)) {
    await runtime.signal(ref, 'SIGKILL');
    await expect.poll(async () => (await runtime.look(ref)).state).toMatch(/^(ended|not-started)$/);
  }
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(base, { recursive: true, force: true });
});

const tables: [string, () => ProcessTable][] = [['ps', psTable]];
if (process.platform === 'linux') tables.unshift(['/proc', procTable]);

describe.each(tables)('processes, told by %s', (_name, makeTable) => {
  const table = makeTable();
  const newRuntime = (): Runtime =>
    processRuntime({ shimPath: join(base, 'shim.sh'), table, onExit: () => undefined });

  /** A run whose command is given, begun by a new runtime. */
  async function begin(command: string, env: Record<string, string> = {}) {
    const dir = join(base, `run-${counter++}`);
    mkdirSync(dir);
    const ref = { dir, nonce: `nonce${counter}x${process.pid}` };
    const logFile = join(dir, 'log');
    const runtime = newRuntime();
    begun.push({ runtime, ref });
    const path = { PATH: process.env['PATH'] ?? '' };
    await runtime.start({
      ...ref,
      command: shellCommand(command),
      cwd: dir,
      env: { ...path, ...env },
      logFile,
    });
    return { runtime, ref, log: () => readFileSync(logFile, 'utf8') };
  }

  const ended = async (runtime: Runtime, ref: RunRef) => {
    await expect.poll(async () => (await runtime.look(ref)).state, { timeout: 10_000 }).toBe('ended');
    const vital = await runtime.look(ref);
    return vital.state === 'ended' ? vital.exit : null;
  };
  const running = (runtime: Runtime, ref: RunRef) =>
    expect.poll(async () => (await runtime.look(ref)).state).toBe('running');
  const mainOf = async (ref: RunRef) => {
    await expect.poll(() => existsSync(join(ref.dir, 'identity.json'))).toBe(true);
    const read = () => JSON.parse(readFileSync(join(ref.dir, 'identity.json'), 'utf8'));
    await expect.poll(() => read().main).not.toBeNull();
    return read() as { shim: { pid: number }; main: { pid: number } };
  };

  test('their exit code is known to whoever looks', async () => {
    const { runtime, ref, log } = await begin('sh -c "echo out; echo err >&2; exit 7"');
    expect(await ended(runtime, ref)).toMatchObject({ code: 7, signal: null });
    expect(log()).toBe('out\nerr\n');
    expect(await ended(newRuntime(), ref)).toMatchObject({ code: 7, signal: null });
  });

  test('a signal that ended them is known by its name', async () => {
    const { runtime, ref } = await begin('sleep 1000');
    await running(runtime, ref);
    const { main } = await mainOf(ref);
    process.kill(main.pid, 'SIGSEGV');
    expect(await ended(runtime, ref)).toMatchObject({ code: null, signal: 'SIGSEGV' });
  });

  test('a command that is missing, and one that is not executable, say so', async () => {
    const missing = await begin('no-such-program-anywhere');
    expect(await ended(missing.runtime, missing.ref)).toMatchObject({ code: 127 });
    writeFileSync(join(base, 'plain.txt'), 'no program');
    const plain = await begin(join(base, 'plain.txt'));
    expect(await ended(plain.runtime, plain.ref)).toMatchObject({ code: 126 });
    expect(missing.log()).toContain('not found');
    expect(plain.log()).toMatch(/[Pp]ermission denied/);
  });

  test('they live on without whoever began them, and are found again', async () => {
    const { ref } = await begin('sleep 1000');
    const next = newRuntime();
    await running(next, ref);
    await next.signal(ref, 'SIGTERM');
    expect(await ended(next, ref)).toMatchObject({ signal: 'SIGTERM' });
  });

  test('SIGTERM reaches the program itself, which may end in good order', async () => {
    const { runtime, ref, log } = await begin(
      `sh -c 'trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.05; done'`,
    );
    await expect.poll(log).toContain('up');
    await runtime.signal(ref, 'SIGTERM');
    expect(await ended(runtime, ref)).toMatchObject({ code: 0 });
    expect(log()).toContain('bye');
  });

  test('SIGTERM reaches a program within a longer command too', async () => {
    const script = `trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.05; done`;
    const { runtime, ref, log } = await begin(`cd / && sh -c '${script}'; echo after`);
    await expect.poll(log).toContain('up');
    await running(runtime, ref);
    await runtime.signal(ref, 'SIGTERM');
    await ended(runtime, ref);
    expect(log()).toContain('bye');
  });

  test('who ignores SIGTERM does not survive SIGKILL, nor do its children', async () => {
    const { runtime, ref, log } = await begin(
      `sh -c 'trap "" TERM; (trap "" TERM; while :; do sleep 0.05; done) & echo child $!; while :; do sleep 0.05; done'`,
    );
    await expect.poll(log).toMatch(/child \d+/);
    const child = Number(/child (\d+)/.exec(log())?.[1]);
    await runtime.signal(ref, 'SIGTERM');
    await running(runtime, ref);
    await runtime.signal(ref, 'SIGKILL');
    expect(await ended(runtime, ref)).toMatchObject({ code: null, signal: null });
    expect(await table.find(child)).toBeNull();
  });

  test('children that outlive their parent are seen, and ended', async () => {
    const { runtime, ref, log } = await begin(`sh -c 'sleep 1000 & echo child $!; exit 3'`);
    await expect.poll(async () => (await runtime.look(ref)).state).toBe('leftovers');
    await runtime.signal(ref, 'SIGKILL');
    expect(await ended(runtime, ref)).toMatchObject({ code: 3 });
    expect(await table.find(Number(/child (\d+)/.exec(log())?.[1]))).toBeNull();
  });

  test('kill -9 of the shim alone: the program goes on and is still known', async () => {
    const { runtime, ref } = await begin('sleep 1000');
    await running(runtime, ref);
    const { shim, main } = await mainOf(ref);
    process.kill(shim.pid, 'SIGKILL');
    await expect.poll(() => table.find(shim.pid)).toBeNull();
    expect((await runtime.look(ref)).state).toBe('running');
    expect((await newRuntime().look(ref)).state).toBe('running');
    await newRuntime().signal(ref, 'SIGTERM');
    expect(await ended(runtime, ref)).toEqual({ code: null, signal: null, atMs: null });
    expect(await table.find(main.pid)).toBeNull();
  });

  test('a number that is another process’s by now is neither taken for the run nor signalled', async () => {
    const stranger = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    children.push(stranger);
    await once(stranger, 'spawn');
    const pid = stranger.pid ?? 0;
    const dir = join(base, 'forged');
    mkdirSync(dir);
    const ref = { dir, nonce: 'forged-nonce' };
    writeFileSync(join(dir, 'started'), `forged-nonce ${pid}\n`);
    const started = (await table.find(pid))?.started ?? '';
    const earlier = started.includes('/') ? started.replace(/\d+$/, '1') : String(Number(started) - 60_000);
    const forged = [
      { shim: { pid, started: earlier }, main: { pid, started: earlier } },
      { shim: { pid: 1, started }, main: null },
      null,
    ];
    for (const identity of forged) {
      if (identity === null) rmSync(join(dir, 'identity.json'));
      else writeFileSync(join(dir, 'identity.json'), JSON.stringify(identity));
      const runtime = newRuntime();
      expect((await runtime.look(ref)).state).toBe('ended');
      await runtime.signal(ref, 'SIGKILL');
      expect((await runtime.memoryBytes([ref])).size).toBe(0);
    }
    expect(stranger.exitCode).toBeNull();
    expect(stranger.signalCode).toBeNull();
    expect(await table.find(pid)).not.toBeNull();
  });

  test('one that was cancelled before it began never begins', async () => {
    const dir = join(base, 'cancelled');
    mkdirSync(dir);
    const ref = { dir, nonce: 'n1' };
    const runtime = newRuntime();
    expect((await runtime.look(ref)).state).toBe('not-started');
    expect(runtime.cancel(ref)).toBe(true);
    const logFile = join(dir, 'log');
    await runtime.start({
      ...ref,
      command: 'touch ran',
      cwd: dir,
      env: { PATH: process.env['PATH'] ?? '' },
      logFile,
    });
    await expect.poll(async () => (await runtime.look(ref)).state).toBe('not-started');
    expect(runtime.cancel(ref)).toBe(true);
    expect(existsSync(join(dir, 'ran'))).toBe(false);
  });

  test('one that has begun cannot be cancelled', async () => {
    const { runtime, ref } = await begin('sleep 1000');
    await running(runtime, ref);
    expect(newRuntime().cancel(ref)).toBe(false);
    expect((await runtime.look(ref)).state).toBe('running');
  });

  test('memory is that of the whole tree', async () => {
    const hog = `${process.execPath} -e "globalThis.kept = Buffer.alloc(80e6, 1); setInterval(() => {}, 1000)"`;
    const { runtime, ref } = await begin(`sh -c '${hog} & wait'`);
    await running(runtime, ref);
    await expect
      .poll(async () => (await runtime.memoryBytes([ref])).get(ref.dir) ?? 0, { timeout: 10_000 })
      .toBeGreaterThan(80e6);
  });

  test('thousands of lines all reach the log, whoever lives', async () => {
    const { runtime, ref, log } = await begin(
      `sh -c 'i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done'`,
    );
    await ended(runtime, ref);
    expect(log().trimEnd().split('\n')).toHaveLength(5000);
  });

  test('what cannot be begun says why, and stays not begun', async () => {
    const dir = join(base, 'nowhere');
    mkdirSync(dir);
    const ref = { dir, nonce: 'n2' };
    const runtime = newRuntime();
    const spec = { ...ref, command: 'true', cwd: join(base, 'absent'), env: {}, logFile: join(dir, 'log') };
    await expect(runtime.start(spec)).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('ENOENT'),
    });
    expect((await runtime.look(ref)).state).toBe('not-started');
    expect(runtime.cancel(ref)).toBe(true);
  });
});

describe('on Linux', requires('linux'), () => {
  test('a process that left its group is still known by its environment, and ended', async () => {
    const dir = join(base, 'daemon');
    mkdirSync(dir);
    const ref = { dir, nonce: 'daemon-nonce' };
    const runtime = processRuntime({
      shimPath: join(base, 'shim.sh'),
      table: procTable(),
      onExit: () => undefined,
    });
    begun.push({ runtime, ref });
    const env = { PATH: process.env['PATH'] ?? '' };
    const command = shellCommand(`sh -c 'setsid sleep 1000 & echo $! > pid; sleep 0.2'`);
    await runtime.start({ ...ref, command, cwd: dir, env, logFile: join(dir, 'log') });
    await expect.poll(async () => (await runtime.look(ref)).state).toBe('leftovers');
    await runtime.signal(ref, 'SIGKILL');
    await expect.poll(async () => (await runtime.look(ref)).state).toBe('ended');
    expect(await procTable().find(Number(readFileSync(join(dir, 'pid'), 'utf8')))).toBeNull();
  });
});

describe('the command given to the shell', () => {
  test('is executed in the shell’s place where it is one program', () => {
    expect(shellCommand('node server.js --port "$PORT"')).toBe('exec node server.js --port "$PORT"');
    expect(shellCommand('  ./run  ')).toBe('exec ./run');
  });

  test('stays as it is where only a shell understands it', () => {
    for (const command of [
      'cd app && node x',
      'PORT=1 node x',
      'a | b',
      'node x > log',
      '. ./env',
      'exec node x',
      'a\nb',
      'echo $(date)',
    ])
      expect(shellCommand(command)).toBe(command);
  });

  test('may hold anything between quotes', () => {
    expect(shellCommand(`sh -c 'a; b && c'`)).toBe(`exec sh -c 'a; b && c'`);
    expect(shellCommand('node -e "a; b"')).toBe('exec node -e "a; b"');
    expect(shellCommand('node -e "$(cat x)"')).toBe('node -e "$(cat x)"');
    expect(shellCommand(`node 'a' ; node 'b'`)).toBe(`node 'a' ; node 'b'`);
  });
});
