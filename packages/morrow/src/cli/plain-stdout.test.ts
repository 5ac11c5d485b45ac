import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'morrow-stdout-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program that has `stdout`, the plain one, and says on stderr what it made of it. */
function program(body: string): string[] {
  const module = new URL('./plain-stdout.ts', import.meta.url).href;
  const source = `import { plainStdout } from ${JSON.stringify(module)};
    import { writeSync } from 'node:fs';
    const say = (text) => writeSync(2, text);
    const stdout = plainStdout();
    stdout?.on('error', (error) => say(error.code + ' '));
    ${body}`;
  return ['--input-type=module', '--eval', source];
}

const LONG = "'é'.repeat(500_000)";

describe('stdout without Node’s stream', () => {
  test('writes to a file', () => {
    const path = join(folder, 'out');
    const file = openSync(path, 'w');
    spawnSync(process.execPath, program(`stdout.write('one'); stdout.write(${LONG});`), {
      stdio: ['ignore', file, 'inherit'],
    });
    closeSync(file);
    expect(readFileSync(path, 'utf8')).toBe(`one${'é'.repeat(500_000)}`);
  });

  test('writes more to a pipe than it holds', () => {
    const [file, ...args] = [
      process.execPath,
      ...program(`stdout.write(${LONG}); say(String(stdout.isTTY));`),
    ];
    const script = '"$0" "$@" | { sleep 0.2; wc -c; }';
    const { stdout, stderr } = spawnSync('sh', ['-c', script, file, ...args], { encoding: 'utf8' });
    expect([stdout.trim(), stderr]).toEqual(['1000000', 'false']);
  });

  test('writes more to a socket than it holds', () => {
    // What Node calls a pipe between a program and its child is a socket.
    const { stdout } = spawnSync(process.execPath, program(`stdout.write(${LONG});`), { encoding: 'utf8' });
    expect(stdout).toBe('é'.repeat(500_000));
  });

  test('tells when nobody reads any more', () => {
    const args = [process.execPath, ...program(`for (let i = 0; i < 3; i++) stdout.write(${LONG});`)];
    const { stderr } = spawnSync('sh', ['-c', '"$0" "$@" | true', ...args], { encoding: 'utf8' });
    expect(stderr).toBe('EPIPE EPIPE EPIPE ');
  });

  test('is not there where stdout is something else', async () => {
    const child = spawn(process.execPath, program('say(String(stdout));'), {
      stdio: ['ignore', openSync('/dev/null', 'w'), 'pipe'],
    });
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await once(child, 'close');
    expect(said).toBe('null');
  });
});
