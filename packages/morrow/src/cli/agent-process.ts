/** The agent as a process: what surrounds the controller and its API on one machine. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { EdgeClient } from '../edge/client.ts';
import { identify, stillLives } from '../edge/process/process-identity.ts';
import { MorrowError } from '../errors.ts';
import { type EnvironmentPaths, pathsOfState, prepareStateFolder } from '../paths.ts';
import type { Platform, PlatformLogs } from '../platform/platform.ts';
import { systemClock } from '../runner/clock.ts';
import { runAgent } from '../server/agent.ts';
import type { StatusReport } from '../server/api.ts';
import type { Store } from '../store/store.ts';
import {
  agentCommand,
  DEFAULT_MARKER,
  edgeCommand,
  readMarker,
  removeMarker,
  startDetached,
} from './background.ts';
import { EdgeKeeper } from './edge-keeper.ts';
import type { Programs } from './pieces.ts';

/** How long an edge that does not answer is waited for when the environment goes down, ms: before the services are
 * stopped the keeper starts it again, afterwards nobody does. */
const EDGE_MS = { before: 10_000, after: 1_000 };
const EDGE_RETRY_MS = 100;

export class AgentProcess {
  readonly paths: EnvironmentPaths;
  readonly edge: EdgeClient;
  readonly #programs: Programs;
  readonly #keeper: EdgeKeeper;
  /** Whether the edge knows how to start us again. */
  #known = false;
  #down = false;

  /** @param stateDir the environment's state folder, absolute */
  constructor(stateDir: string, programs: Programs) {
    this.paths = pathsOfState(stateDir);
    prepareStateFolder(this.paths);
    this.#programs = programs;
    this.edge = new EdgeClient({ socketPath: this.paths.edgeSocket });
    this.#keeper = new EdgeKeeper({
      client: this.edge,
      start: () => this.#startEdge(),
      onOpen: () => (this.#known = false),
      log: this.log,
    });
  }

  readonly log = (line: string): void => {
    process.stderr.write(`${new Date().toISOString()} ${line}\n`);
  };

  /** Runs until the agent is told to end or another one has taken over; resolves to the exit code. */
  async run(platform: Platform & PlatformLogs, store: Store): Promise<number> {
    const stop = new AbortController();
    const onSignal = (): void => stop.abort();
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
    // A terminal that goes away is none of the agent's business.
    process.on('SIGHUP', () => undefined);
    try {
      await runAgent({
        environment: this.paths.environment,
        socketPath: this.paths.agentSocket,
        owner: owner(),
        isDead,
        store,
        platform,
        onHeartbeat: (epoch) => this.#announce(epoch),
        clock: systemClock,
        log: this.log,
        secret: () => null,
        edge: () => this.#edgeNow(),
        beforeDown: () => this.#beforeDown(),
        signal: stop.signal,
      });
      if (this.#down) await this.#afterDown();
      return 0;
    } catch (error) {
      if (!(error instanceof MorrowError)) throw error;
      this.log([error.message, error.hint].join(' ').trim());
      return error.exitCode;
    } finally {
      this.#keeper.stop();
      this.edge.close();
    }
  }

  /** The edge must know how to start the agent again; one that was started anew must be told again. */
  async #announce(epoch: number): Promise<void> {
    if (this.#known || this.#down) return;
    const { root, agentLog } = this.paths;
    const command = agentCommand(this.paths, this.#programs);
    await this.edge.putController({ epoch, controller: { command, cwd: root, logFile: agentLog } });
    this.#known = true;
  }

  #startEdge() {
    const marker = readMarker(this.paths) ?? DEFAULT_MARKER;
    return startDetached(
      edgeCommand(this.paths, marker, this.#programs),
      this.paths.edgeLog,
      this.paths.root,
    );
  }

  async #edgeNow(): Promise<StatusReport['edge']> {
    try {
      const { pid, workers, services } = await this.edge.state();
      const problems = services.flatMap(({ service, listenProblem }) =>
        listenProblem === null ? [] : [`${service.name} takes no requests: ${listenProblem}`],
      );
      return { pid, workers, problems };
    } catch {
      return null;
    }
  }

  /** From here on an end is meant: nobody starts anything again. */
  async #beforeDown(): Promise<void> {
    this.#down = true;
    removeMarker(this.paths);
    await this.#tellEdge(EDGE_MS.before, (epoch) => this.edge.putController({ epoch, controller: null }));
  }

  async #afterDown(): Promise<void> {
    this.#keeper.stop();
    await this.#tellEdge(EDGE_MS.after, (epoch) => this.edge.shutdown(epoch));
  }

  /** An edge that has just died is started again by the keeper: it is waited for, but no orderly end fails for it. */
  async #tellEdge(withinMs: number, tell: (epoch: number) => Promise<unknown>): Promise<void> {
    const until = performance.now() + withinMs;
    for (;;) {
      try {
        await tell((await this.edge.state()).epoch);
        return;
      } catch (error) {
        if (!(error instanceof MorrowError)) throw error;
        if (performance.now() > until) {
          this.log(`${error.message} Going down without it.`);
          return;
        }
      }
      await sleep(EDGE_RETRY_MS);
    }
  }
}

/** Names this very process, so that a later agent can tell whether it lives, and that it is none other. */
function owner(): string {
  const self = identify(process.pid);
  return `${process.pid}/${self?.started ?? ''}/${randomBytes(6).toString('hex')}`;
}

function isDead(owner: string): boolean {
  const [pid = '', started = ''] = owner.split('/');
  return !stillLives({ pid: Number(pid), started });
}
