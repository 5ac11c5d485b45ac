/**
 * The configuration after defaults and an environment's overrides: numbers instead of `'5m'` and `'1%'`,
 * absolute paths, nothing optional. Plain JSON; part of every revision. Holds no secret values.
 */
import type { EdgeHealth, EdgeListen, EdgeTimeouts } from '../edge/api.ts';
import type { RolloutSettings } from '../engine/types.ts';

export interface ResolvedConfig {
  /** Name of the project, for process titles and file names. */
  readonly project: string;
  /** Folder of the configuration file, absolute. */
  readonly root: string;
  /** The configuration file, absolute. */
  readonly file: string;
  readonly environment: string;
  readonly platform: 'local' | 'aws';
  /** In the order in which they may be started: dependencies first. */
  readonly services: readonly ResolvedService[];
  /** Settings of the environment's edge on one machine. */
  readonly edge: {
    /** 0: chosen by the number of cores. */
    readonly workers: number;
    /** How long the controller may be silent while weights are split, ms; then all traffic goes to stable. */
    readonly failsafeMs: number;
  };
  /**
   * Parts that later commands read; validated and merged, otherwise as they were written. Keys: `purpose`, `scaling`
   * and `uses` (by service), `resources`, `alerts`, `metrics`, `backups`, `freezes`, `aws` (null unless on AWS).
   */
  readonly extras: Readonly<Record<string, unknown>>;
}

export interface ResolvedService {
  readonly name: string;
  readonly kind: 'http' | 'worker' | 'job';
  /** The service's folder, absolute. */
  readonly folder: string;
  readonly dependsOn: readonly string[];
  readonly runtime: 'auto' | 'process' | 'docker';
  /** Shell commands run in the snapshot; null: no build. */
  readonly build: string | null;
  readonly start: string | null;
  /** Patterns (as in .gitignore, relative to the folder) left out of the snapshot. */
  readonly ignore: readonly string[];
  /** Environment variables of the processes (PORT, HOST and MORROW_* are added by the platform). */
  readonly env: Readonly<Record<string, string>>;
  /** Names of the secrets whose values become environment variables. */
  readonly secrets: readonly string[];
  readonly listen: EdgeListen;
  readonly health: EdgeHealth;
  /** How long a new target may take to become healthy, ms. */
  readonly startTimeoutMs: number;
  readonly timeouts: EdgeTimeouts;
  readonly maxBodyBytes: number | null;
  readonly memoryBytes: number | null;
  /** Between SIGTERM and SIGKILL, ms. */
  readonly stopGraceMs: number;
  /** What happens to a rollout of this service under way when another deploy comes. */
  readonly onBusy: 'supersede' | 'queue' | 'refuse';
  /** Earlier revisions whose artifacts are kept on disk. */
  readonly keepRevisions: number;
  readonly rollout: RolloutSettings;
}
