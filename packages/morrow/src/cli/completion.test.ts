import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { morrow, testProject } from '../testing/command-line.ts';
import { candidates, SCRIPTS } from './completion.ts';
import { VERBS } from './verbs.ts';

const names = {
  environments: async () => ['development', 'production'],
  services: async () => ['backend', 'frontend'],
};
const words = async (...typed: string[]) => (await candidates(typed, names)).map((one) => one.word);
const has = (program: string) => spawnSync(program, ['--version']).status === 0;

describe('what could be typed next', () => {
  test('verbs at first, each once, by their beginning', async () => {
    const first = new Set(VERBS.map((verb) => verb.name.split(' ')[0]));
    expect(await words('')).toEqual([...first]);
    expect(await words('pr')).toEqual(['promote']);
    expect(await words()).toEqual([...first]);
  });
  test('the second word of a verb of two', async () => {
    expect(await words('agent', '')).toEqual(['logs']);
    expect(await words('agent', 'logs', '')).toEqual(['development', 'production']);
    expect(await words('history', '')).toEqual(['show', 'development', 'production']);
  });
  test('environments, then services, options not counted', async () => {
    expect(await words('deploy', 'dev')).toEqual(['development']);
    expect(await words('deploy', '--json', 'development', '')).toEqual(['backend', 'frontend']);
    expect(await words('deploy', 'development', 'backend', '')).toEqual([]);
    expect(await words('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });
  test('options of the verb', async () => {
    expect(await words('promote', '--')).toEqual(['--full', '--json', '--debug', '--help']);
    expect(await words('--')).toEqual(['--version', '--debug', '--help']);
  });
  test('nothing behind what is no verb', async () => {
    expect(await words('deply', '')).toEqual([]);
  });
});

test('every script is what its shell can read', ({ skip }) => {
  const checked = Object.keys(SCRIPTS).filter(has);
  for (const shell of checked) {
    const { status, stderr } = spawnSync(shell, ['-n'], { input: SCRIPTS[shell] });
    expect([shell, status, String(stderr)]).toEqual([shell, 0, '']);
  }
  if (checked.length === 0) skip('neither bash, zsh nor fish is here');
});

test('bash completes by its script, with the names of the project', async ({ skip }) => {
  if (!has('bash')) skip('bash is not here');
  const project = testProject({
    'morrow.config.yaml':
      'services: { backend: { start: x, runtime: process } }\nenvironments: { here: { platform: local } }\n',
    'bin/morrow': `#!/bin/sh\nexec "${process.execPath}" "${new URL('../../bin/morrow.js', import.meta.url).pathname}" "$@"\n`,
  });
  const { chmodSync } = await import('node:fs');
  chmodSync(`${project.folder}/bin/morrow`, 0o755);
  const script = `${SCRIPTS['bash']}
COMP_WORDS=(morrow deploy here ''); COMP_CWORD=3; _morrow; echo "\${COMPREPLY[*]}"
COMP_WORDS=(morrow dep); COMP_CWORD=1; _morrow; echo "\${COMPREPLY[*]}"`;
  const env = { ...process.env, PATH: `${project.folder}/bin:${process.env['PATH']}` };
  const { stdout } = spawnSync('bash', ['-c', script], { cwd: project.folder, env, encoding: 'utf8' });
  project.remove();
  expect(stdout).toBe('backend\ndeploy\n');
});

test('completion never fails, even without a project', async () => {
  const project = testProject({ '.git/HEAD': '' });
  const { code, stdout, stderr } = await morrow(project.folder, ['__complete', 'deploy', '']).ended;
  project.remove();
  expect([code, stdout, stderr]).toEqual([0, '', '']);
});

test('morrow completion prints the script', async () => {
  const project = testProject({});
  const { stdout } = await morrow(project.folder, ['completion', 'zsh']).ended;
  project.remove();
  expect(stdout).toBe(SCRIPTS['zsh']);
});
