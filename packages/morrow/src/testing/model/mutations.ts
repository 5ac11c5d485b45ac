import { otherSlot, weightsOf } from '../../engine/slot.ts';
import type { Effect, Event, Observation, Rollout } from '../../engine/types.ts';
import { type Engine, soundEngine } from './model.ts';

/** The engine with one rule broken; an exploration must find it. */
export interface Mutation {
  readonly name: string;
  readonly engine: Engine;
  /** Name of the scenario in which it shows. */
  readonly scenario: string;
  /** Words of the rule that must be found broken. */
  readonly found: string;
}

const CANARY = 'canary, holds without evidence';
const GATE = 'canary with gate and a hook after a return, holds for drift';
const CONTRACT = 'blue-green with contract and a hook after it';

/** The engine sees something else than what is there. */
const seeing =
  (lie: (observation: Observation, rollout: Rollout) => Observation): Engine =>
  (rollout, event) =>
    soundEngine(
      rollout,
      event.type === 'observed' ? { ...event, observation: lie(event.observation, rollout) } : event,
    );

/** The engine asks for something else than what it decided. */
const asking =
  (change: (effects: readonly Effect[], after: Rollout, before: Rollout) => readonly Effect[]): Engine =>
  (rollout, event) => {
    const advanced = soundEngine(rollout, event);
    if (event.type !== 'observed' || advanced.rollout === rollout) return advanced;
    return { ...advanced, effects: change(advanced.effects, advanced.rollout, rollout) };
  };

/** The engine's state is something else than what it decided. */
const deciding =
  (change: (after: Rollout, event: Event, before: Rollout) => Rollout): Engine =>
  (rollout, event) => {
    const advanced = soundEngine(rollout, event);
    return advanced.rollout === rollout
      ? advanced
      : { ...advanced, rollout: change(advanced.rollout, event, rollout) };
  };

const onRoutes = (change: (effect: Effect & { type: 'route' }, after: Rollout) => Effect): Engine =>
  asking((effects, after) =>
    effects.map((effect) => (effect.type === 'route' ? change(effect, after) : effect)),
  );

/** Rules broken on purpose, one at a time. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'capacity is not checked before a shift',
    scenario: CANARY,
    found: 'healthy targets',
    engine: seeing((observation, { phase, settings, candidate, stable }) => {
      if (phase === 'pending' || phase === 'preparing' || phase === 'rolling-back') return observation;
      const slots = { ...observation.slots };
      for (const side of [candidate, stable]) {
        if (side !== null && slots[side.slot].healthy > 0)
          slots[side.slot] = { ...slots[side.slot], healthy: settings.count };
      }
      return { ...observation, slots };
    }),
  },
  {
    name: 'the candidate is stopped before its traffic has left',
    scenario: CANARY,
    found: 'is stopped while it has traffic',
    engine: asking((effects, { phase, candidate }) =>
      phase === 'rolling-back' ? [{ type: 'retire', slot: candidate.slot }, ...effects] : effects,
    ),
  },
  {
    name: 'a step is skipped',
    scenario: CANARY,
    found: 'its step allows 10 %',
    engine: onRoutes((effect, { settings, step, candidate, phase }) => {
      const next = settings.steps[step + 1];
      if (phase === 'rolling-back' || next === undefined) return effect;
      return { ...effect, weights: weightsOf(candidate.slot, next.weightPct) };
    }),
  },
  {
    name: 'weights do not add up',
    scenario: CANARY,
    found: 'weights do not add up to 100',
    engine: onRoutes((effect) =>
      effect.weights === null
        ? effect
        : { ...effect, weights: { ...effect.weights, blue: effect.weights.blue + 1 } },
    ),
  },
  {
    name: 'what was asked for once is taken as done',
    scenario: CANARY,
    found: 'stuck though all is well',
    engine: asking((effects, _, before) =>
      effects.filter(
        (effect) =>
          effect.type !== 'route' || JSON.stringify(effect.weights) !== JSON.stringify(before.weights),
      ),
    ),
  },
  {
    name: 'stable is stopped as soon as it has no traffic',
    scenario: CANARY,
    found: 'stable is stopped before the bake has ended',
    engine: asking((effects, { phase, stable }) =>
      phase === 'baking' && stable !== null ? [...effects, { type: 'retire', slot: stable.slot }] : effects,
    ),
  },
  {
    name: 'stable is made smaller during the bake',
    scenario: CANARY,
    found: 'stable is made smaller before the bake has ended',
    engine: asking((effects, { phase, stable }) =>
      phase === 'baking' && stable !== null
        ? [...effects, { type: 'resize', slot: stable.slot, count: 1 }]
        : effects,
    ),
  },
  {
    name: 'the bake is cut short',
    scenario: CANARY,
    found: 'the bake took',
    engine: deciding((after) =>
      after.phase === 'baking' ? { ...after, memory: { ...after.memory, bakedMs: 1e9 } } : after,
    ),
  },
  {
    name: 'a candidate too weak for its traffic is promoted',
    scenario: CANARY,
    found: 'promoted without the capacity',
    engine: seeing((observation, { phase, settings, candidate }) => {
      if (phase !== 'baking') return observation;
      const view = { ...observation.slots[candidate.slot], healthy: settings.count };
      return { ...observation, slots: { ...observation.slots, [candidate.slot]: view } };
    }),
  },
  {
    name: 'a pause lets the bake go on',
    scenario: CANARY,
    found: 'the bake took',
    engine: deciding((after, event, before) => {
      if (before.phase !== 'paused' || after.phase !== 'paused') return after;
      const pausedMs = event.atMs - before.memory.lastEventMs;
      return { ...after, memory: { ...after.memory, bakedMs: after.memory.bakedMs + pausedMs } };
    }),
  },
  {
    name: 'there is no deadline',
    scenario: CANARY,
    found: 'does not end though nothing works',
    engine: deciding((after, event) => ({ ...after, progressAtMs: event.atMs })),
  },
  {
    name: 'nobody looks after a rollout that is paused',
    scenario: CANARY,
    found: 'a dead candidate keeps its traffic',
    engine: (rollout, event) =>
      rollout.phase === 'paused' && event.type === 'observed'
        ? { rollout: { ...rollout, memory: { ...rollout.memory, lastEventMs: event.atMs } }, effects: [] }
        : soundEngine(rollout, event),
  },
  {
    name: 'an abort while holding is ignored',
    scenario: CANARY,
    found: 'abort is ignored',
    engine: (rollout, event) =>
      rollout.phase === 'holding' && event.type === 'command' && event.command.type === 'abort'
        ? { rollout, effects: [] }
        : soundEngine(rollout, event),
  },
  {
    name: 'it counts as rolled back before the traffic is back',
    scenario: CANARY,
    found: 'rolled back without all traffic on stable',
    engine: seeing((observation, { phase, stable, candidate }) => {
      if (phase !== 'rolling-back' || stable === null) return observation;
      return { ...observation, weights: weightsOf(otherSlot(candidate.slot), 100) };
    }),
  },
  {
    name: 'a slot with traffic is staged over',
    scenario: GATE,
    found: 'is replaced while it has traffic',
    engine: asking((effects, { phase, candidate, settings }) =>
      phase === 'preparing'
        ? [
            { type: 'stage', slot: candidate.slot, revision: candidate.revision, count: settings.count },
            ...effects,
          ]
        : effects,
    ),
  },
  {
    name: 'smoke tests are not waited for',
    scenario: CANARY,
    found: 'traffic without smoke tests',
    engine: seeing((observation, { phase, id }) =>
      phase === 'verifying'
        ? { ...observation, probes: { [`${id}/smoke`]: { state: 'succeeded' } } }
        : observation,
    ),
  },
  {
    name: 'the schema is contracted while the old revision is warm',
    scenario: CONTRACT,
    found: 'a revision is warm that needs it',
    engine: seeing((observation, { phase, stable }) => {
      if (phase !== 'contracting' || stable === null) return observation;
      const { slots } = observation;
      return {
        ...observation,
        slots: { ...slots, [stable.slot]: { ...slots[stable.slot], revision: null } },
      };
    }),
  },
  {
    name: 'a crash after the contract goes back all the same',
    scenario: CONTRACT,
    found: 'back past the contract',
    engine: deciding((after, event) => {
      if (!after.contracted || event.type !== 'observed' || after.outcome !== null) return after;
      const dead = event.observation.slots[after.candidate.slot].healthy === 0;
      return dead ? { ...after, phase: 'rolling-back' } : after;
    }),
  },
  {
    name: 'what has ended can be taken up again',
    scenario: CANARY,
    found: 'is not the end',
    engine: (rollout, event) =>
      rollout.outcome !== null && event.type === 'command' && event.command.type === 'resume'
        ? { rollout: { ...rollout, phase: 'observing', outcome: null }, effects: [] }
        : soundEngine(rollout, event),
  },
];
