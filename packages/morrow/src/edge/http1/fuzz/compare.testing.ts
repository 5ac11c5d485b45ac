import { readLlhttp } from './llhttp.testing.ts';
import { readOurs } from './ours.testing.ts';
import type { Random } from './random.testing.ts';
import { type Conversation, type Message, type Reading, signature } from './reading.testing.ts';

/** How thoroughly a conversation is cut into reads. */
export interface Splits {
  /** Conversations up to this many bytes are cut in two at every byte. */
  readonly twoWayUpTo: number;
  /** So many random splits into many reads. */
  readonly random: number;
  /** Whether to read byte by byte too. */
  readonly bytewise: boolean;
}

/** What a comparison came to. */
export interface Verdict {
  /** What ours does and must not; null where all is well. */
  readonly find: string | null;
  /** What ours made of it, in one read. */
  readonly ours: Reading;
  /** How often a parser, ours or llhttp, read the bytes. */
  readonly reads: number;
}

/**
 * Whether ours keeps its promise for these bytes: what it accepts llhttp accepts with the same boundaries, and how
 * the bytes were cut into reads changes nothing.
 */
export function compare(told: Conversation, splits: Splits, random: Random): Verdict {
  const ours = readOurs(told);
  const expected = signature(ours, told.limits);
  let reads = 3;
  const framed = readOurs(told, [], true);
  const trailing = withinTrailers(ours, framed);
  let find = framedDiffers(told, ours, framed);
  find ??= differsFromLlhttp(ours, readLlhttp(told, boundaries(ours, told.bytes.length), true), trailing);
  const cut = (cuts: readonly number[]) => {
    if (find !== null) return;
    reads += 2;
    if (signature(readOurs(told, cuts), told.limits) !== expected)
      find = `another reading when cut at ${cuts.join(' ')}`;
    else find = framedDiffers(told, ours, readOurs(told, cuts, true));
    if (find !== null || cuts.length < 2) return;
    reads++;
    // llhttp cut elsewhere tells no exact ends, so all but these are compared.
    find = differsFromLlhttp(ours, readLlhttp(told, cuts, false), trailing, false);
  };
  const { length } = told.bytes;
  if (length <= splits.twoWayUpTo) for (let at = 1; at < length; at++) cut([at]);
  if (splits.bytewise) cut(Array.from({ length: Math.max(length - 1, 0) }, (_, i) => i + 1));
  for (let i = 0; i < splits.random && length > 1; i++) cut(randomCuts(random, length));
  return { find, ours, reads };
}

/** Rising indices within the bytes: a few far apart, or many close together. */
function randomCuts(random: Random, length: number): number[] {
  const longest = random.pick([2, 3, 8, 40, length]);
  const cuts: number[] = [];
  for (let at = random.between(1, longest); at < length; at += random.between(1, longest)) cuts.push(at);
  return cuts;
}

/** Cuts before the last byte of all that ends somewhere, and behind it. */
function boundaries(ours: Reading, length: number): number[] {
  const cuts = new Set<number>();
  for (const { headEnd, end } of ours.messages)
    for (const at of [headEnd - 1, headEnd, end - 1, end]) if (at > 0 && at < length) cuts.add(at);
  return [...cuts].sort((a, b) => a - b);
}

/** Whether the last chunk came and the trailers are not whole: they are judged as little as a head that is not whole. */
function withinTrailers(ours: Reading, framed: Reading): boolean {
  const last = framed.messages.at(-1);
  if (ours.rest !== 'within' || last === undefined || last.end >= 0) return false;
  return last.body !== ours.messages.at(-1)?.body && /(^|\n)0+\r\n$/.test(last.body);
}

function differsFromLlhttp(ours: Reading, theirs: Reading, trailing: boolean, exact = true): string | null {
  for (const [index, message] of ours.messages.entries()) {
    const other = theirs.messages[index];
    if (other === undefined)
      return `llhttp does not accept head ${index} (${theirs.failure ?? 'it waits'}): ${message.start}`;
    const difference = messageDiffers(message, other, ours.failure !== null, exact);
    if (difference !== null) return `message ${index}: ${difference}`;
  }
  if (ours.rest === 'ended') return null;
  if (theirs.messages.length > ours.messages.length) return 'llhttp finds another message';
  const last = ours.messages.at(-1);
  // A head that is not whole is not accepted yet; but it must be one that may come.
  if (ours.rest === 'within' && last?.end !== -1)
    return theirs.failure === 'HPE_CLOSED_CONNECTION' ? 'llhttp closes, ours goes on' : null;
  return theirs.failure === null || trailing ? null : `llhttp refuses: ${theirs.failure}`;
}

function messageDiffers(ours: Message, theirs: Message, failed: boolean, exact: boolean): string | null {
  if (ours.start !== theirs.start) return `start line ${ours.start} / ${theirs.start}`;
  if (ours.fields.join('\n') !== theirs.fields.join('\n'))
    return `fields ${JSON.stringify(ours.fields)} / ${JSON.stringify(theirs.fields)}`;
  if (exact && ours.headEnd !== theirs.headEnd) return `head ends at ${ours.headEnd} / ${theirs.headEnd}`;
  if (ours.upgrade !== theirs.upgrade) return `upgrade ${ours.upgrade} / ${theirs.upgrade}`;
  if (ours.end < 0 && failed) return theirs.body.startsWith(ours.body) ? null : 'body before the failure';
  if (ours.keepAlive && !theirs.keepAlive) return 'llhttp closes, ours goes on';
  if (ours.body !== theirs.body) return `body of ${ours.body.length} / ${theirs.body.length} bytes`;
  if (ours.end < 0 !== theirs.end < 0) return `whole: ${ours.end >= 0} / ${theirs.end >= 0}`;
  if (exact && ours.end !== theirs.end) return `ends at ${ours.end} / ${theirs.end}`;
  return ours.trailers.join('\n') === theirs.trailers.join('\n') ? null : 'trailers';
}

/** With framing passed on as it came, each body must be the very bytes up to the line of the last chunk. */
function framedDiffers(told: Conversation, plain: Reading, framed: Reading): string | null {
  if (
    (told.limits === null ? framed.failure !== plain.failure : !framed.failure !== !plain.failure) ||
    framed.rest !== plain.rest
  )
    return 'framed: another outcome';
  if (framed.messages.length !== plain.messages.length) return 'framed: other messages';
  for (const [index, message] of framed.messages.entries()) {
    const other = plain.messages[index] as Message;
    if (message.end !== other.end || message.headEnd !== other.headEnd) return 'framed: other boundaries';
    if (message.start !== other.start || message.trailers.join('\n') !== other.trailers.join('\n'))
      return 'framed: another message';
    if (message.body === other.body) continue;
    const passed = told.bytes.toString('latin1', message.headEnd, message.headEnd + message.body.length);
    if (passed !== message.body) return 'framed: other bytes than came';
    if (message.end < 0) continue;
    if (!/(^|\n)0+\r\n$/.test(message.body)) return 'framed: the body does not end with the last chunk';
    const tail = told.bytes.toString('latin1', message.headEnd + message.body.length, message.end);
    if (!tail.endsWith('\r\n') || (tail !== '\r\n') !== message.trailers.length > 0)
      return 'framed: the trailers do not follow the body';
  }
  return null;
}
