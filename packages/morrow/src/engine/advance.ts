import type { Analyzer } from './analysis/analyzer.ts';
import { guardAnalyzer } from './analysis/guard.ts';
import { passTime } from './clock.ts';
import { obey } from './commands.ts';
import { baking } from './phases/baking.ts';
import { contracting } from './phases/contracting.ts';
import { holding, paused, waiting } from './phases/interrupted.ts';
import { observing } from './phases/observing.ts';
import { pending, preparing } from './phases/preparing.ts';
import { rollingBack } from './phases/rolling-back.ts';
import { shifting } from './phases/shifting.ts';
import { migrating, verifying } from './phases/verifying.ts';
import { refusal } from './refusal.ts';
import { type Scene, sceneOf } from './scene.ts';
import { goBack } from './transitions.ts';
import {
  type Advanced,
  type Effect,
  type Event,
  type Observation,
  type Phase,
  type Rollout,
  TERMINAL_PHASES,
} from './types.ts';
import { unseen } from './unseen.ts';
import { measured } from './verdict.ts';
import { watch } from './watch.ts';

/**
 * The engine: plain data in, plain data out. Decides what an event means for a rollout and what to ask the platform for.
 *
 * Effects come with `observed` events only, whenever the platform shows something else than is wanted, so a lost effect
 * is asked for again at the next observation. `measured` and `command` change the state; observe soon after them.
 * A command that {@link refusal} speaks against changes nothing, and neither does anything once a rollout has ended.
 */
export function advance(rollout: Rollout, event: Event, analyzer: Analyzer = guardAnalyzer): Advanced {
  if (hasEnded(rollout)) return { rollout, effects: [] };
  if (event.type === 'command' && refusal(rollout, event.command) !== null) return { rollout, effects: [] };
  const now = passTime(rollout, event.atMs);
  switch (event.type) {
    case 'observed':
      return observed(now, event.observation, event.atMs, analyzer);
    case 'measured':
      return { rollout: measured(now, event.blocks, analyzer), effects: [] };
    case 'command':
      return { rollout: obey(now, event.command, event.by, event.atMs), effects: [] };
    case 'tick':
      return unseen(now, event.atMs);
  }
}

/** Whether a rollout has ended: nothing changes it any more. */
export const hasEnded = (rollout: Rollout): boolean => TERMINAL_PHASES.includes(rollout.phase);

type Handler = (rollout: Rollout, scene: Scene) => Advanced;

const HANDLERS: Partial<Record<Phase, Handler>> = {
  pending,
  preparing,
  verifying,
  migrating,
  shifting,
  observing,
  baking,
  contracting,
  paused,
  holding,
  waiting,
  'rolling-back': rollingBack,
};

/** Goes as far as one observation leads: a phase that is done at once does not wait for the next. */
function observed(rollout: Rollout, observation: Observation, atMs: number, analyzer: Analyzer): Advanced {
  const scene = sceneOf(rollout, observation, atMs, analyzer);
  const effects: Effect[] = [];
  let current = rollout;
  for (let turns = 12 + 3 * rollout.settings.steps.length; turns > 0; turns--) {
    const { phase, step } = current;
    const advanced = turn(current, scene);
    effects.push(...advanced.effects);
    current = advanced.rollout;
    if (hasEnded(current) || (current.phase === phase && current.step === step)) break;
  }
  return { rollout: current, effects };
}

function turn(rollout: Rollout, scene: Scene): Advanced {
  const handler = HANDLERS[rollout.phase];
  if (handler === undefined) return { rollout, effects: [] };
  if (rollout.phase === 'pending' || rollout.phase === 'rolling-back') return handler(rollout, scene);
  const { rollout: watched, effects, back } = watch(rollout, scene);
  const advanced = back === null ? handler(watched, scene) : goBack(watched, back, scene.nowMs);
  return { rollout: advanced.rollout, effects: [...effects, ...advanced.effects] };
}
