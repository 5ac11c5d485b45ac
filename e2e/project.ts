import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { RolloutView, StatusReport } from '../packages/morrow/src/server/api.ts';
import { freePort } from '../packages/morrow/src/testing/free-port.ts';
import type { Behaviour } from './service/behaviour.ts';

const CLI = fileURLToPath(new URL('../packages/morrow/bin/morrow.js', import.meta.url));
const SERVICE = fileURLToPath(new URL('service', import.meta.url));

/** How a command of the CLI ended. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface ProjectOptions {
  /** Put over the defaults below, as JSON; `services.web` is the test service. */
  readonly rollout?: Record<string, unknown>;
  readonly service?: Record<string, unknown>;
  readonly edge?: Record<string, unknown>;
  /** The command line's file; default: the checkout's. */
  readonly bin?: string;
}

/** A project of its own in a temporary folder, with the test service as `web`, used through the command line alone. */
export class Project {
  readonly root: string;
  readonly port: number;
  readonly #options: ProjectOptions;

  private constructor(root: string, port: number, options: ProjectOptions) {
    this.root = root;
    this.port = port;
    this.#options = options;
  }

  static async create(options: ProjectOptions = {}): Promise<Project> {
    // Without symbolic links, as the CLI sees it.
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'morrow-e2e-')));
    const project = new Project(root, await freePort(), options);
    cpSync(SERVICE, join(root, 'web'), { recursive: true });
    project.configure({});
    return project;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Folder of the environment's state. */
  get state(): string {
    return join(this.root, '.morrow/test');
  }

  /** Writes the configuration; `rollout` comes over what the project was made with. */
  configure(rollout: Record<string, unknown>): void {
    const config = {
      project: 'e2e',
      services: {
        web: {
          folder: 'web',
          start: 'node main.ts',
          runtime: 'process',
          listen: this.port,
          instances: 2,
          timeouts: { drain: '10s' },
          ...this.#options.service,
        },
      },
      environments: { test: { platform: 'local', edge: { ...this.#options.edge } } },
      rollout: {
        steps: ['5%', '50%', '100%'],
        bake: '1s',
        finalBake: '0s',
        analysis: { insufficient: 'promote' },
        ...this.#options.rollout,
        ...rollout,
      },
    };
    writeFileSync(join(this.root, 'morrow.config.json'), JSON.stringify(config, null, 2));
  }

  /** Changes the service's source: what is deployed next behaves so. */
  behave(behaviour: Partial<Behaviour>): void {
    writeFileSync(join(this.root, 'web/behaviour.json'), JSON.stringify(behaviour));
  }

  /** Runs the CLI to its end. */
  async morrow(...args: string[]): Promise<Ended> {
    return this.start(...args).ended;
  }

  /** Starts the CLI; `ended` resolves when it has ended. */
  start(...args: string[]): {
    readonly pid: number;
    readonly ended: Promise<Ended>;
    kill(signal: NodeJS.Signals): void;
  } {
    const child = spawn(process.execPath, [this.#options.bin ?? CLI, ...args], {
      cwd: this.root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }));
    return { pid: child.pid ?? 0, ended, kill: (signal) => child.kill(signal) };
  }

  /** Runs the CLI and expects it to end well. */
  async ok(...args: string[]): Promise<Ended> {
    const ended = await this.morrow(...args);
    if (ended.code !== 0)
      throw new Error(`morrow ${args.join(' ')} ended with ${ended.code}:\n${ended.err}\n${this.logs()}`);
    return ended;
  }

  async status(): Promise<StatusReport> {
    return JSON.parse((await this.ok('status', 'test', '--json')).out) as StatusReport;
  }

  /** Newest first. */
  async history(): Promise<RolloutView[]> {
    return JSON.parse((await this.ok('history', 'test', 'web', '--json')).out) as RolloutView[];
  }

  /**
   * Waits until `holds` is true of the status, asking the agent directly: a process per question would be too slow for
   * moments that pass. An agent that is just away is waited for.
   */
  async until(holds: (status: StatusReport) => boolean, limitMs = 60_000): Promise<StatusReport> {
    const deadline = Date.now() + limitMs;
    let last: StatusReport | null = null;
    while (Date.now() < deadline) {
      last = (await this.#ask()) ?? last;
      if (last !== null && holds(last)) return last;
      await setTimeout(20);
    }
    throw new Error(`not within ${limitMs} ms; last seen: ${JSON.stringify(last)}\n${this.logs()}`);
  }

  async #ask(): Promise<StatusReport | null> {
    const question = request({
      socketPath: join(this.state, 'agent.sock'),
      path: '/v1/status',
      timeout: 5000,
    });
    question.end();
    try {
      const [response] = (await once(question, 'response')) as [IncomingMessage];
      return (await json(response)) as StatusReport;
    } catch {
      return null;
    }
  }

  /** The ends of the agent's and the edge's logs, for a look at what went wrong. */
  logs(): string {
    return ['agent.log', 'edge.log']
      .map((name) => {
        try {
          return `-- ${name}\n${readFileSync(join(this.state, name), 'utf8').slice(-3000)}`;
        } catch {
          return `-- no ${name}`;
        }
      })
      .join('\n');
  }

  /** A path outside the service's folder, for a file by which the test tells the service something. */
  signalFile(name: string): string {
    mkdirSync(join(this.root, 'signals'), { recursive: true });
    return join(this.root, 'signals', name);
  }

  /** Stops everything and removes the folder. */
  async remove(): Promise<void> {
    const down = await this.morrow('down', 'test');
    rmSync(this.root, { recursive: true, force: true });
    if (down.code !== 0) throw new Error(`morrow down ended with ${down.code}:\n${down.err}`);
  }
}
