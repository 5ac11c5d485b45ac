import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ResolvedService } from '../../config/resolved.ts';
import { requires } from '../../testing/requires.ts';
import { serviceSettings } from '../../testing/service-settings.ts';
import { removeTree, writeJson } from './files.ts';
import { layoutOf } from './layout.ts';
import { removeLeftovers, thisMaker } from './maker.ts';
import { type MakeRevisionOptions, makeRevision } from './revisions.ts';
import { filesFor, pruneSnapshots, snapshotKey } from './snapshot-store.ts';

let base: string;
let stateDir: string;
let service: ResolvedService;

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'morrow-revisions-')));
  stateDir = join(base, 'state');
  mkdirSync(join(base, 'app'));
  writeFileSync(join(base, 'app', 'server.js'), 'serve()');
  service = serviceSettings({ folder: join(base, 'app') });
});
afterEach(() => removeTree(base));

const make = (over: Partial<ResolvedService> = {}, options: Partial<MakeRevisionOptions> = {}) =>
  makeRevision(
    { ...service, ...over },
    { stateDir, nowMs: 1000, identify: (artifact) => artifact.slice(7, 19), ...options },
  );
const layout = () => layoutOf(stateDir);
const kept = () => (existsSync(layout().snapshots) ? readdirSync(layout().snapshots) : []);
const underWay = () => (existsSync(layout().building) ? readdirSync(layout().building) : []);

describe('making a revision', () => {
  test('gives a name to the folder as it is and keeps its files read-only', async () => {
    const spec = await make();
    expect(spec).toMatchObject({
      service: 'backend',
      createdAtMs: 1000,
      artifact: expect.stringMatching(/^sha256:/),
    });
    expect(spec.id).toHaveLength(12);
    const files = filesFor(layout(), spec);
    expect(readFileSync(join(files, 'server.js'), 'utf8')).toBe('serve()');
    expect(statSync(files).mode & 0o222).toBe(0);
    expect(statSync(join(files, 'server.js')).mode & 0o222).toBe(0);
    expect(underWay()).toEqual([]);
  });

  test('twice keeps and builds it once', async () => {
    const built: string[] = [];
    const build = { build: 'echo building; echo made > made' };
    const onLine = (line: string) => built.push(line);
    const first = await make(build, { onLine });
    const second = await make(build, { onLine });
    expect(second.id).toBe(first.id);
    expect(built).toEqual(['building']);
    expect(kept()).toHaveLength(1);
    expect(readFileSync(join(filesFor(layout(), first), 'made'), 'utf8')).toBe('made\n');
  });

  test('by two at once builds it once, and both get it', async () => {
    const built: string[] = [];
    const build = { build: 'echo building; sleep 0.3' };
    const both = await Promise.all([1, 2].map(() => make(build, { onLine: (line) => built.push(line) })));
    expect(both[0]?.id).toBe(both[1]?.id);
    expect(built).toEqual(['building']);
    expect(underWay()).toEqual([]);
  });

  test('builds with the environment of the configuration, where the files stay', async () => {
    const spec = await make({ build: 'pwd > where; echo "$KIND" > kind', env: { KIND: 'small' } });
    const files = filesFor(layout(), spec);
    expect(readFileSync(join(files, 'where'), 'utf8').trim()).toBe(files);
    expect(readFileSync(join(files, 'kind'), 'utf8')).toBe('small\n');
    const other = await make({ build: 'pwd > where; echo "$KIND" > kind', env: { KIND: 'large' } });
    expect(other.artifact).toBe(spec.artifact);
    expect(filesFor(layout(), other)).not.toBe(files);
  });

  test('whose build fails says so with its last lines, and keeps nothing', async () => {
    const lines: string[] = [];
    const failing = make(
      { build: 'for i in $(seq 1 30); do echo line $i; done; echo broken >&2; exit 3' },
      { onLine: (line) => lines.push(line) },
    );
    await expect(failing).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringMatching(/^The build of backend \(`.*`\) failed: exit code 3\.$/s),
      hint: expect.stringMatching(
        /^Its last lines:\n {2}line 12\n[\s\S]*line 30\n {2}broken\nThe whole output lies in /,
      ),
    });
    expect(lines).toHaveLength(31);
    expect(readFileSync(layout().buildLog('backend'), 'utf8').split('\n')).toHaveLength(32);
    expect([...kept(), ...underWay()]).toEqual([]);
  });

  test('whose build command does not exist says so', async () => {
    await expect(make({ build: 'no-such-builder --fast' })).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringContaining('exit code 127'),
    });
  });

  test('ends what the build leaves running', async () => {
    await make({ build: 'sleep 1000 & echo $! > pid' });
    const [key] = kept();
    const pid = Number(readFileSync(join(layout().snapshot(key ?? ''), 'files', 'pid'), 'utf8'));
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  test('can be interrupted while it builds', async () => {
    const stop = new AbortController();
    const making = make(
      { build: 'echo begun; sleep 1000' },
      { signal: stop.signal, onLine: () => stop.abort() },
    );
    await expect(making).rejects.toMatchObject({ message: expect.stringContaining('it was interrupted') });
    expect([...kept(), ...underWay()]).toEqual([]);
  });

  test('without a start command is refused', async () => {
    await expect(make({ start: null })).rejects.toMatchObject({ code: 'START_COMMAND_MISSING' });
  });

  test('killed in the middle leaves nothing behind once the next is made', async () => {
    const script = join(base, 'make.ts');
    writeFileSync(
      script,
      `import { makeRevision } from ${JSON.stringify(join(import.meta.dirname, 'revisions.ts'))};
       const service = ${JSON.stringify({ ...service, build: 'echo $$ > pid; echo begun; sleep 1000' })};
       await makeRevision(service, { stateDir: ${JSON.stringify(stateDir)}, nowMs: 1, identify: () => 'x', onLine: console.log });`,
    );
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    const [key = ''] = kept();
    const pid = Number(readFileSync(join(layout().snapshot(key), 'files', 'pid'), 'utf8'));
    await removeLeftovers(layout());
    expect(kept(), 'its maker lives').toEqual([key]);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    await make();
    expect(kept()).toHaveLength(1);
    expect(kept()).not.toContain(key);
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  test('on a full disk says so and leaves nothing', requires('linux', 'root'), async ({ skip }) => {
    mkdirSync(stateDir);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'morrow-test', stateDir], { stdio: 'pipe' });
    } catch {
      skip('needs the right to mount a small file system');
    }
    try {
      writeFileSync(join(service.folder, 'large'), Buffer.alloc(1_000_000));
      await expect(make()).rejects.toMatchObject({ code: 'DISK_FULL' });
      expect([...kept(), ...underWay()]).toEqual([]);
      await removeTree(join(service.folder, 'large'));
      await expect(make({ build: 'dd if=/dev/zero of=big bs=1k count=1000' })).rejects.toMatchObject({
        code: expect.stringMatching(/^(DISK_FULL|BUILD_FAILED)$/),
      });
      expect([...kept(), ...underWay()]).toEqual([]);
      await expect(make()).resolves.toMatchObject({ service: 'backend' });
    } finally {
      execFileSync('umount', [stateDir]);
    }
  });
});

describe('snapshots', () => {
  test('are removed once no revision needs them and they are not recent', async () => {
    const maker = await thisMaker();
    const first = await make();
    writeFileSync(join(service.folder, 'server.js'), 'better()');
    const second = await make();
    const later = Date.now() + 3_600_000;
    expect(await pruneSnapshots(layout(), 'backend', new Set([second.id]), Date.now(), maker)).toEqual([]);
    expect(await pruneSnapshots(layout(), 'frontend', new Set(), later, maker)).toEqual([]);
    const removed = await pruneSnapshots(layout(), 'backend', new Set([second.id]), later, maker);
    expect(removed).toEqual([snapshotKey(first.artifact, first.settings)]);
    expect(() => filesFor(layout(), first)).toThrow(/no longer there/);
    expect(existsSync(filesFor(layout(), second))).toBe(true);
    expect(underWay()).toEqual([]);
  });

  test('serve a revision of another id with the same artifact and settings', async () => {
    const spec = await make();
    const restarted = { ...spec, id: 'aaaabbbbcccc' };
    expect(filesFor(layout(), restarted)).toBe(filesFor(layout(), spec));
    const maker = await thisMaker();
    const later = Date.now() + 3_600_000;
    expect(await pruneSnapshots(layout(), 'backend', new Set([restarted.id]), later, maker)).toEqual([]);
  });

  test('half-done by a process whose number is somebody else’s by now are removed', async () => {
    const folder = layout().snapshot('half');
    mkdirSync(join(folder, 'files'), { recursive: true });
    writeJson(join(folder, 'maker.json'), { pid: process.pid, started: 'another boot/1', build: null });
    await removeLeftovers(layout());
    expect(kept()).toEqual([]);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z');
  } catch {
    return false;
  }
}
