import * as z from 'zod';
import {
  command,
  duration,
  key,
  name,
  needed,
  positiveDuration,
  size,
  urlPath,
  variableName,
  whole,
  words,
} from './kit.ts';
import { rolloutSchema } from './rollout.ts';
import { scalingSchema } from './scaling.ts';

export const envSchema = z.record(
  variableName(),
  z.union([z.string().regex(/^[^\0]*$/), z.number(), z.boolean(), z.null()]).meta({
    allowed: 'a text, a number, true or false, or null to take an inherited one away',
  }),
);

export const serviceName = () => name('a name', 24);

const folder = () => words("a folder such as 'app/backend', seen from the configuration's");
const listOf = <T extends z.ZodType>(item: T) => z.array(item).readonly();

const listenSchema = z.strictObject({
  port: key("Port of the machine, or of the load balancer's target. Default: 8080.", whole(1, 65_535)),
  address: key(
    "Address of the machine to listen at; '0.0.0.0' for every one. Default: '127.0.0.1'.",
    z
      .string()
      .regex(/^[0-9a-fA-F.:]+$/)
      .meta({ allowed: "an IP address such as '127.0.0.1' or '0.0.0.0'" }),
  ),
  host: key(
    "Host name or names; '*.example.org' stands for one label. Default: every host.",
    z.union([hostName(), listOf(hostName())]),
  ),
  path: key("Beginning of the paths; the longest wins. Default: '/'.", urlPath()),
});

function hostName() {
  return z
    .string()
    .regex(/^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/)
    .meta({ allowed: "a host name in lower case without port such as 'api.example.org'" });
}

const healthSchema = z.strictObject({
  ready: key("May it get requests? Must answer 2xx. Default: '/health'.", urlPath()),
  live: key(
    "Is the process alive, whatever its database does? Default: `ready` where that is given, else '/health/live'.",
    urlPath(),
  ),
  interval: key("Between two checks of a healthy target. Default: '1s'.", positiveDuration()),
  timeout: key("Longest time for an answer. Default: '2s'.", positiveDuration()),
  failures: key('Consecutive failures that make a target unhealthy. Default: 3.', whole(1, 100)),
});

const timeoutsSchema = z.strictObject({
  connect: key("To connect to a target. Default: '2s'.", positiveDuration()),
  answer: key(
    "From the request's last byte to the answer's first; then 504. Default: '60s'.",
    positiveDuration(),
  ),
  idle: key("Without a byte in either direction within a body. Default: '60s'.", positiveDuration()),
  drain: key("For requests under way when a revision leaves; then they are cut. Default: '30s'.", duration()),
});

const checkSchema = z.strictObject({
  name: key('Name in reports. Default: method and path.', words('a name')),
  method: key(
    "Method of the request. Default: 'GET'.",
    z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']),
  ),
  path: needed('Path of the request.', urlPath()),
  headers: key(
    'Headers of the request. Default: none.',
    z.record(
      z
        .string()
        .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/)
        .meta({ allowed: 'the name of a header' }),
      z
        .string()
        .regex(/^[^\0\r\n]*$/)
        .meta({ allowed: 'the value of a header, on one line' }),
    ),
  ),
  body: key('Body of the request. Default: none.', z.string()),
  expect: key(
    'What the answer must be.',
    z.strictObject({
      status: key('Status or statuses. Default: any 2xx.', z.union([status(), listOf(status())])),
      bodyIncludes: key('Text that the body must hold. Default: any.', z.string()),
      within: key("Longest time for the whole answer. Default: '5s'.", positiveDuration()),
    }),
  ),
});

function status() {
  return whole(100, 599);
}

const commandSchema = z.strictObject({
  command: needed("Shell command, run once in the revision's files and environment.", command()),
  timeout: key("Longest time that it may take. Default: '10m'.", positiveDuration()),
});

const migrationsSchema = z.strictObject({
  expand: key(
    'Run once before the revision gets traffic; the stable revision must work with the new schema. Default: none.',
    z.union([command(), commandSchema, z.literal(false)]),
  ),
  contract: key(
    'Run once after the last bake; from then on there is no way back. Default: none.',
    z.union([command(), commandSchema, z.literal(false)]),
  ),
});

const hookUrl = z
  .string()
  .regex(/^https?:\/\/[^\s/]+\S*$/)
  .meta({ allowed: "an address such as 'https://example.org/hook'" }) as unknown as z.ZodType<
  `https://${string}` | `http://${string}`,
  `https://${string}` | `http://${string}`
>;

const hookSchema = z.union([
  command(),
  z.strictObject({
    name: key('Name in reports. Default: the command.', words('a name')),
    command: needed("Shell command, run once in the candidate's files and environment.", command()),
    timeout: key("Longest time that it may take. Default: '10m'.", positiveDuration()),
  }),
  z.strictObject({
    name: key('Name in reports. Default: the address.', words('a name')),
    url: needed('Address that gets a signed `POST`.', hookUrl),
    secret: needed('Name of the secret that signs the body by HMAC-SHA-256.', variableName()),
    timeout: key("Longest time that it may take. Default: '30s'.", positiveDuration()),
  }),
]);

const hooksSchema = z.strictObject({
  beforeTraffic: key(
    'After the smoke checks; one that fails ends the rollout. Default: none.',
    listOf(hookSchema),
  ),
  afterPromote: key('After the candidate has become stable. Default: none.', listOf(hookSchema)),
  afterRollback: key('After all traffic is back on stable. Default: none.', listOf(hookSchema)),
});

export const serviceSchema = z
  .strictObject({
    kind: key(
      "`http` answers requests, `worker` runs on its own, `job` runs to its end. Default: 'http'.",
      z.enum(['http', 'worker', 'job']),
    ),
    folder: key("The service's folder, seen from the configuration's. Default: '.'.", folder()),
    build: key(
      'Shell command run in a copy of the folder before a revision starts. Default: none.',
      z.union([command(), z.literal(false)]),
    ),
    start: key(
      'Shell command that starts one target, which listens on `$PORT` at `$HOST`. Default: none; needed to deploy.',
      command(),
    ),
    runtime: key(
      "How a target runs; `auto`: as a container where an engine and an image are there, else as a process. Default: 'auto'.",
      z.enum(['auto', 'process', 'docker']),
    ),
    ignore: key(
      'What is left out of a revision, as in .gitignore. Default: nothing.',
      listOf(words('a pattern as in .gitignore')),
    ),
    env: key(
      "Environment variables. `PORT`, `HOST` and `MORROW_*` are Morrow's own. Default: none.",
      envSchema,
    ),
    secrets: key(
      'Names of secrets; each becomes the environment variable of that name. Default: none.',
      listOf(variableName()),
    ),
    dependsOn: key('Services that are deployed before this one. Default: none.', listOf(serviceName())),
    uses: key(
      'Resources that the service uses. Default: none.',
      listOf(z.enum(['postgres', 'redis', 'storage'])),
    ),
    listen: key(
      'Where requests come in: a port, or more. Default: port 8080 of 127.0.0.1.',
      z.union([whole(1, 65_535), listenSchema]),
    ),
    health: key(
      'What is asked whether a target is healthy: one path for both questions, or more. Default: `/health` and `/health/live`.',
      z.union([urlPath(), healthSchema]).meta({
        allowed:
          "a path that a healthy target answers with 2xx such as '/', or an object with ready, live and more",
      }),
    ),
    instances: key('Targets that carry the full load. Default: `scaling.desired`, else 1.', whole(1, 1000)),
    scaling: key('How the number of targets follows the load. Default: it does not.', scalingSchema),
    memory: key(
      "Most memory that one target may use; beyond it is killed and started again. Default: 'unlimited'.",
      z.union([size(), z.literal('unlimited')]),
    ),
    maxBody: key(
      "Largest request body that is passed on; 413 beyond. Default: 'unlimited'.",
      z.union([size(), z.literal('unlimited')]),
    ),
    startTimeout: key(
      "How long a new target may take to become healthy. Default: '60s'.",
      positiveDuration(),
    ),
    stopGrace: key("Between SIGTERM and SIGKILL. Default: '10s'.", duration()),
    timeouts: key('How long to wait for a target, and for a drain.', timeoutsSchema),
    keepRevisions: key('Earlier revisions that are kept on disk for a rollback. Default: 5.', whole(1, 1000)),
    rollout: key('How a new revision takes over.', rolloutSchema),
    smoke: key(
      'Requests that a new revision must answer as expected before it gets any traffic. Default: none.',
      listOf(z.union([urlPath(), checkSchema])),
    ),
    migrations: key('Commands that change the schema of the database.', migrationsSchema),
    hooks: key('What else happens in a rollout.', hooksSchema),
  })
  .meta({ id: 'service', allowed: "an object such as { start: 'node server.js', listen: 8080 }" });
