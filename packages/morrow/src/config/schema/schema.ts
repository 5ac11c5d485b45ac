import * as z from 'zod';
import { key, name, needed } from './kit.ts';
import {
  alertsSchema,
  awsSchema,
  backupsSchema,
  edgeSchema,
  freezesSchema,
  metricsSchema,
  resourcesSchema,
} from './operations.ts';
import { rolloutSchema } from './rollout.ts';
import { scalingSchema } from './scaling.ts';
import { envSchema, serviceName, serviceSchema } from './service.ts';

/** Keys that stand at the root for every environment, and in an environment to override them. */
const shared = {
  env: key('Environment variables of every service. Default: none.', envSchema),
  rollout: key('How a new revision takes over, for every service.', rolloutSchema),
  scaling: key('How many targets there are, for every service. Default: as `instances` says.', scalingSchema),
  edge: key("The proxy that takes a machine's requests.", edgeSchema),
  resources: key('What the services use. Default: nothing.', resourcesSchema),
  alerts: key(
    'When to tell a person, by name; `false` takes an inherited one away. Default: none.',
    alertsSchema,
  ),
  metrics: key("The app's own metrics by name. Default: none.", metricsSchema),
  backups: key('What is backed up; `false` takes it away. Default: nothing.', backupsSchema),
  freezes: key('Times in which nothing is deployed. Default: none.', freezesSchema),
  aws: key('Where and how the environments on AWS run.', awsSchema),
};

const environmentSchema = z.strictObject({
  platform: key("`local` is one machine, this one. Default: 'local'.", z.enum(['local', 'aws'])),
  purpose: key(
    'Which defaults apply. Default: by name: `development` (also dev, local, test, demo), `staging` (also stage, preview, qa), else `production`.',
    z.enum(['development', 'staging', 'production']),
  ),
  services: key('Overrides of services. Default: none.', z.record(serviceName(), serviceSchema)),
  ...shared,
});

/** The configuration as people write it. Validates and changes nothing: `resolve.ts` turns it into numbers. */
export const configSchema = z
  .strictObject({
    $schema: key('Where an editor finds the JSON Schema.', z.string()),
    project: key("Name of the project. Default: the name of the configuration's folder.", name('a name', 40)),
    services: needed(
      'The services by name.',
      z.record(serviceName(), serviceSchema).meta({ allowed: 'an object with a service under each name' }),
    ),
    environments: key(
      'The environments by name. Default: `development`, on this machine.',
      z.record(name('a name', 24), environmentSchema),
    ),
    ...shared,
  })
  .meta({ allowed: "an object such as { services: { web: { start: 'node server.js' } } }" });
