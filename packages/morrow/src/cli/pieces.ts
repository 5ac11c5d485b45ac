/** What commands need of the rest of Morrow; `main.ts` fills it in, each part loaded when it is first used. */
import type { ResolvedConfig, ResolvedService } from '../config/resolved.ts';
import type { RevisionSpec } from '../platform/platform.ts';

/** A configuration that was loaded and found valid. */
export interface Project {
  /** Folder of the configuration, absolute. */
  readonly root: string;
  /** The configuration's file, absolute. */
  readonly file: string;
  readonly environments: readonly { readonly name: string; readonly platform: 'local' | 'aws' }[];
  /** Names of all services. */
  readonly services: readonly string[];
  /** What is odd about it, in a sentence each. */
  readonly warnings: readonly string[];
  /** @throws MorrowError `UNKNOWN_ENVIRONMENT` */
  resolve(environment: string): ResolvedConfig;
  /** Services of the environment whose folder is absent. */
  absent(config: ResolvedConfig): readonly ResolvedService[];
}

export interface RevisionRequest {
  readonly service: ResolvedService;
  /** State folder of the environment. */
  readonly stateDir: string;
  /** Called with each line that the build prints. */
  readonly onLine: (line: string) => void;
  /** Ends the work and leaves nothing behind. */
  readonly signal: AbortSignal;
}

export interface InitResult {
  /** Name of the file to write, in the folder. */
  readonly file: string;
  readonly text: string;
  /** What was recognised and what to look at, a sentence each. */
  readonly notes: readonly string[];
}

/** What runs in the background: program and first arguments of each. */
export interface Programs {
  /** This command line; its hidden verb `__agent --state DIR` is the agent. */
  readonly self: readonly string[];
  readonly edge: readonly string[];
}

export interface Pieces {
  readonly programs: Programs;
  /** Which Morrow this is. */
  version(): string;
  /**
   * Finds the configuration upwards from `cwd`.
   * @throws MorrowError `CONFIG_NOT_FOUND`, `CONFIG_INVALID` or `CONFIG_UNREADABLE`
   */
  loadProject(cwd: string): Promise<Project>;
  /** JSON Schema of the configuration. */
  configSchema(): Promise<unknown>;
  /** A configuration for a folder that has none. */
  initConfig(folder: string): Promise<InitResult>;
  /** A value as YAML, for people. */
  yaml(value: unknown): Promise<string>;
  /** @throws MorrowError `SNAPSHOT_FAILED`, `BUILD_FAILED` or `DISK_FULL` */
  makeRevision(request: RevisionRequest): Promise<RevisionSpec>;
}
