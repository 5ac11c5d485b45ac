import { compare, type Splits } from './compare.testing.ts';
import { hostile } from './hostile.testing.ts';
import { minimise } from './minimise.testing.ts';
import { Random } from './random.testing.ts';
import type { Conversation } from './reading.testing.ts';

const SPLITS: Splits = { twoWayUpTo: 160, random: 2, bytewise: true };
/** To hold whether a shortened conversation still shows the same: every split in two. */
const THOROUGH: Splits = { twoWayUpTo: 400, random: 4, bytewise: true };

/** Something that ours does and must not, as short as it could be made. */
export interface Find {
  readonly what: string;
  readonly told: Conversation;
}

export interface FuzzReport {
  /** Conversations tried. */
  readonly executions: number;
  /** Of those, how many had at least one head that ours accepts. */
  readonly accepted: number;
  /** How often a parser, ours or llhttp, read one. */
  readonly reads: number;
  /** One of each kind. */
  readonly finds: readonly Find[];
}

/**
 * Tries hostile bytes until `enough` says so.
 * @param seed fixes all of them
 */
export function fuzz(seed: number, enough: (executions: number) => boolean): FuzzReport {
  const random = new Random(seed);
  const finds = new Map<string, Find>();
  let executions = 0;
  let accepted = 0;
  let reads = 0;
  for (; !enough(executions); executions++) {
    const told = hostile(random);
    const verdict = compare(told, SPLITS, random);
    reads += verdict.reads;
    if (verdict.ours.messages.length > 0) accepted++;
    if (verdict.find === null) continue;
    const kind = kindOf(told, verdict.find);
    if (finds.has(kind)) continue;
    finds.set(kind, shortened(told, kind) ?? { what: verdict.find, told });
  }
  return { executions, accepted, reads, finds: [...finds.values()] };
}

function shortened(told: Conversation, kind: string): Find | null {
  const findIn = (candidate: Conversation) => compare(candidate, THOROUGH, new Random(1)).find;
  const same = (candidate: Conversation) => kindOf(candidate, findIn(candidate) ?? '') === kind;
  if (!same(told)) return null;
  const small = minimise(told, same);
  return { what: findIn(small) ?? '', told: small };
}

/** Finds of one kind differ only in places, lengths and names. */
function kindOf(told: Conversation, find: string): string {
  return `${told.kind} ${find.replace(/(start line|fields|head \d+|when cut).*/, '$1').replaceAll(/\d+/g, 'N')}`;
}
