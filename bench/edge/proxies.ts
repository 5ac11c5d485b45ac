/** The proxies that are compared: how each is found and started, always with one worker on the given core. */
import { readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, pinned, removeFolder, temporaryFolder, versionOf, whereIs } from './machine.ts';
import { startEdge } from './morrow.ts';
import { output, start } from './processes.ts';

/** Where a proxy is to run, and in front of what. */
export interface Place {
  readonly core: number | null;
  readonly upstreamPort: number;
}

/** A proxy that answers. */
export interface RunningProxy {
  readonly name: ProxyName;
  readonly version: string;
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

export const PROXY_NAMES = ['edge', 'caddy', 'nginx', 'haproxy', 'go'] as const;
export type ProxyName = (typeof PROXY_NAMES)[number];

type Started = Omit<RunningProxy, 'name'> | null;

/** Null: what it needs isn't on this machine. */
const STARTERS: Readonly<Record<ProxyName, (place: Place) => Promise<Started>>> = {
  edge: startEdge,
  caddy: (place) =>
    startConfigured(place, 'caddy', 'Caddyfile', (program, config) => ({
      version: [program, 'version'],
      command: [program, 'run', '--config', config, '--adapter', 'caddyfile'],
      env: { GOMAXPROCS: '1' },
    })),
  nginx: (place) =>
    startConfigured(place, 'nginx', 'nginx.conf', (program, config) => ({
      version: [program, '-v'],
      command: [program, '-c', config],
    })),
  haproxy: (place) =>
    startConfigured(place, 'haproxy', 'haproxy.cfg', (program, config) => ({
      version: [program, '-v'],
      command: [program, '-db', '-f', config],
    })),
  go: startGo,
};

/** What stands in place of a name for people. */
export const TITLES: Readonly<Record<ProxyName, string>> = {
  edge: 'Morrow edge',
  caddy: 'Caddy',
  nginx: 'nginx',
  haproxy: 'HAProxy',
  go: 'Go ReverseProxy',
};

/**
 * Starts a proxy and waits until it passes an answer on; null if this machine hasn't got it.
 * @throws Error if it doesn't answer; it has been stopped then
 */
export async function startProxy(name: ProxyName, place: Place): Promise<RunningProxy | null> {
  const proxy = await STARTERS[name](place);
  if (proxy === null) return null;
  try {
    await answers(proxy.port, name);
  } catch (error) {
    await proxy.stop();
    throw error;
  }
  return { name, ...proxy };
}

interface Invocation {
  readonly version: readonly string[];
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A program with a configuration of `peers/` whose `{{…}}` are filled in. */
async function startConfigured(
  { core, upstreamPort }: Place,
  name: string,
  template: string,
  invocation: (program: string, config: string) => Invocation,
): Promise<Started> {
  const program = whereIs(name);
  if (program === null) return null;
  const dir = temporaryFolder(name);
  const port = await freePort();
  const values: Record<string, string> = { DIR: dir, LISTEN: String(port), UPSTREAM: String(upstreamPort) };
  const text = readFileSync(join(import.meta.dirname, 'peers', template), 'utf8');
  const config = join(dir, template);
  writeFileSync(
    config,
    text.replace(/\{\{(\w+)\}\}/g, (_, key: string) => values[key] ?? ''),
  );
  const { version, command, env } = invocation(program, config);
  const { pid, stop } = start(pinned(core, command), env);
  return { pid, port, version: versionOf(version), stop: () => stop().finally(() => removeFolder(dir)) };
}

async function startGo({ core, upstreamPort }: Place): Promise<Started> {
  const go = whereIs('go');
  if (go === null) return null;
  const dir = temporaryFolder('go');
  const binary = join(dir, 'reverseproxy');
  try {
    await output([go, 'build', '-C', join(import.meta.dirname, 'peers', 'go'), '-o', binary, '.']);
  } catch (error) {
    removeFolder(dir);
    throw error;
  }
  const port = await freePort();
  const command = pinned(core, [binary, `127.0.0.1:${port}`, `http://127.0.0.1:${upstreamPort}`]);
  const { pid, stop } = start(command, { GOMAXPROCS: '1' });
  const version = versionOf([go, 'version']);
  return { pid, port, version, stop: () => stop().finally(() => removeFolder(dir)) };
}

const START_MS = 15_000;

/** Waits until a proxy passes an answer of the upstream on. */
async function answers(port: number, name: ProxyName): Promise<void> {
  for (const end = performance.now() + START_MS; performance.now() < end; await sleep(25)) {
    if ((await statusOf(port)) === 200) return;
  }
  throw new Error(`${TITLES[name]} did not answer within ${START_MS} ms.`);
}

function statusOf(port: number): Promise<number | null> {
  const { promise, resolve } = Promise.withResolvers<number | null>();
  get({ host: '127.0.0.1', port, path: '/small', agent: false }, (res) => {
    res.resume().on('end', () => resolve(res.statusCode ?? null));
    res.on('error', () => resolve(null));
  }).on('error', () => resolve(null));
  return promise;
}
