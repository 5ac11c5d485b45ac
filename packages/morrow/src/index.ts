import type { MorrowConfig } from './config/types.ts';

export type * from './config/types.ts';

/**
 * Gives a configuration its types: the editor completes it, and a mistake does not compile.
 * @example
 * export default defineConfig({
 *   services: {
 *     web: { start: 'node server.js', listen: 3000 },
 *   },
 * });
 */
export function defineConfig<const Name extends string>(config: MorrowConfig<Name>): MorrowConfig<Name> {
  return config;
}
