import { createHash, randomBytes } from 'node:crypto';
import type { Slot } from '../engine/slot.ts';
import type { Rollout, RolloutSettings } from '../engine/types.ts';
import { MorrowError } from '../errors.ts';
import type { RevisionSpec } from '../platform/platform.ts';
import type { ServiceRecord } from '../store/store.ts';

/** What a deploy leads to, given what is under way. */
export type DeployDecision =
  /** That revision serves and nothing is under way. */
  | { readonly type: 'unchanged'; readonly slot: Slot }
  /** A rollout to that very revision is under way: follow it. */
  | { readonly type: 'join'; readonly rollout: Rollout }
  | { readonly type: 'start' }
  | { readonly type: 'queue'; readonly behind: Rollout; readonly supersede: boolean };

/**
 * Decides what a deploy leads to.
 * @throws MorrowError `ROLLOUT_BUSY` where the configuration says that a deploy is refused meanwhile
 */
export function decideDeploy(
  record: ServiceRecord,
  active: Rollout | null,
  candidate: RevisionSpec,
): DeployDecision {
  const { stable, queued } = record;
  if (active === null) {
    const serves = stable !== null && stable.revision === candidate.id && queued === null;
    return serves ? { type: 'unchanged', slot: stable.slot } : { type: 'start' };
  }
  const goesBack = active.phase === 'rolling-back';
  if (active.candidate.revision === candidate.id && !goesBack && queued === null) {
    return { type: 'join', rollout: active };
  }
  const { onBusy } = candidate.settings;
  if (onBusy === 'refuse') {
    throw new MorrowError('ROLLOUT_BUSY', `The rollout ${active.id} of ${active.service} is under way.`, {
      hint: `Follow it with \`morrow watch ${active.environment} ${active.service}\`, or end it with \`morrow abort\`.`,
    });
  }
  return { type: 'queue', behind: active, supersede: onBusy === 'supersede' && !goesBack };
}

/** The revision to go back to when nothing is under way: `to` (or a beginning of it), else the one before. */
export function rollbackTarget(
  record: ServiceRecord,
  known: readonly RevisionSpec[],
  to: string | null,
): RevisionSpec {
  if (to === null) {
    const previous = record.previous
      .map((id) => known.find((spec) => spec.id === id))
      .find((spec) => spec !== undefined);
    if (previous !== undefined) return previous;
    throw new MorrowError(
      'NOTHING_TO_ROLL_BACK_TO',
      `${record.service} has no earlier revision that was promoted.`,
      {
        hint: `\`morrow history\` lists what ran.`,
      },
    );
  }
  const matches = known.filter((spec) => spec.id.startsWith(to));
  const [only] = matches;
  if (matches.length === 1 && only !== undefined) return only;
  throw new MorrowError(
    'UNKNOWN_REVISION',
    matches.length === 0
      ? `${record.service} has no revision ${to}.`
      : `${to} fits ${matches.length} revisions of ${record.service}.`,
    {
      hint:
        known.length === 0
          ? ''
          : `It has ${known
              .slice(0, 5)
              .map((spec) => spec.id)
              .join(', ')}.`,
    },
  );
}

/** The way back to something that has served before: one step to 100 %, no bakes, no migrations. */
export function directly(settings: RolloutSettings): RolloutSettings {
  return {
    ...settings,
    steps: [{ weightPct: 100, bakeMs: 0, gate: false }],
    finalBakeMs: 0,
    migrations: { expand: null, contract: null },
  };
}

/** A revision of the same artifact and settings, with an id of its own so that both can stand side by side. */
export function asRestart(spec: RevisionSpec, atMs: number): RevisionSpec {
  const id = createHash('sha256').update(`${spec.id} restarted ${atMs}`).digest('hex').slice(0, 12);
  return { ...spec, id, createdAtMs: atMs };
}

/** A new rollout's id: sortable by time, unique, readable: `backend-20261124-224512-3fa9`. */
export function rolloutId(service: string, atMs: number): string {
  const time = new Date(atMs).toISOString();
  const digits = time.replace(/[-:]/g, '').slice(0, 15).replace('T', '-');
  return `${service}-${digits}-${randomBytes(2).toString('hex')}`;
}

/** Why a rollback past a contract migration is refused. */
export const pastContract = (service: string): MorrowError =>
  new MorrowError(
    'COMMAND_REFUSED',
    `The contract migration of ${service} has run: earlier revisions no longer fit the schema.`,
    {
      hint: 'If you know that it works all the same, repeat with `--i-know`.',
    },
  );
