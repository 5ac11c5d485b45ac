/**
 * The configuration as people write it. Hand-written and without imports, so that the published declarations are
 * this very file; `schema/` checks the same at load, and a type test holds the two together.
 */

/** A length of time: `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'7d'`. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

/** A share of a hundred: `'1%'`, `'0.5%'`. */
export type Percent = `${number}%`;

/** A size in bytes, in powers of 1024: `'512KiB'`, `'256MiB'`, `'2GiB'`. */
export type Size = `${number}${'B' | 'KiB' | 'MiB' | 'GiB'}`;

/** A resource that services use. */
export type ResourceName = 'postgres' | 'redis' | 'storage';

/**
 * What a team runs: its services, the resources they use, its environments, and how a new revision takes over.
 * Only `services` is needed; everything else has a default.
 */
export interface MorrowConfig<Name extends string = string> {
  /** Where an editor finds the JSON Schema of a JSON or YAML configuration (`morrow config --schema`). */
  readonly $schema?: string;
  /** Name of the project; lower case, digits and hyphens. Default: the name of the configuration's folder. */
  readonly project?: string;
  /** The services by name; a name is lower case, digits and hyphens. */
  readonly services: { readonly [Service in Name]: ServiceConfig<NoInfer<Name>> };
  /** The environments by name. Default: `development`, on this machine. */
  readonly environments?: { readonly [environment: string]: EnvironmentConfig<NoInfer<Name>> };
  /** Environment variables of every service. */
  readonly env?: EnvConfig;
  /** How a new revision takes over, for every service. */
  readonly rollout?: RolloutConfig;
  /** How many targets there are, for every service. */
  readonly scaling?: ScalingConfig | false;
  /** The proxy that takes a machine's requests. */
  readonly edge?: EdgeConfig;
  /** What the services use. */
  readonly resources?: ResourcesConfig;
  /** When to tell a person, by name; `false` takes an inherited one away. */
  readonly alerts?: { readonly [alert: string]: AlertConfig | false };
  /** The app's own metrics by name, with the threshold that a dashboard marks. */
  readonly metrics?: { readonly [metric: string]: MetricConfig | false };
  /** What is backed up, how often, and how long it is kept. */
  readonly backups?: BackupsConfig | false;
  /** Times in which nothing is deployed. */
  readonly freezes?: readonly FreezeConfig[];
  /** Where and how the environments on AWS run. */
  readonly aws?: AwsConfig;
}

/** Environment variables. `null` takes an inherited one away. No secrets: those are named in `secrets`. */
export interface EnvConfig {
  readonly [variable: string]: string | number | boolean | null;
}

/** A thing that runs: a folder of files and the command that starts it. */
export interface ServiceConfig<Name extends string = string> {
  /** `http` answers requests, `worker` runs on its own, `job` runs to its end. Default: `'http'`. */
  readonly kind?: 'http' | 'worker' | 'job';
  /** The service's folder, seen from the configuration's. Default: `'.'`. */
  readonly folder?: string;
  /**
   * Shell command run in a copy of the folder before a revision starts; `false` takes an inherited one away.
   * @example 'npm ci && npm run build'
   */
  readonly build?: string | false;
  /**
   * Shell command that starts one target. It must listen on the port in `$PORT`, at the address in `$HOST`.
   * @example 'node server.js'
   */
  readonly start?: string;
  /** How a target runs. `auto`: as a container where an engine and an image are there, else as a process. Default: `'auto'`. */
  readonly runtime?: 'auto' | 'process' | 'docker';
  /** What is left out of a revision, as in .gitignore, seen from the folder. */
  readonly ignore?: readonly string[];
  /** Environment variables. `PORT`, `HOST` and `MORROW_*` are Morrow's own. */
  readonly env?: EnvConfig;
  /** Names of secrets; each becomes the environment variable of that name. */
  readonly secrets?: readonly string[];
  /** Services that are deployed before this one. */
  readonly dependsOn?: readonly Name[];
  /** Resources that the service uses. */
  readonly uses?: readonly ResourceName[];
  /** Where requests come in: a port, or more. Default: port 8080 of 127.0.0.1, every host and path. */
  readonly listen?: number | ListenConfig;
  /** What is asked whether a target is healthy: one path for both questions, or more. Default: `/health` and `/health/live`. */
  readonly health?: `/${string}` | HealthConfig;
  /** Targets that carry the full load. Default: `scaling.desired`, else 1. */
  readonly instances?: number;
  /** How the number of targets follows the load; `false` takes an inherited one away. */
  readonly scaling?: ScalingConfig | false;
  /** Most memory that one target may use; beyond it is killed and started again. Default: `'unlimited'`. */
  readonly memory?: Size | 'unlimited';
  /** Largest request body that is passed on; 413 beyond. Default: `'unlimited'`. */
  readonly maxBody?: Size | 'unlimited';
  /** How long a new target may take to become healthy. Default: `'60s'`. */
  readonly startTimeout?: Duration;
  /** Between SIGTERM and SIGKILL. Default: `'10s'`. */
  readonly stopGrace?: Duration;
  /** How long to wait for a target, and for a drain. */
  readonly timeouts?: TimeoutsConfig;
  /** Earlier revisions that are kept on disk for a rollback. Default: 5. */
  readonly keepRevisions?: number;
  /** How a new revision takes over. */
  readonly rollout?: RolloutConfig;
  /** Requests that a new revision must answer as expected before it gets any traffic: paths, or more. */
  readonly smoke?: readonly (`/${string}` | CheckConfig)[];
  /** Commands that change the database's schema. */
  readonly migrations?: MigrationsConfig;
  /** What else happens in a rollout. */
  readonly hooks?: HooksConfig;
}

/** Which requests are a service's. Several services may share a port by host and path; the longest path wins. */
export interface ListenConfig {
  /** Default: 8080. */
  readonly port?: number;
  /** Address of this machine to listen at; `'0.0.0.0'` for every one. Default: `'127.0.0.1'`. */
  readonly address?: string;
  /** Host name or names, `'*.example.org'` for one label. Default: every host. */
  readonly host?: string | readonly string[];
  /** Beginning of the paths. Default: `'/'`, every path. */
  readonly path?: `/${string}`;
}

/** Health checks: `GET` requests that a healthy target answers with 2xx. */
export interface HealthConfig {
  /** May it get requests? Asked before the first one. Default: `'/health'`. */
  readonly ready?: `/${string}`;
  /** Is the process alive? Never ask for a database here. Default: `ready` where that is given, else `'/health/live'`. */
  readonly live?: `/${string}`;
  /** Between two checks of a healthy target. Default: `'1s'`. */
  readonly interval?: Duration;
  /** Default: `'2s'`. */
  readonly timeout?: Duration;
  /** Consecutive failures that make a target unhealthy. Default: 3. */
  readonly failures?: number;
}

export interface TimeoutsConfig {
  /** To connect to a target. Default: `'2s'`. */
  readonly connect?: Duration;
  /** From the request's last byte to the answer's first; then 504. Default: `'60s'`. */
  readonly answer?: Duration;
  /** Without a byte in either direction within a body. Default: `'60s'`. */
  readonly idle?: Duration;
  /** For requests under way when a revision leaves; then they are cut. Default: `'30s'`. */
  readonly drain?: Duration;
}

/** From a stable to a candidate revision. */
export interface RolloutConfig {
  /** `canary` goes up in steps, `blue-green` in a single one. Default: `'canary'`. */
  readonly strategy?: 'canary' | 'blue-green';
  /** The candidate's share of the traffic, rising; 100 % is added where it is missing. Default: `['5%', '50%', '100%']`. */
  readonly steps?: readonly (Percent | StepConfig)[];
  /** How long each step is held at least. Default: `'5m'`, in development `'10s'`. */
  readonly bake?: Duration;
  /** How long the stable revision is kept warm at 100 %. Default: as `bake`. */
  readonly finalBake?: Duration;
  /** Longest time without progress; then the rollout goes back. Default: `'10m'`. */
  readonly progressDeadline?: Duration;
  /** Unplanned exits of the candidate's targets that are borne. Default: 2. */
  readonly maxExits?: number;
  /** How long too few healthy targets for the candidate's share are borne. Default: `'5s'`. */
  readonly capacityGrace?: Duration;
  /** When somebody else changed the weights: put them right, or stop and wait. Default: `'correct'`. */
  readonly onDrift?: 'correct' | 'hold';
  /** When another deploy of the service comes meanwhile. Default: `'supersede'`. */
  readonly onBusy?: 'supersede' | 'queue' | 'refuse';
  /** How candidate and stable are compared; `'off'` ships by health alone. */
  readonly analysis?: 'off' | AnalysisConfig;
}

/** One step of a rollout. */
export interface StepConfig {
  /** The candidate's share of the traffic, a whole per cent from 1 to 100. */
  readonly weight: Percent;
  /** How long the step is held at least. Default: the rollout's `bake`. */
  readonly bake?: Duration;
  /** Whether a person must agree (`morrow promote`) before it goes on. Default: false. */
  readonly gate?: boolean;
}

export interface AnalysisConfig {
  /** Where the bake has passed and there is too little evidence. Default: `'hold'` in production, else `'promote'`. */
  readonly insufficient?: 'hold' | 'promote' | 'rollback';
  /** Limits that a candidate may not exceed, whatever the stable revision does. */
  readonly guard?: GuardConfig;
}

export interface GuardConfig {
  /** Share of requests that may fail. Default: `'1%'`. */
  readonly errorRate?: Percent;
  /** 99th percentile of the answer time. Default: `'500ms'`. */
  readonly p99?: Duration;
  /** How far back the guard looks. Default: `'5m'`. */
  readonly window?: Duration;
  /** Fewer requests in the window say nothing. Default: 100. */
  readonly minRequests?: number;
}

/** A request to a new revision, and the answer that is expected. */
export interface CheckConfig {
  /** Default: method and path. */
  readonly name?: string;
  /** Default: `'GET'`. */
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  readonly path: `/${string}`;
  readonly headers?: { readonly [header: string]: string };
  readonly body?: string;
  readonly expect?: {
    /** Status or statuses. Default: any 2xx. */
    readonly status?: number | readonly number[];
    /** Text that the body must hold. */
    readonly bodyIncludes?: string;
    /** Longest time for the whole answer. Default: `'5s'`. */
    readonly within?: Duration;
  };
}

export interface MigrationsConfig {
  /** Run once before the revision gets traffic; the stable revision must work with the new schema. `false` takes an inherited one away. */
  readonly expand?: string | CommandConfig | false;
  /** Run once after the last bake; from then on there is no way back. `false` takes an inherited one away. */
  readonly contract?: string | CommandConfig | false;
}

/** A shell command run once in a revision's files and environment. */
export interface CommandConfig {
  readonly command: string;
  /** Default: `'10m'`. */
  readonly timeout?: Duration;
}

export interface HooksConfig {
  /** After the smoke checks; one that fails ends the rollout. */
  readonly beforeTraffic?: readonly HookConfig[];
  readonly afterPromote?: readonly HookConfig[];
  readonly afterRollback?: readonly HookConfig[];
}

/** A command in the candidate's files, or a signed HTTPS call. */
export type HookConfig = string | CommandHookConfig | CallHookConfig;

export interface CommandHookConfig extends CommandConfig {
  /** Default: the command. */
  readonly name?: string;
}

/** A `POST` whose body is signed by HMAC-SHA-256. */
export interface CallHookConfig {
  /** Default: the address. */
  readonly name?: string;
  readonly url: `https://${string}` | `http://${string}`;
  /** Name of the secret that signs. */
  readonly secret: string;
  /** Default: `'30s'`. */
  readonly timeout?: Duration;
}

/** How the number of targets follows the load. */
export interface ScalingConfig {
  readonly min: number;
  readonly max: number;
  /** Targets to begin with. Default: `min`. */
  readonly desired?: number;
  /** What makes more or fewer of them. Default: none, the number stays. */
  readonly triggers?: readonly TriggerConfig[];
}

export type TriggerConfig = CpuTriggerConfig | RequestsTriggerConfig;

interface CooldownsConfig {
  /** Least time between two steps up. Default: `'5m'`. */
  readonly scaleOutCooldown?: Duration;
  /** Least time between two steps down. Default: `'5m'`. */
  readonly scaleInCooldown?: Duration;
}

export interface CpuTriggerConfig extends CooldownsConfig {
  /** Mean CPU of the targets. */
  readonly metric: 'cpu';
  readonly threshold: Percent;
}

export interface RequestsTriggerConfig extends CooldownsConfig {
  /** Requests of one target in a minute. */
  readonly metric: 'requests';
  readonly threshold: number;
}

export interface EdgeConfig {
  /** Processes that share the ports. Default: by the number of cores. */
  readonly workers?: number;
  /** How long the controller may be silent while traffic is split; then stable gets all of it. Default: `'30s'`. */
  readonly failsafe?: Duration;
}

/** What is different in one environment. Anything of a service can be overridden, key by key. */
export interface EnvironmentConfig<Name extends string = string> {
  /** `local`: one machine, this one. Default: `'local'`. */
  readonly platform?: 'local' | 'aws';
  /**
   * Which defaults apply. Default: by the environment's name: `development` (also dev, local, test, demo),
   * `staging` (also stage, preview, qa), else `production`.
   */
  readonly purpose?: 'development' | 'staging' | 'production';
  /** Overrides of services. */
  readonly services?: { readonly [Service in Name]?: ServiceConfig<NoInfer<Name>> };
  readonly env?: EnvConfig;
  readonly rollout?: RolloutConfig;
  readonly scaling?: ScalingConfig | false;
  readonly edge?: EdgeConfig;
  readonly resources?: ResourcesConfig;
  readonly alerts?: { readonly [alert: string]: AlertConfig | false };
  readonly metrics?: { readonly [metric: string]: MetricConfig | false };
  readonly backups?: BackupsConfig | false;
  readonly freezes?: readonly FreezeConfig[];
  readonly aws?: AwsConfig;
}

export interface ResourcesConfig {
  readonly postgres?: PostgresConfig;
  readonly redis?: RedisConfig;
  readonly storage?: StorageConfig;
}

export interface PostgresConfig {
  /** Major version. Default: 15. */
  readonly version?: number;
  readonly database?: string;
  readonly user?: string;
  /** Default: 5432. */
  readonly port?: number;
  /** Most connections that the server takes. */
  readonly maxConnections?: number;
  /** Size on AWS, for example `db.t4g.small`. */
  readonly instanceClass?: string;
  /** Whether a second zone on AWS has a standby. */
  readonly multiAz?: boolean;
}

export interface RedisConfig {
  /** Major version. Default: 7. */
  readonly version?: number;
  /** Default: 6379. */
  readonly port?: number;
  /** Size on AWS, for example `cache.t4g.micro`. */
  readonly nodeType?: string;
}

export interface StorageConfig {
  /** Folder on one machine, seen from the configuration's. */
  readonly folder?: string;
  /** Bucket on AWS. */
  readonly bucket?: string;
}

/** When to tell a person. */
export type AlertConfig = ShareAlertConfig | LatencyAlertConfig;

interface AlertBaseConfig {
  /** For how long the threshold is exceeded. Default: `'5m'`. */
  readonly window?: Duration;
  /** Default: `'critical'`. */
  readonly severity?: 'warning' | 'critical';
}

export interface ShareAlertConfig extends AlertBaseConfig {
  /** Failed requests, CPU of the targets, or the database's connections of those it takes. */
  readonly metric: 'error-rate' | 'cpu' | 'database-connections';
  readonly threshold: Percent;
}

export interface LatencyAlertConfig extends AlertBaseConfig {
  /** 99th percentile of the answer time. */
  readonly metric: 'latency-p99';
  readonly threshold: Duration;
}

export interface MetricConfig {
  readonly unit: 'Milliseconds' | 'Percent' | 'Count';
  readonly threshold: number;
}

export interface BackupsConfig {
  /** How long a backup is kept. Default: `'7d'`. */
  readonly keep?: Duration;
  /** Between two full backups. Default: `'1d'`. */
  readonly every?: Duration;
  /** Where a second copy goes. */
  readonly copyTo?: {
    /** Another region of AWS. */
    readonly region?: string;
    readonly bucket?: string;
    /** A folder, best on another disk. */
    readonly folder?: string;
  };
  /** What a drill must reach. */
  readonly goals?: {
    /** Most data that may be lost, in time. */
    readonly rpo?: Duration;
    /** Longest time until it serves again. */
    readonly rto?: Duration;
  };
}

/** A time in which nothing is deployed: once, or every week. */
export interface FreezeConfig {
  /** Why; whoever deploys reads it. */
  readonly reason: string;
  /** Time zone of the times. Default: `'UTC'`. */
  readonly timeZone?: string;
  /** Days of the week, for a freeze of every week. Default: none, it happens once. */
  readonly days?: readonly ('mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun')[];
  /** `'2026-12-24T18:00'`, or `'18:00'` where there are `days`. */
  readonly from: string;
  /** Likewise; `'24:00'` is the end of the day. */
  readonly to: string;
}

export interface AwsConfig {
  /** For example `ap-northeast-1`; needed in an environment on AWS. */
  readonly region?: string;
  /** Account number, twelve digits. */
  readonly account?: string;
  /** Default: `<project>-<environment>`. */
  readonly cluster?: string;
  /** The zone in which names are made, for example `example.org`. */
  readonly hostedZone?: string;
  readonly certificate?: {
    readonly domain: string;
    readonly alternativeNames?: readonly string[];
  };
  readonly cdn?: CdnConfig;
  /** What is there already and named instead of made: ids or ARNs. */
  readonly existing?: {
    readonly vpc?: string;
    readonly cluster?: string;
    readonly loadBalancer?: string;
    readonly listener?: string;
    readonly database?: string;
    readonly hostedZone?: string;
  };
  /** Merged into every task definition as it is, for what Morrow does not model. */
  readonly taskDefinition?: { readonly [key: string]: unknown };
}

export interface CdnConfig {
  readonly domain: string;
  readonly origin: {
    readonly domain: string;
    readonly path?: `/${string}`;
  };
  readonly behaviors?: readonly {
    /** For example `'*.js'`. */
    readonly path: string;
    readonly cachePolicy: 'managed-caching-optimized' | 'managed-caching-disabled';
  }[];
}
