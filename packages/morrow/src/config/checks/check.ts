import { type Layer, layersOf, type MergedService, mergedService } from '../merge.ts';
import { formatPath, type Mistake } from '../mistakes.ts';
import { environmentsOf } from '../resolve.ts';
import type { MorrowConfig } from '../types.ts';

/** One service as one environment has it, and where each part of it stands. */
export interface Seen {
  readonly environment: string;
  readonly name: string;
  readonly service: MergedService;
  readonly layers: readonly Layer[];
}

/** A configuration of which every key and value is right by itself, seen as a whole. */
export interface Whole {
  readonly config: MorrowConfig;
  /** Names of all services, also of those that were left out of `config` because they have mistakes. */
  readonly names: readonly string[];
  /** Likewise, those of the environments. */
  readonly environmentNames: readonly string[];
}

/** Every service in every environment. */
export function everywhere({ config }: Whole): Seen[] {
  return environmentsOf(config).flatMap((environment) => {
    return Object.keys(config.services).map((name) => {
      const layers = layersOf(config, environment, name);
      return { environment, name, layers, service: mergedService(layers) };
    });
  });
}

/** Mistakes without those that were found in several environments alike. */
export function distinct(mistakes: readonly Mistake[]): Mistake[] {
  const seen = new Map(mistakes.map((mistake) => [`${formatPath(mistake.path)} ${mistake.text}`, mistake]));
  return [...seen.values()];
}
