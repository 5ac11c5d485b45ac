import type { Mistake } from './mistakes.ts';
import type { EnvConfig, HookConfig, MorrowConfig, ServiceConfig } from './types.ts';

/** Something that works and is probably not wanted; same shape as a mistake. */
export type Warning = Mistake;

const SECRET_NAME =
  /(^|_)(PASS|PASSWD|PASSWORD|PASSPHRASE|SECRET|SECRET_?KEY|SECRET_KEY_BASE|TOKEN|CREDENTIALS?|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|ENCRYPTION_?KEY)$/i;
/** A password within an address: `postgres://user:password@host`. */
const ADDRESS_WITH_PASSWORD = /^[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:[^\s/@]+@/i;

/** Secrets written into the configuration, and calls that anybody on the way can read. */
export function warningsOf(config: MorrowConfig): Warning[] {
  const warnings = [
    ...secretsIn(config.env, ['env']),
    ...inServices(config.services, ['services']),
    ...Object.entries(config.environments ?? {}).flatMap(([name, environment]) => [
      ...secretsIn(environment.env, ['environments', name, 'env']),
      ...inServices(environment.services ?? {}, ['environments', name, 'services']),
    ]),
  ];
  return warnings;
}

function inServices(
  services: Readonly<Record<string, ServiceConfig | undefined>>,
  path: Warning['path'],
): Warning[] {
  return Object.entries(services).flatMap(([name, service]) => [
    ...secretsIn(service?.env, [...path, name, 'env']),
    ...Object.entries(service?.hooks ?? {}).flatMap(([moment, hooks]) =>
      plainCalls(hooks, [...path, name, 'hooks', moment]),
    ),
  ]);
}

/** Never shows the value. */
function secretsIn(env: EnvConfig | undefined, path: Warning['path']): Warning[] {
  return Object.entries(env ?? {})
    .filter(([name, value]) => isSecret(name, value))
    .map(([name]) => ({
      path: [...path, name],
      text: `looks like a secret, and what stands in env ends up in files and journals; name it in secrets instead`,
    }));
}

function isSecret(name: string, value: EnvConfig[string]): boolean {
  if (value === null || value === '' || typeof value === 'boolean') return false;
  return SECRET_NAME.test(name) || ADDRESS_WITH_PASSWORD.test(String(value));
}

function plainCalls(hooks: readonly HookConfig[], path: Warning['path']): Warning[] {
  return hooks.flatMap((hook, index) => {
    if (typeof hook === 'string' || !('url' in hook)) return [];
    const { protocol, hostname } = new URL(hook.url);
    if (protocol === 'https:' || /^(localhost|127\..*|\[::1\])$/.test(hostname)) return [];
    return [
      { path: [...path, index, 'url'], text: 'is not encrypted; https:// keeps others from reading it' },
    ];
  });
}
