import { basename, relative, resolve, sep } from 'node:path';
import { MorrowError } from '../errors.ts';
import { FAILSAFE_MS, type Purpose, purposeOf, ROLLOUT_DEFAULTS, SERVICE_DEFAULTS } from './defaults.ts';
import { layersOf, type MergedService, merge, mergedService } from './merge.ts';
import { deploymentOrder } from './order.ts';
import { ms, resolveRollout } from './resolve-rollout.ts';
import type { ResolvedConfig, ResolvedService } from './resolved.ts';
import { closest } from './suggest.ts';
import type { AwsConfig, EnvConfig, EnvironmentConfig, MorrowConfig, ScalingConfig } from './types.ts';
import { parseSize } from './values.ts';

/** A valid configuration and where it came from. */
export interface ConfigSource {
  /** The configuration file, absolute. */
  readonly file: string;
  /** Its folder, absolute. */
  readonly root: string;
  readonly config: MorrowConfig;
}

const DEFAULT_ENVIRONMENTS: Readonly<Record<string, EnvironmentConfig>> = { development: {} };

/** Names of the environments, in the order of the file. */
export function environmentsOf(config: MorrowConfig): string[] {
  return Object.keys(config.environments ?? DEFAULT_ENVIRONMENTS);
}

/** The project's name: as configured, else the folder's name as far as it can be one. */
export function projectOf({ config, root }: ConfigSource): string {
  return config.project ?? nameFrom(basename(root), 'project');
}

/** A text as a name: lower case, digits and hyphens, beginning with a letter. */
export function nameFrom(text: string, otherwise: string, max = 40): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, max)
    .replace(/-+$/, '');
  return name === '' ? otherwise : name;
}

/**
 * The configuration of one environment in numbers: defaults, the environment's overrides, absolute paths.
 * @param source what {@link loadConfig} returns
 * @throws MorrowError `UNKNOWN_ENVIRONMENT`, with the name that may have been meant
 */
export function resolveConfig(source: ConfigSource, environment: string): ResolvedConfig {
  const { config, root, file } = source;
  const names = environmentsOf(config);
  if (!names.includes(environment)) throw unknownEnvironment(environment, names, basename(file));
  const own = config.environments?.[environment] ?? {};
  const project = projectOf(source);
  const platform = own.platform ?? 'local';
  const edge = merge(config.edge ?? {}, own.edge ?? {});
  const merged = Object.keys(config.services).map((name) => {
    return { name, service: mergedService(layersOf(config, environment, name)) };
  });
  const purpose = own.purpose ?? purposeOf(environment);
  return {
    project,
    root,
    file,
    environment,
    platform,
    services: deploymentOrder(
      merged.map(({ name, service }) => resolveService(source, name, service, purpose)),
    ),
    edge: { workers: edge.workers ?? 0, failsafeMs: ms(edge.failsafe, FAILSAFE_MS) },
    extras: {
      purpose,
      scaling: Object.fromEntries(merged.map(({ name, service }) => [name, scalingOf(service)])),
      uses: Object.fromEntries(merged.map(({ name, service }) => [name, service.uses ?? []])),
      resources: merge(config.resources ?? {}, own.resources ?? {}),
      alerts: present(merge(config.alerts ?? {}, own.alerts ?? {})),
      metrics: present(merge(config.metrics ?? {}, own.metrics ?? {})),
      backups: merge(config.backups, own.backups) || null,
      freezes: own.freezes ?? config.freezes ?? [],
      aws: platform === 'aws' ? awsOf(merge(config.aws ?? {}, own.aws ?? {}), project, environment) : null,
    },
  };
}

/**
 * A service of a resolved configuration by name.
 * @throws MorrowError `UNKNOWN_SERVICE`, with the name that may have been meant
 */
export function findService(config: ResolvedConfig, name: string): ResolvedService {
  const service = config.services.find((one) => one.name === name);
  if (service !== undefined) return service;
  const names = config.services.map((one) => one.name);
  throw new MorrowError('UNKNOWN_SERVICE', `There is no service ${name} in ${basename(config.file)}.`, {
    hint: suggestion(name, names, 'services'),
  });
}

/** The error for an environment that does not exist. */
function unknownEnvironment(name: string, names: readonly string[], file: string): MorrowError {
  return new MorrowError('UNKNOWN_ENVIRONMENT', `There is no environment ${name} in ${file}.`, {
    hint: suggestion(name, names, 'environments'),
  });
}

function suggestion(name: string, names: readonly string[], what: string): string {
  const near = closest(name, names);
  return near === null ? `The ${what} are: ${names.join(', ')}.` : `Did you mean ${near}?`;
}

function resolveService(
  { root, file }: ConfigSource,
  name: string,
  service: MergedService,
  purpose: Purpose,
): ResolvedService {
  const folder = resolve(root, service.folder ?? '.');
  return {
    name,
    kind: service.kind ?? 'http',
    folder,
    dependsOn: service.dependsOn ?? [],
    runtime: service.runtime ?? 'auto',
    build: service.build || null,
    start: service.start ?? null,
    ignore: [...configurationWithin(folder, file), ...(service.ignore ?? [])],
    env: environmentVariables(service.env ?? {}),
    secrets: service.secrets ?? [],
    ...resolveTraffic(service),
    startTimeoutMs: ms(service.startTimeout, SERVICE_DEFAULTS.startTimeoutMs),
    memoryBytes: bytes(service.memory),
    stopGraceMs: ms(service.stopGrace, SERVICE_DEFAULTS.stopGraceMs),
    onBusy: service.rollout?.onBusy ?? ROLLOUT_DEFAULTS.onBusy,
    keepRevisions: service.keepRevisions ?? SERVICE_DEFAULTS.keepRevisions,
    rollout: resolveRollout(service, purpose, countOf(service)),
  };
}

export function resolveTraffic(
  service: MergedService,
): Pick<ResolvedService, 'listen' | 'health' | 'timeouts' | 'maxBodyBytes'> {
  const { listen = {}, health = {}, timeouts = {} } = service;
  const { host = [] } = listen;
  return {
    listen: {
      address: listen.address ?? SERVICE_DEFAULTS.address,
      port: listen.port ?? SERVICE_DEFAULTS.port,
      hosts: typeof host === 'string' ? [host] : host,
      pathPrefix: listen.path ?? SERVICE_DEFAULTS.pathPrefix,
    },
    health: {
      readyPath: health.ready ?? SERVICE_DEFAULTS.readyPath,
      livePath: health.live ?? health.ready ?? SERVICE_DEFAULTS.livePath,
      intervalMs: ms(health.interval, SERVICE_DEFAULTS.healthIntervalMs),
      timeoutMs: ms(health.timeout, SERVICE_DEFAULTS.healthTimeoutMs),
      failures: health.failures ?? SERVICE_DEFAULTS.healthFailures,
    },
    timeouts: {
      connectMs: ms(timeouts.connect, SERVICE_DEFAULTS.connectMs),
      answerMs: ms(timeouts.answer, SERVICE_DEFAULTS.answerMs),
      idleMs: ms(timeouts.idle, SERVICE_DEFAULTS.idleMs),
      drainMs: ms(timeouts.drain, SERVICE_DEFAULTS.drainMs),
    },
    maxBodyBytes: bytes(service.maxBody),
  };
}

/**
 * The configuration file is no part of a revision: what of it matters to what runs is hashed by itself, and a new
 * bake time shall not make a new revision.
 */
function configurationWithin(folder: string, file: string): string[] {
  const parts = relative(folder, file).split(sep);
  if (parts[0] === '..') return [];
  return [`/${parts.join('/').replace(/[\\[\]*?! ]/g, '\\$&')}`];
}

function environmentVariables(env: EnvConfig): Record<string, string> {
  const there = Object.entries(env).filter(([, value]) => value !== null);
  return Object.fromEntries(there.map(([name, value]) => [name, String(value)]));
}

/** How many targets carry the full load. */
export function countOf({ instances, scaling }: MergedService): number {
  const scaled = scaling === undefined || scaling === false ? undefined : (scaling.desired ?? scaling.min);
  return instances ?? scaled ?? SERVICE_DEFAULTS.count;
}

function scalingOf({ scaling }: MergedService): ScalingConfig | null {
  return scaling === undefined || scaling === false ? null : scaling;
}

function bytes(size: string | undefined): number | null {
  return size === undefined || size === 'unlimited' ? null : parseSize(size);
}

function present<T>(named: Readonly<Record<string, T | false>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(named).filter((entry): entry is [string, T] => entry[1] !== false),
  );
}

function awsOf(aws: AwsConfig, project: string, environment: string): AwsConfig {
  return { ...aws, cluster: aws.cluster ?? `${project}-${environment}` };
}
