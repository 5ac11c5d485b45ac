/** Lays configurations over one another: the environment's over the service's over the root's. */
import { valueAt } from './mistakes.ts';
import type { Path } from './schema/walk.ts';
import type { HealthConfig, ListenConfig, MigrationsConfig, MorrowConfig, ServiceConfig } from './types.ts';

type Plain = { readonly [key: string]: unknown };

/** A service after merging, with the shorthands written out. */
export interface MergedService extends Omit<ServiceConfig, 'listen' | 'health' | 'migrations'> {
  readonly listen?: ListenConfig;
  readonly health?: HealthConfig;
  readonly migrations?: {
    readonly expand?: Exclude<MigrationsConfig['expand'], string | undefined>;
    readonly contract?: Exclude<MigrationsConfig['contract'], string | undefined>;
  };
}

/** One of the places in which something of a service can stand. */
export interface Layer {
  readonly path: Path;
  readonly value: MergedService;
}

/**
 * `over` laid over `base`: objects key by key, everything else (lists, too) whole. What is undefined is not there.
 */
export function merge<T>(base: T, over: T): T {
  if (over === undefined) return base;
  if (!isPlain(base) || !isPlain(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value !== undefined) merged[key] = merge(merged[key], value);
  }
  return merged as T;
}

/** Where something of a service can stand in an environment, from the weakest to the strongest. */
export function layersOf(config: MorrowConfig, environment: string, service: string): Layer[] {
  const inEnvironment = config.environments?.[environment];
  const layers: { path: Path; value: ServiceConfig | undefined }[] = [
    { path: [], value: shared(config) },
    { path: ['services', service], value: config.services[service] },
    { path: ['environments', environment], value: shared(inEnvironment ?? {}) },
    {
      path: ['environments', environment, 'services', service],
      value: inEnvironment?.services?.[service],
    },
  ];
  return layers.map(({ path, value }) => ({ path, value: writtenOut(value ?? {}) }));
}

/** A service as one environment has it. */
export function mergedService(layers: readonly Layer[]): MergedService {
  return layers.map(({ value }) => value).reduce(laidOver, {});
}

/** Scaling that an environment brings outranks a fixed number of targets that the service had without it. */
function laidOver(base: MergedService, over: MergedService): MergedService {
  const { instances: _, ...rest } = base;
  const scales = over.scaling !== undefined && over.scaling !== false && over.instances === undefined;
  return merge(scales ? rest : base, over);
}

/** The strongest layer that says something under a key. */
export function layerOf(layers: readonly Layer[], key: Path): Layer | null {
  return layers.findLast(({ value }) => valueAt(value, key) !== undefined) ?? null;
}

/** Path of the strongest place that says something under a key; where none does, as if the service itself did. */
export function sourceOf(layers: readonly Layer[], key: Path): Path {
  return [...((layerOf(layers, key) ?? layers[1])?.path ?? []), ...key];
}

function shared({ env, rollout, scaling }: ServiceConfig): ServiceConfig {
  return {
    ...(env !== undefined && { env }),
    ...(rollout !== undefined && { rollout }),
    ...(scaling !== undefined && { scaling }),
  };
}

function writtenOut(service: ServiceConfig): MergedService {
  const { listen, health, migrations, ...rest } = service;
  return {
    ...rest,
    ...(listen !== undefined && { listen: typeof listen === 'number' ? { port: listen } : listen }),
    ...(health !== undefined && {
      health: typeof health === 'string' ? { ready: health, live: health } : health,
    }),
    ...(migrations !== undefined && {
      migrations: {
        ...(migrations.expand !== undefined && { expand: commandOf(migrations.expand) }),
        ...(migrations.contract !== undefined && { contract: commandOf(migrations.contract) }),
      },
    }),
  };
}

function commandOf<T>(command: string | T): { command: string } | T {
  return typeof command === 'string' ? { command } : command;
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
