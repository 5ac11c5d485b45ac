import type { ResolvedService } from '../config/resolved.ts';
import type { Effect, Placement } from '../engine/types.ts';
import type { Fence, Platform, RevisionSpec } from '../platform/platform.ts';

/** What carrying out effects needs to know of their rollout. */
export interface EffectContext {
  readonly service: string;
  readonly settings: ResolvedService;
  readonly fence: Fence;
  /** Looks up a revision that an effect names. */
  readonly revision: (id: string) => Promise<RevisionSpec>;
  /** Starts a hook's call; its result shows in later observations. */
  readonly call: (effect: Extract<Effect, { type: 'call' }>) => void;
  readonly alert: (severity: 'info' | 'warning' | 'critical', text: string) => void;
}

/**
 * Asks the platform for what one effect says.
 * @throws whatever the platform throws; the effect will be asked for again as long as it is not so
 */
export async function carryOut(effect: Effect, platform: Platform, context: EffectContext): Promise<void> {
  const { service, fence } = context;
  switch (effect.type) {
    case 'ensure':
      return platform.ensure(context.settings, fence);
    case 'stage':
      return platform.stage(
        service,
        effect.slot,
        await context.revision(effect.revision),
        effect.count,
        fence,
      );
    case 'route':
      return platform.route(service, effect.weights, effect.stable, fence);
    case 'resize':
      return platform.resize(service, effect.slot, effect.count, fence);
    case 'probe':
      return platform.probe(service, effect.slot, effect.key, effect.checks, fence);
    case 'run':
      return platform.run(service, effect.slot, effect.key, effect.command, effect.timeoutMs, fence);
    case 'retire':
      return platform.retire(service, effect.slot, fence);
    case 'call':
      return context.call(effect);
    case 'alert':
      return context.alert(effect.severity, effect.text);
  }
}

/** The one effect that may be carried out though the journal can't be written: all traffic to stable. */
export function isReturnToStable(effect: Effect, stable: Placement | null): boolean {
  return effect.type === 'route' && stable !== null && effect.weights?.[stable.slot] === 100;
}
