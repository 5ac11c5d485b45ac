import { join } from 'node:path';
import { analyse, type LoadAnalysis } from '../bench/load/analysis.ts';
import { readLog } from '../bench/load/records.ts';
import { type RunningLoad, startLoad } from '../bench/load/start.ts';
import type { Project } from './project.ts';

/** Load on a project's service: 500 requests/s over new and kept connections, POSTs, 100 kB answers, 20 WebSockets. */
export class Load {
  readonly #project: Project;
  readonly #log: string;
  #running: RunningLoad | null;

  private constructor(project: Project, log: string, running: RunningLoad) {
    this.#project = project;
    this.#log = log;
    this.#running = running;
  }

  static async on(project: Project, rate = 500): Promise<Load> {
    const log = join(project.root, `load-${Date.now()}.jsonl`);
    return new Load(project, log, await startLoad({ url: project.url, rate, webSockets: 20, log }));
  }

  /**
   * Ends it and says what users saw.
   * @param bad revisions whose failures are their own
   */
  async stop(bad: readonly string[] = []): Promise<LoadAnalysis> {
    await this.#running?.stop();
    this.#running = null;
    return analyse(await readLog(this.#log), new Set(bad));
  }

  /** The same, by the id of the last rollout's candidate. */
  async stopAgainstLast(): Promise<LoadAnalysis> {
    const [last] = await this.#project.history();
    return this.stop(last === undefined ? [] : [last.candidate.revision.id]);
  }
}
