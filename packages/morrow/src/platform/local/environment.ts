/**
 * The environment of a revision's processes. It is a clean one: what the person who typed `up` had set by chance must
 * not decide how a service runs. Of the controller's own only {@link INHERITED} is passed on.
 */
import { MorrowError } from '../../errors.ts';
import type { RevisionSpec } from '../platform.ts';

/** Where programs are found, where their user's files lie, in which language and where temporary files go. */
export const INHERITED = ['PATH', 'HOME', 'LANG', 'TMPDIR'] as const;

export interface EnvironmentRequest {
  readonly environment: string;
  readonly revision: RevisionSpec;
  /** Value of a secret; null: not set. */
  readonly secret: (service: string, name: string) => string | null;
  /** `PORT`, `HOST` and the like; they win over everything. */
  readonly own: Readonly<Record<string, string>>;
}

/**
 * The variables, later ones winning: inherited, the configuration's `env`, secrets, Morrow's own.
 * @throws MorrowError `SECRET_MISSING` where a secret has no value
 */
export function environmentFor(request: EnvironmentRequest): Record<string, string> {
  const { revision, environment, own } = request;
  const { settings } = revision;
  const variables: Record<string, string> = {};
  for (const name of INHERITED) {
    const value = process.env[name];
    if (value !== undefined) variables[name] = value;
  }
  Object.assign(variables, settings.env);
  for (const name of settings.secrets) {
    const value = request.secret(settings.name, name);
    if (value === null) throw secretMissing(settings.name, name);
    variables[name] = value;
  }
  return {
    ...variables,
    MORROW_ENVIRONMENT: environment,
    MORROW_SERVICE: settings.name,
    MORROW_REVISION: revision.id,
    ...own,
  };
}

const secretMissing = (service: string, name: string): MorrowError =>
  new MorrowError('SECRET_MISSING', `The secret ${name} of ${service} has no value here.`, {
    hint: `Set it with \`morrow secrets set ${service} ${name}\`.`,
  });
