import * as z from 'zod';
import { duration, key, name, needed, percent, positiveDuration, urlPath, whole, words } from './kit.ts';

/** Names of alerts and metrics, as a dashboard shows them. */
const label = () =>
  z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/)
    .meta({ allowed: 'a name of letters, digits and hyphens that begins with a letter' });

export const edgeSchema = z.strictObject({
  workers: key('Processes that share the ports. Default: by the number of cores.', whole(1, 64)),
  failsafe: key(
    "How long the controller may be silent while traffic is split; then stable gets all of it. Default: '30s'.",
    positiveDuration(),
  ),
});

export const resourcesSchema = z.strictObject({
  postgres: key(
    'A PostgreSQL database.',
    z.strictObject({
      version: key('Major version. Default: 15.', whole(12, 99)),
      database: key('Name of the database.', words('the name of a database')),
      user: key('Name of the user.', words('the name of a user')),
      port: key('Port of the server. Default: 5432.', whole(1, 65_535)),
      maxConnections: key('Most connections that the server takes.', whole(1, 100_000)),
      instanceClass: key('Size on AWS.', words("a size such as 'db.t4g.small'")),
      multiAz: key('Whether a second zone on AWS has a standby.', z.boolean()),
    }),
  ),
  redis: key(
    'A Redis cache.',
    z.strictObject({
      version: key('Major version. Default: 7.', whole(5, 99)),
      port: key('Port of the server. Default: 6379.', whole(1, 65_535)),
      nodeType: key('Size on AWS.', words("a size such as 'cache.t4g.micro'")),
    }),
  ),
  storage: key(
    'Object storage.',
    z.strictObject({
      folder: key("Folder on one machine, seen from the configuration's.", words('a folder')),
      bucket: key('Bucket on AWS.', words('the name of a bucket')),
    }),
  ),
});

const METRIC_OF_ALERT =
  '`error-rate`: failed requests; `latency-p99`: 99th percentile of the answer time; `cpu`: of the targets; `database-connections`: of those that the database takes.';

const alertBase = {
  window: key("For how long the threshold is exceeded. Default: '5m'.", positiveDuration()),
  severity: key("How much it matters. Default: 'critical'.", z.enum(['warning', 'critical'])),
};

export const alertsSchema = z.record(
  label(),
  z.union([
    z.literal(false),
    z.discriminatedUnion('metric', [
      z.strictObject({
        metric: needed(METRIC_OF_ALERT, z.enum(['error-rate', 'cpu', 'database-connections'])),
        threshold: needed('Value above which somebody is told.', percent()),
        ...alertBase,
      }),
      z.strictObject({
        metric: needed(METRIC_OF_ALERT, z.literal('latency-p99')),
        threshold: needed('Value above which somebody is told.', positiveDuration()),
        ...alertBase,
      }),
    ]),
  ]),
);

export const metricsSchema = z.record(
  label(),
  z.union([
    z.literal(false),
    z.strictObject({
      unit: needed('Unit of the metric.', z.enum(['Milliseconds', 'Percent', 'Count'])),
      threshold: needed(
        'Value that a dashboard marks.',
        z.number().min(0).meta({ allowed: 'a number, 0 or more' }),
      ),
    }),
  ]),
);

export const backupsSchema = z.union([
  z.literal(false),
  z.strictObject({
    keep: key("How long a backup is kept. Default: '7d'.", positiveDuration()),
    every: key("Between two full backups. Default: '1d'.", positiveDuration()),
    copyTo: key(
      'Where a second copy goes. Default: nowhere.',
      z.strictObject({
        region: key('Another region of AWS.', region()),
        bucket: key('A bucket.', words('the name of a bucket')),
        folder: key('A folder, best on another disk.', words('a folder')),
      }),
    ),
    goals: key(
      'What a drill must reach.',
      z.strictObject({
        rpo: key('Most data that may be lost, in time.', duration()),
        rto: key('Longest time until it serves again.', positiveDuration()),
      }),
    ),
  }),
]);

export const freezesSchema = z
  .array(
    z.strictObject({
      reason: needed('Why; whoever deploys reads it.', words('a reason')),
      timeZone: key("Time zone of the times. Default: 'UTC'.", words("a time zone such as 'Asia/Tokyo'")),
      days: key(
        'Days of the week, for a freeze of every week. Default: none, it happens once.',
        z
          .array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']))
          .min(1)
          .readonly()
          .meta({ allowed: "a list of days: 'mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'" }),
      ),
      from: needed("Beginning: '2026-12-24T18:00', or '18:00' where there are `days`.", words('a time')),
      to: needed("End, likewise; '24:00' is the end of the day.", words('a time')),
    }),
  )
  .readonly();

function region() {
  return z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/)
    .meta({ allowed: "a region such as 'ap-northeast-1'" });
}

const domain = () =>
  z
    .string()
    .regex(/^(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/)
    .meta({ allowed: "a domain such as 'api.example.org'" });

const arn = () => words('an id or ARN');

const cdnSchema = z.strictObject({
  domain: needed('Name of the CDN.', domain()),
  origin: needed(
    'Where it gets what it hands out.',
    z.strictObject({
      domain: needed('Name of the origin.', domain()),
      path: key("Beginning of the origin's paths. Default: none.", urlPath()),
    }),
  ),
  behaviors: key(
    'How paths are cached. Default: none.',
    z
      .array(
        z.strictObject({
          path: needed('Pattern of the paths.', words("a pattern such as '*.js'")),
          cachePolicy: needed(
            'Managed policy of CloudFront.',
            z.enum(['managed-caching-optimized', 'managed-caching-disabled']),
          ),
        }),
      )
      .readonly(),
  ),
});

export const awsSchema = z.strictObject({
  region: key('Region; needed in an environment on AWS.', region()),
  account: key(
    'Account number.',
    z
      .string()
      .regex(/^\d{12}$/)
      .meta({ allowed: 'a text of twelve digits' }),
  ),
  cluster: key('Name of the ECS cluster. Default: `<project>-<environment>`.', name('a name', 60)),
  hostedZone: key('Zone in which names are made.', domain()),
  certificate: key(
    'Certificate of the load balancer.',
    z.strictObject({
      domain: needed('Name of the certificate.', domain()),
      alternativeNames: key('Further names. Default: none.', z.array(domain()).readonly()),
    }),
  ),
  cdn: key('CDN in front of static files. Default: none.', cdnSchema),
  existing: key(
    'What is there already and named instead of made: ids or ARNs. Default: everything is made.',
    z.strictObject({
      vpc: key('VPC.', arn()),
      cluster: key('ECS cluster.', arn()),
      loadBalancer: key('Application load balancer.', arn()),
      listener: key('HTTPS listener of the load balancer.', arn()),
      database: key('PostgreSQL database.', arn()),
      hostedZone: key('Route 53 zone.', arn()),
    }),
  ),
  taskDefinition: key(
    'Merged into every task definition as it is, for what Morrow does not model. Default: nothing.',
    z.record(z.string(), z.unknown()),
  ),
});
