import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Project } from '../../e2e/project.ts';
import { installPackage } from '../../tools/pack.ts';

/** What the service takes before it listens, ms. */
const START_MS = 2000;

/** How long the service needs by itself, from its start to its first healthy answer, ms. */
async function ownStart(project: Project): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  const began = performance.now();
  const child = spawn(process.execPath, ['main.ts'], {
    cwd: join(project.root, 'web'),
    env: { ...process.env, PORT: String(port), HOST: '127.0.0.1' },
    stdio: 'ignore',
  });
  try {
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => null);
      await answer?.body?.cancel();
      if (answer?.ok === true) return performance.now() - began;
      if (child.exitCode !== null) throw new Error('the service ended');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

/** Times of one deploy with a single step and no bake, ms. */
export interface DeployTime {
  readonly deployMs: number;
  readonly ownStartMs: number;
}

/**
 * A deploy by the installed package, from the command to its end, with one step and no bake. The earlier revision's drain is no part of it:
 * the command ends when the new revision is promoted, the earlier one drains behind it.
 */
export async function deployTimes(rounds: number): Promise<DeployTime[]> {
  const installed = installPackage();
  const project = await Project.create({
    bin: installed.bin,
    // One target: the service's own start is measured with one as well.
    service: { instances: 1 },
    rollout: { strategy: 'blue-green', steps: ['100%'], bake: '0s', finalBake: '0s' },
  });
  const times: DeployTime[] = [];
  try {
    await project.ok('up', 'test');
    project.behave({ name: 'first' });
    await project.ok('deploy', 'test', 'web');
    for (let n = 1; n <= rounds; n++) {
      project.behave({ name: `slow ${n}`, startMs: START_MS });
      const ownStartMs = await ownStart(project);
      const began = performance.now();
      await project.ok('deploy', 'test', 'web');
      times.push({ deployMs: performance.now() - began, ownStartMs });
    }
  } finally {
    await project.remove();
    installed.remove();
  }
  return times;
}
