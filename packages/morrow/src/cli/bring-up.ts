import type { ResolvedConfig } from '../config/resolved.ts';
import { environmentPaths } from '../paths.ts';
import { bringUp, readMarker, type UpMarker, type UpResult } from './background.ts';
import type { Context } from './context.ts';

/**
 * Brings an environment up and says what was started.
 * @param talk whether to say as well what ran already
 */
export async function bringUpAndTell(
  context: Context,
  config: ResolvedConfig,
  talk: boolean,
): Promise<UpResult> {
  const { out, pieces, signal } = context;
  const paths = environmentPaths(config.root, config.environment);
  const before = readMarker(paths);
  const marker: UpMarker = { edge: { workers: config.edge.workers, failsafeMs: config.edge.failsafeMs } };
  const result = await bringUp(paths, marker, pieces.programs, signal);
  const { dim } = out.errorLook.style;
  const ran = (['edge', 'agent'] as const).filter((name) => result[name] === 'running');
  const started = (['edge', 'agent'] as const).filter((name) => result[name] === 'started');
  if (started.length > 0)
    out.say(`${config.environment} is up: ${started.join(' and ')} started in the background.`);
  if (talk && ran.length > 0) out.say(dim(`${ran.join(' and ')} of ${config.environment} ran already.`));
  if (before && result.edge === 'running' && JSON.stringify(before) !== JSON.stringify(marker)) {
    const again = `morrow down ${config.environment} && morrow up ${config.environment}`;
    out.say(`The settings of the edge have changed; they take effect after \`${again}\`.`);
  }
  return result;
}
