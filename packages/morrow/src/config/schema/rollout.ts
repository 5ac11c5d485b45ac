import * as z from 'zod';
import { duration, key, needed, percent, positiveDuration, weight, whole } from './kit.ts';

const stepSchema = z.strictObject({
  weight: needed("The candidate's share of the traffic, whole per cents.", weight()),
  bake: key('How long the step is held at least. Default: `rollout.bake`.', duration()),
  gate: key('Whether a person must agree before it goes on. Default: false.', z.boolean()),
});

const guardSchema = z.strictObject({
  errorRate: key("Share of requests that may fail. Default: '1%'.", percent()),
  p99: key("99th percentile of the answer time. Default: '500ms'.", positiveDuration()),
  window: key("How far back the guard looks. Default: '5m'.", positiveDuration()),
  minRequests: key('Fewer requests in the window say nothing. Default: 100.', whole(1, 1_000_000)),
});

const analysisSchema = z.strictObject({
  insufficient: key(
    "Where the bake has passed and there is too little evidence. Default: 'promote', in production 'hold'.",
    z.enum(['hold', 'promote', 'rollback']),
  ),
  guard: key('Limits that a candidate may not exceed.', guardSchema),
});

export const rolloutSchema = z
  .strictObject({
    strategy: key(
      "`canary` goes up in steps, `blue-green` in a single one. Default: 'canary'.",
      z.enum(['canary', 'blue-green']),
    ),
    steps: key(
      "The candidate's share of the traffic, rising; 100 % is added where it is missing. Default: ['5%', '50%', '100%'].",
      z
        .array(z.union([weight(), stepSchema]))
        .min(1)
        .max(100)
        .readonly()
        .meta({
          allowed: "a list of rising percentages such as ['5%', '50%', '100%']",
        }),
    ),
    bake: key("How long each step is held at least. Default: '5m', in development '10s'.", duration()),
    finalBake: key('How long the stable revision is kept warm at 100 %. Default: as `bake`.', duration()),
    progressDeadline: key(
      "Longest time without progress; then the rollout goes back. Default: '10m'.",
      positiveDuration(),
    ),
    maxExits: key("Unplanned exits of the candidate's targets that are borne. Default: 2.", whole(0, 1000)),
    capacityGrace: key(
      "How long too few healthy targets for the candidate's share are borne. Default: '5s'.",
      duration(),
    ),
    onDrift: key(
      "When somebody else changed the weights: put them right, or stop and wait. Default: 'correct'.",
      z.enum(['correct', 'hold']),
    ),
    onBusy: key(
      "When another deploy of the service comes meanwhile. Default: 'supersede'.",
      z.enum(['supersede', 'queue', 'refuse']),
    ),
    analysis: key(
      "How candidate and stable are compared; 'off' ships by health alone.",
      z.union([z.literal('off'), analysisSchema]),
    ),
  })
  .meta({ id: 'rollout' });
