import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { morrow, type RunningCommand, type TestProject, testProject } from '../testing/command-line.ts';
import { FakeAgent, fakeEdge } from '../testing/fake-agent.ts';
import {
  promotedView,
  rolledBackView,
  rolloutView,
  serviceStatus,
  statusReport,
} from '../testing/rollout-views.ts';
import { VERBS } from './verbs.ts';

const CONFIG = `
services:
  backend: { folder: backend, start: node server.js, runtime: process, listen: { port: 18471 } }
  frontend: { folder: frontend, start: node server.js, runtime: process, listen: { port: 18472, path: /app }, dependsOn: [backend] }
  later: { folder: not-there, start: node server.js, runtime: process, listen: { port: 18473, path: /later } }
environments:
  development: { platform: local }
  production: { platform: aws, aws: { region: ap-northeast-1 } }
`;

let project: TestProject;
let agent: FakeAgent;
let stopEdge: () => void;
const running: RunningCommand[] = [];

const run = (words: string, env: NodeJS.ProcessEnv = {}): RunningCommand => {
  const command = morrow(project.folder, words.split(' '), env);
  running.push(command);
  return command;
};

const ended = (words: string, env: NodeJS.ProcessEnv = {}) => run(words, env).ended;

/** Has the agent begin a rollout of whatever is deployed, and show `view` of it. */
function answerDeploys(view = rolloutView()): void {
  agent.answers.set(
    '/v1/deploy',
    ({ revision, dryRun }: { revision: { service: string }; dryRun: boolean }) => {
      const id = `${revision.service}-rollout`;
      if (!dryRun) agent.show({ ...view, id, service: revision.service });
      const plan = { ...planOf(revision.service) };
      return {
        status: 200,
        body: dryRun
          ? { decision: 'dry-run', text: 'This is what a deploy would do.', rolloutId: null, plan }
          : { decision: 'started', text: `The rollout ${id} has begun.`, rolloutId: id, plan: null },
      };
    },
  );
}

const planOf = (service: string) => ({
  service,
  environment: 'development',
  from: null,
  to: rolloutView().candidate.revision,
  candidateSlot: 'blue',
  steps: [],
  lines: ['start 1 target', 'give it all traffic'],
  leastMs: 0,
});

beforeEach(async () => {
  project = testProject({
    'morrow.config.yaml': CONFIG,
    'backend/server.js': '// nothing runs it here\n',
    'frontend/server.js': '// nothing runs it here\n',
  });
  agent = new FakeAgent(project.paths);
  await agent.start();
  stopEdge = await fakeEdge(project.paths);
});

afterEach(async () => {
  for (const { child } of running) child.kill('SIGKILL');
  await Promise.all(running.splice(0).map((command) => command.ended));
  agent.die();
  stopEdge();
  project.remove();
});

describe('help', () => {
  test('lists every verb', async () => {
    const { code, stdout, stderr } = await ended('--help');
    for (const verb of VERBS) expect(stdout).toContain(`  ${[verb.name, ...verb.args].join(' ')} `);
    expect([code, stderr]).toEqual([0, '']);
  });

  test('of each verb names its options', async () => {
    for (const verb of VERBS.filter((one) => ['deploy', 'agent logs', 'history show'].includes(one.name))) {
      const { code, stdout } = await ended(`${verb.name} --help`);
      expect(code).toBe(0);
      for (const option of verb.options) expect(stdout).toContain(option.flags);
    }
  });

  test('the version is that of the package', async () => {
    expect((await ended('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('a mistake is answered by what was meant', () => {
  test.each([
    ['deply', "error[USAGE]: There is no verb 'deply'.\nhint: Did you mean `morrow deploy`?\n"],
    ['status --jsno', "error[USAGE]: Unknown option '--jsno'.\nhint: Did you mean --json?\n"],
    ['agent', "error[USAGE]: 'agent' needs one more word.\nhint: There is `morrow agent logs`.\n"],
    [
      'health',
      "error[USAGE]: Missing required argument 'url'.\nhint: `morrow health --help` says what it takes.\n",
    ],
    ['status a b', /^error\[USAGE\]: Too many arguments/],
    [
      'logs development backend --tail x',
      "error[USAGE]: --tail takes a whole number of at least 0, not 'x'.\n",
    ],
    [
      'status developmnt',
      "error[UNKNOWN_ENVIRONMENT]: There is no environment 'developmnt'.\nhint: Did you mean development?\n",
    ],
    ['deploy backend', /backend is a service: name the environment first/],
    [
      'deploy development backnd',
      "error[UNKNOWN_SERVICE]: There is no service 'backnd' in development.\nhint: Did you mean backend?\n",
    ],
    ['watch development backnd', /hint: Did you mean backend\?\n/],
    ['completion zhs', /Did you mean zsh\?/],
  ])('%s', async (words, expected) => {
    const { code, stdout, stderr } = await ended(words);
    expect(stderr).toEqual(typeof expected === 'string' ? expected : expect.stringMatching(expected));
    expect([code, stdout]).toEqual([2, '']);
  });
});

describe('deploy', () => {
  test('ends with 0 when promoted: lines to stderr, the result to stdout, no escape codes', async () => {
    answerDeploys(promotedView());
    const { code, stdout, stderr } = await ended('deploy development backend');
    expect(stderr).toMatch(/backend: revision [0-9a-f]{12} \(sha256:[0-9a-f]{12}\) made in/);
    expect(stderr).toMatch(/\d\d:\d\d:\d\d backend: promoted/);
    expect(stdout).toMatch(
      /^✓ backend promoted: [0-9a-f]{12} \(sha256:[0-9a-f]{12}\) serves\.\n {2}Took 40 s\.\n$/,
    );
    expect(stdout + stderr).not.toContain('\u001b');
    expect(code).toBe(0);
  });

  test('ends with 3 when rolled back, and says why with the last log lines', async () => {
    answerDeploys(rolledBackView());
    const { code, stdout } = await ended('deploy development backend');
    expect(stdout).toContain('✗ backend rolled back: 3f2a91c0d4e1');
    expect(stdout).toContain('Error: no such table: orders');
    expect(code).toBe(3);
  });

  test('ends with 4 when stuck', async () => {
    answerDeploys(rolledBackView({ phase: 'stuck', exitCode: 4 }));
    expect((await ended('deploy development backend')).code).toBe(4);
  });

  test('ends with 6 where a person must decide, and says what to type', async () => {
    answerDeploys(rolloutView({ phase: 'waiting', exitCode: 6 }));
    const { code, stderr } = await ended('deploy development backend');
    expect(stderr).toContain(
      'Go on: morrow promote development backend. Go back: morrow abort development backend.',
    );
    expect(code).toBe(6);
  });

  test('ends with 5 where the agent refuses because another rollout is under way', async () => {
    const error = {
      code: 'ROLLOUT_BUSY',
      message: 'The rollout r1 of backend is under way.',
      hint: 'Abort it.',
    };
    agent.answers.set('/v1/deploy', () => ({ status: 409, body: error }));
    const { code, stderr } = await ended('deploy development backend');
    expect(stderr).toContain(
      'error[ROLLOUT_BUSY]: The rollout r1 of backend is under way.\nhint: Abort it.\n',
    );
    expect(code).toBe(5);
  });

  test('with --json prints the view as its only data', async () => {
    answerDeploys(rolledBackView());
    const { code, stdout } = await ended('deploy development backend --json');
    expect(JSON.parse(stdout)).toEqual({ ...rolledBackView(), id: 'backend-rollout' });
    expect(code).toBe(3);
  });

  test('with --json prints an error as its only data', async () => {
    agent.answers.set('/v1/deploy', () => ({
      status: 500,
      body: { code: 'DISK_FULL', message: 'Full.', hint: '' },
    }));
    const { code, stdout, stderr } = await ended('deploy development backend --json');
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'DISK_FULL', message: 'Full.', hint: '', exitCode: 1 },
    });
    expect(stderr).toContain('error[DISK_FULL]: Full.');
    expect(code).toBe(1);
  });

  test('ships all services in the order of dependsOn and reports the one whose folder is absent', async () => {
    answerDeploys(promotedView());
    const { code, stdout, stderr } = await ended('deploy');
    const deploys = agent.requests.filter((one) => one.path === '/v1/deploy');
    expect(deploys.map((one) => (one.body as { revision: { service: string } }).revision.service)).toEqual([
      'backend',
      'frontend',
    ]);
    expect(stdout.match(/promoted/g)).toHaveLength(2);
    expect(stderr).toContain('Environment: development');
    expect(stderr).toMatch(/later is left out: its folder .*not-there does not exist/);
    expect(code).toBe(0);
  });

  test('stops at the first service that is not promoted', async () => {
    answerDeploys(rolledBackView());
    const { code, stderr } = await ended('deploy development');
    expect(agent.requests.filter((one) => one.path === '/v1/deploy')).toHaveLength(1);
    expect(stderr).toContain('Not shipped, because backend was not promoted: frontend.');
    expect(code).toBe(3);
  });

  test('of a service whose folder is absent is an error', async () => {
    const { code, stderr } = await ended('deploy development later');
    expect(stderr).toMatch(
      /error\[SERVICE_FOLDER_ABSENT\]: The folder of later, .*not-there, does not exist\./,
    );
    expect(code).toBe(1);
  });

  test('to AWS says in one sentence that it cannot yet', async () => {
    const { code, stderr } = await ended('deploy production backend');
    expect(stderr).toMatch(/^error\[NOT_SUPPORTED\]: production runs on AWS, .*\.\nhint: .*\n$/);
    expect(code).toBe(1);
  });

  test('--image says that it cannot yet', async () => {
    const { code, stderr } = await ended('deploy development backend --image x@sha256:1');
    expect(stderr).toMatch(/^error\[NOT_SUPPORTED\]: Images cannot be shipped yet/);
    expect(code).toBe(1);
  });

  test('--dry-run and plan print what apply would take, and ask for nothing else', async () => {
    answerDeploys();
    const dry = await ended('deploy development backend --dry-run');
    const plan = await ended('plan development backend');
    expect(dry.stdout).toContain('  1. start 1 target\n  2. give it all traffic\n');
    expect(plan.stdout).toBe(dry.stdout);
    const bodies = agent.requests.filter((one) => one.path === '/v1/deploy').map((one) => one.body);
    expect(bodies).toEqual([
      expect.objectContaining({ dryRun: true }),
      expect.objectContaining({ dryRun: true }),
    ]);
    const json = await ended('plan development backend --json');
    expect(JSON.parse(json.stdout)).toEqual(planOf('backend'));
    expect([dry.code, plan.code, json.code]).toEqual([0, 0, 0]);
  });

  test('--detach returns at once and says how to follow', async () => {
    answerDeploys();
    const { code, stderr } = await ended('deploy development backend --detach');
    expect(stderr).toContain('morrow watch development --rollout backend-rollout');
    expect(code).toBe(0);
  });

  test('of what serves already does nothing and ends with 0', async () => {
    const body = { decision: 'unchanged', text: 'backend serves 1234 already.', rolloutId: null, plan: null };
    agent.answers.set('/v1/deploy', () => ({ status: 200, body }));
    const { code, stderr } = await ended('deploy development backend');
    expect(stderr).toContain('backend serves 1234 already.');
    expect(code).toBe(0);
  });

  test('is left by Ctrl-C with 130, the rollout goes on, and it says how to come back', async () => {
    answerDeploys();
    const command = run('deploy development backend');
    await command.said('observing, step 1 of 3 (5 %)');
    command.child.kill('SIGINT');
    const { code, stderr } = await command.ended;
    expect(stderr).toContain(
      'Left; the rollout goes on by itself. Come back: morrow watch development --rollout backend-rollout',
    );
    expect(agent.requests.every((one) => !one.path.includes('command'))).toBe(true);
    expect(code).toBe(130);
  });

  test('goes on when the agent is killed and comes back', async () => {
    answerDeploys();
    const command = run('deploy development backend');
    await command.said('observing, step 1 of 3 (5 %)');
    agent.die();
    await command.said('The agent does not answer');
    await agent.start();
    await command.said('The agent answers again.');
    agent.show({ ...promotedView(), id: 'backend-rollout' });
    const { code, stdout } = await command.ended;
    expect(stdout).toContain('backend promoted');
    expect(code).toBe(0);
  });

  test('whose answer was lost asks again', async () => {
    let asked = 0;
    answerDeploys(promotedView());
    const answer = agent.answers.get('/v1/deploy');
    agent.answers.set('/v1/deploy', (body) => {
      asked += 1;
      if (asked === 1) {
        agent.die();
        void agent.start();
      }
      return answer?.(body) ?? { status: 500, body: {} };
    });
    const { code } = await ended('deploy development backend');
    expect([asked, code]).toEqual([2, 0]);
  });

  test('refuses a port that another program holds', async () => {
    const { createServer } = await import('node:net');
    const other = createServer();
    await new Promise<void>((resolve) => other.listen({ port: 0, host: '127.0.0.1' }, resolve));
    const { port } = other.address() as { port: number };
    project.write('morrow.config.yaml', CONFIG.replace('18471', String(port)));
    const { code, stderr } = await ended('deploy development backend');
    other.close();
    expect(stderr).toContain(
      `error[PORT_TAKEN]: Port ${port}, where backend is to listen, is in use by another program.`,
    );
    expect(code).toBe(1);
  });

  test('whose build fails shows its output and ships nothing', async () => {
    const failing = CONFIG.replace(
      'start: node server.js',
      'build: "echo compiling; echo broken >&2; exit 7", start: x',
    );
    project.write('morrow.config.yaml', failing);
    const { code, stderr } = await ended('deploy development backend');
    expect(stderr).toContain('  | compiling');
    expect(stderr).toMatch(/error\[BUILD_FAILED\]: /);
    expect(agent.requests.some((one) => one.path === '/v1/deploy')).toBe(false);
    expect(code).toBe(1);
  });

  test('is ended by Ctrl-C while it builds, and ships nothing', async () => {
    project.write(
      'morrow.config.yaml',
      CONFIG.replace('start: node server.js', 'build: "echo compiling; sleep 60", start: x'),
    );
    const command = run('deploy development backend');
    await command.said('compiling');
    command.child.kill('SIGINT');
    const { code, stderr } = await command.ended;
    expect(stderr).toContain('Nothing was shipped.');
    expect(agent.requests.some((one) => one.path === '/v1/deploy')).toBe(false);
    expect(code).toBe(130);
  });
});

describe('status', () => {
  test('says what serves, or the same as JSON', async () => {
    const { code, stdout, stderr } = await ended('status development');
    expect(stdout).toContain('backend  3f2a91c0d4e1');
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse((await ended('status --json')).stdout)).toEqual(statusReport());
  });

  test('waits while the agent is started again', async () => {
    agent.die();
    const command = run('status development');
    // Long enough for the command to have found nobody; being late only makes the test easier.
    await new Promise((resolve) => setTimeout(resolve, 500));
    await agent.start();
    const { code, stderr } = await command.ended;
    expect([code, stderr]).toEqual([0, '']);
  });

  test('of an environment that is not up says how to bring it up', async () => {
    const other = testProject({ 'morrow.config.yaml': CONFIG });
    const command = morrow(other.folder, ['status', 'development']);
    const { code, stderr } = await command.ended;
    other.remove();
    expect(stderr).toBe(
      'error[AGENT_NOT_RUNNING]: development is not up.\nhint: `morrow up development` starts it.\n',
    );
    expect(code).toBe(1);
  });

  test('without a configuration says what to do', async () => {
    const other = testProject({ '.git/HEAD': '' });
    const { code, stderr } = await morrow(other.folder, ['status']).ended;
    other.remove();
    expect(stderr).toMatch(/^error\[CONFIG_NOT_FOUND\]: .*\nhint: .*morrow init/);
    expect(code).toBe(2);
  });

  test('takes the environment from MORROW_ENVIRONMENT', async () => {
    const { code, stderr } = await ended('status', { MORROW_ENVIRONMENT: 'production' });
    expect(stderr).toContain('production runs on AWS');
    expect(code).toBe(1);
  });

  test('is coloured where FORCE_COLOR says so and NO_COLOR does not', async () => {
    expect((await ended('status', { FORCE_COLOR: '1' })).stdout).toContain('\u001b[');
    expect((await ended('status', { FORCE_COLOR: '1', NO_COLOR: '1' })).stdout).not.toContain('\u001b[');
  });

  test('shows nobody a stack unless asked', async () => {
    agent.answers.set('/v1/status', () => ({ status: 500, body: 'nonsense' }));
    const plain = await ended('status development');
    expect(plain.stderr).toMatch(/^error\[INTERNAL\]: The agent answered 500: .*\n/);
    expect(plain.stderr).not.toMatch(/^\s+at /m);
    expect((await ended('status development --debug')).stderr).toMatch(/^\s+at /m);
    expect(plain.code).toBe(1);
  });
});

describe('steering', () => {
  beforeEach(() => {
    const rollout = rolloutView();
    agent.status = statusReport({ services: [serviceStatus({ rollout })] });
    agent.rollouts.set(rollout.id, rollout);
    agent.answers.set('/v1/command', ({ command }: { command: { type: string } }) => ({
      status: 200,
      body: { rolloutId: rollout.id, phase: 'paused', text: `${command.type} it is` },
    }));
  });

  const commands = () => agent.requests.filter((one) => one.path === '/v1/command').map((one) => one.body);

  test.each([
    ['pause development backend', { type: 'pause' }],
    ['resume development', { type: 'resume' }],
    ['promote', { type: 'promote', full: false }],
    ['promote --full', { type: 'promote', full: true }],
  ])('%s', async (words, command) => {
    const { code, stderr } = await ended(words, { MORROW_BY: 'a test' });
    expect(commands()).toEqual([{ service: 'backend', command, by: 'a test' }]);
    expect(stderr).toContain(`${command.type} it is`);
    expect(code).toBe(0);
  });

  test('pause --json prints the answer', async () => {
    const { stdout } = await ended('pause --json');
    expect(JSON.parse(stdout)).toEqual({ rolloutId: rolloutView().id, phase: 'paused', text: 'pause it is' });
  });

  test('abort waits until the traffic is back, and ends with 0 then', async () => {
    const command = run('abort development backend');
    await agent.followed();
    agent.show(rolledBackView());
    const { code, stdout } = await command.ended;
    expect(stdout).toContain('backend rolled back');
    expect(code).toBe(0);
  });

  test('without a rollout under way says so', async () => {
    agent.status = statusReport();
    const { code, stderr } = await ended('abort development');
    expect(stderr).toMatch(/^error\[NO_ROLLOUT\]: No rollout of backend is under way in development\./);
    expect(code).toBe(1);
  });

  test('asks which service where several could be meant', async () => {
    const one = serviceStatus({ rollout: rolloutView() });
    agent.status = statusReport({ services: [one, { ...one, service: 'frontend' }] });
    const { code, stderr } = await ended('pause development');
    expect(stderr).toMatch(/^error\[USAGE\]: Which service is meant: backend, frontend\?/);
    expect(code).toBe(2);
  });

  test('rollback without a service takes the one that was shipped last, and follows', async () => {
    const late = { ...promotedView(), createdAtMs: promotedView().createdAtMs + 1, service: 'frontend' };
    agent.status = statusReport({
      services: [serviceStatus({ last: promotedView() }), serviceStatus({ service: 'frontend', last: late })],
    });
    agent.rollouts.set('back', promotedView({ id: 'back', service: 'frontend' }));
    agent.answers.set('/v1/rollback', () => ({
      status: 200,
      body: { decision: 'started', text: 'The rollout back has begun.', rolloutId: 'back', plan: null },
    }));
    const { code, stderr } = await ended('rollback --to 3f2a --i-know', { MORROW_BY: 'a test' });
    const asked = agent.requests.find((one) => one.path === '/v1/rollback');
    expect(asked?.body).toEqual({ service: 'frontend', to: '3f2a', force: true, by: 'a test' });
    expect(stderr).toContain('Service: frontend (shipped last).');
    expect(code).toBe(0);
  });

  test('rollback within a rollout ends with 0 once it is rolled back', async () => {
    agent.rollouts.set(rolledBackView().id, rolledBackView());
    agent.answers.set('/v1/rollback', () => ({
      status: 200,
      body: { decision: 'command', text: 'It goes back.', rolloutId: rolledBackView().id, plan: null },
    }));
    expect((await ended('rollback development backend')).code).toBe(0);
  });

  test('watch follows to the end; the exit code is the rollout’s', async () => {
    const command = run('watch development --json');
    await agent.followed();
    agent.show(rolledBackView());
    const { code, stdout } = await command.ended;
    expect(JSON.parse(stdout)).toEqual(rolledBackView());
    expect(code).toBe(3);
  });

  test('watch shows how the last one ended where none is under way', async () => {
    agent.status = statusReport({ services: [serviceStatus({ last: rolledBackView() })] });
    const { code, stdout, stderr } = await ended('watch development');
    expect(stderr).toContain('No rollout of backend is under way');
    expect(stdout).toContain('backend rolled back');
    expect(code).toBe(3);
  });
});

describe('history and logs', () => {
  test('history lists rollouts, or the same as JSON', async () => {
    agent.rollouts.set('one', promotedView());
    const { stdout } = await ended('history development backend');
    expect(stdout).toContain(promotedView().id);
    expect(agent.requests.at(-1)?.path).toBe('/v1/rollouts?service=backend&limit=20');
    expect(JSON.parse((await ended('history --json -n 5')).stdout)).toEqual([promotedView()]);
  });

  test('history show prints one rollout with its journal', async () => {
    const view = rolledBackView();
    agent.rollouts.set(view.id, view);
    const entry = { seq: 1, atMs: view.createdAtMs, epoch: 1, service: 'backend', rolloutId: view.id };
    const body = {
      type: 'effect',
      effect: { type: 'route', weights: { blue: 95, green: 5 }, stable: 'blue' },
    };
    agent.answers.set(`/v1/rollouts/${view.id}/journal`, () => ({ status: 200, body: [{ ...entry, body }] }));
    const { stdout } = await ended(`history show ${view.id}`);
    expect(stdout).toContain('12:00:00  effect route blue 95 %, green 5 %');
    expect(JSON.parse((await ended(`history show ${view.id} --json`)).stdout)).toEqual({
      rollout: view,
      journal: [{ ...entry, body }],
    });
  });

  test('logs prints what the service wrote', async () => {
    agent.logs = [{ slot: 'blue', revision: '3f2a91c0d4e1', target: 'backend-blue-0-1', line: 'listening' }];
    const { stdout } = await ended('logs development backend --tail 5 --slot blue');
    expect(stdout).toBe('3f2a91c0d4e1 backend-blue-0-1 | listening\n');
    expect(agent.requests.at(-1)?.path).toBe('/v1/logs?service=backend&slot=blue&tail=5');
    expect(JSON.parse((await ended('logs --json')).stdout)).toEqual(agent.logs[0]);
  });

  test('logs -f goes on when the agent is killed and comes back', async () => {
    agent.logs = [{ slot: 'blue', revision: 'r', target: 't', line: 'before' }];
    const command = run('logs development backend -f');
    await command.said('r t | before');
    agent.die();
    agent.logs = [{ slot: 'blue', revision: 'r', target: 't', line: 'after' }];
    await agent.start();
    await command.said('r t | after');
    command.child.kill('SIGINT');
    expect((await command.ended).code).toBe(130);
  });

  test('agent logs prints what agent or edge wrote', async () => {
    const { writeFileSync } = await import('node:fs');
    writeFileSync(project.paths.agentLog, 'one\ntwo\n');
    writeFileSync(project.paths.edgeLog, 'edge\n');
    expect((await ended('agent logs development --tail 1')).stdout).toBe('two\n');
    expect((await ended('agent logs --edge')).stdout).toBe('edge\n');
    const command = run('agent logs -f');
    await command.said('two');
    writeFileSync(project.paths.agentLog, 'three\n', { flag: 'a' });
    await command.said('three');
    command.child.kill('SIGTERM');
    expect((await command.ended).code).toBe(143);
  });

  test('a reader that goes away ends the command quietly', async () => {
    const line = 'x'.repeat(1000);
    agent.logs = Array.from({ length: 20_000 }, () => ({ slot: 'blue', revision: 'r', target: 't', line }));
    const command = run('logs development backend');
    await command.said('r t | x');
    command.child.stdout?.destroy();
    const { code, stderr } = await command.ended;
    expect([code, stderr]).toEqual([0, '']);
  });
});

test('smoke asks for the configured checks; a failed one ends with 1', async () => {
  agent.answers.set('/v1/smoke', ({ checks }: { checks: { name: string }[] }) => ({
    status: 200,
    body: { ok: false, results: checks.map(({ name }) => ({ name, ok: false, text: 'answered 500' })) },
  }));
  const { code, stdout, stderr } = await ended('smoke development backend');
  expect(stderr).toContain('backend has no smoke checks; asking its health only.');
  expect(stdout).toBe('✗ backend: health: answered 500\n');
  expect(code).toBe(1);
});

test('config prints the resolved configuration, and its schema', async () => {
  const { stdout, code } = await ended('config production --json');
  expect(JSON.parse(stdout)).toMatchObject({ environment: 'production', platform: 'aws' });
  expect((await ended('config')).stdout).toContain('environment: development');
  expect(JSON.parse((await ended('config --schema')).stdout)).toMatchObject({ type: 'object' });
  expect(code).toBe(0);
});

test('init writes a configuration for a folder that has none, and leaves one that is there', async () => {
  const other = testProject({ 'package.json': '{"scripts":{"start":"node server.js"}}', 'server.js': '' });
  const first = await morrow(other.folder, ['init']).ended;
  const again = await morrow(other.folder, ['init']).ended;
  other.remove();
  expect(first.stdout).toBe('Wrote morrow.config.ts\n');
  expect(first.code).toBe(0);
  expect(again.stderr).toMatch(/^error\[CONFIG_EXISTS\]/);
  expect(again.code).toBe(2);
});

test('a configuration with mistakes lists them and ends with 2', async () => {
  project.write('morrow.config.yaml', CONFIG.replace('runtime: process', 'runtim: process'));
  const { code, stderr } = await ended('deploy development');
  expect(stderr).toMatch(/^error\[CONFIG_INVALID\]: /);
  expect(stderr).toContain('did you mean');
  expect(code).toBe(2);
});

test('a service that asks for a container is refused in one sentence, and nothing is begun', async () => {
  project.write('morrow.config.yaml', CONFIG.replace('runtime: process', 'runtime: docker'));
  const { code, stderr } = await ended('deploy development backend');
  expect(stderr).toContain('error[NOT_SUPPORTED]: backend asks for a container');
  expect(code).toBe(1);
});

test('doctor has a line for each thing and fails where one is bad', async () => {
  const good = await ended('doctor development');
  expect(good.stdout).toContain('Everything is there.');
  expect(good.code).toBe(0);
  project.write('morrow.config.yaml', CONFIG.replace('runtime: process', 'runtime: bicycle'));
  const bad = await ended('doctor --json');
  expect(JSON.parse(bad.stdout)).toMatchObject({ ok: false });
  expect(bad.code).toBe(1);
});
