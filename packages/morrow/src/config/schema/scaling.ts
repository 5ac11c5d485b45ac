import * as z from 'zod';
import { duration, key, needed, percent, whole } from './kit.ts';

const cooldowns = {
  scaleOutCooldown: key("Least time between two steps up. Default: '5m'.", duration()),
  scaleInCooldown: key("Least time between two steps down. Default: '5m'.", duration()),
};

const triggerSchema = z.discriminatedUnion('metric', [
  z.strictObject({
    metric: needed(
      '`cpu`: mean CPU of the targets; `requests`: requests of one target in a minute.',
      z.literal('cpu'),
    ),
    threshold: needed('Value that the metric is kept near.', percent()),
    ...cooldowns,
  }),
  z.strictObject({
    metric: needed(
      '`cpu`: mean CPU of the targets; `requests`: requests of one target in a minute.',
      z.literal('requests'),
    ),
    threshold: needed('Value that the metric is kept near.', whole(1, 1_000_000_000)),
    ...cooldowns,
  }),
]);

export const scalingSchema = z
  .union([
    z.literal(false),
    z.strictObject({
      min: needed('Fewest targets.', whole(1, 1000)),
      max: needed('Most targets.', whole(1, 1000)),
      desired: key('Targets to begin with. Default: `min`.', whole(1, 1000)),
      triggers: key('What makes more or fewer of them. Default: none.', z.array(triggerSchema).readonly()),
    }),
  ])
  .meta({ id: 'scaling' });
