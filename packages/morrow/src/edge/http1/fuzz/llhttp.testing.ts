import { METHODS } from '../methods.ts';
import type { Conversation, Message, Reading } from './reading.testing.ts';

/** As much of Node's binding to llhttp as is used here; Node itself declares no types for it. */
interface Binding {
  initialize(type: number, resource: object, maxHeaderSize: number, lenient: number): void;
  /** Bytes consumed, or the error with that number. */
  execute(bytes: Buffer): number | (Error & { code: string; bytesParsed: number });
  finish(): (Error & { code: string }) | undefined;
  [callback: number]: (...args: never[]) => unknown;
}

interface BindingClass {
  new (): Binding;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kLenientNone: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

type HeadersComplete = [
  major: number,
  minor: number,
  fields: string[] | undefined,
  method: number | undefined,
  target: string | undefined,
  status: number | undefined,
  reason: string | undefined,
  upgrade: boolean,
];

const common = process.getBuiltinModule('node:_http_common') as unknown as { HTTPParser: BindingClass };
const { HTTPParser } = common;

const MAX_HEAD_BYTES = 1 << 20;

/** What `kOnHeadersComplete` answers: whether llhttp takes a body as the head says, or none (answers to HEAD). */
const Body = { AsDeclared: 0, None: 1 } as const;

/** How another message begins. */
const PROBE = { request: Buffer.from('GET'), response: Buffer.from('HTTP') };

/** Names of the numbers that llhttp gives to methods. */
const methodNames = new Map<number, string>();

const parser = new HTTPParser();
/** Where each piece begins and ends that is being read. */
let pieceEnd = 0;
let reading: Reading = { messages: [], failure: null, rest: 'idle' };
let open: Message | null = null;
let lines: string[] = [];
let target = '';
let answered = 0;
let told: Conversation | null = null;

parser[HTTPParser.kOnHeaders] = (fields: string[], url: string) => {
  take(fields);
  // With trailers the target comes a second time.
  if (open === null) target += url;
};
parser[HTTPParser.kOnHeadersComplete] = (...args: HeadersComplete) => {
  const [major, minor, fields, method, url, status, reason, upgrade] = args;
  take(fields ?? []);
  const start =
    told?.kind === 'response'
      ? `${major}.${minor} ${status} ${reason}`
      : `${methodNames.get(method ?? -1) ?? method} ${url ?? target} ${major}.${minor}`;
  open = {
    start,
    fields: lines,
    headEnd: pieceEnd,
    keepAlive: true,
    upgrade: upgrade || status === 101,
    body: '',
    trailers: [],
    end: -1,
  };
  lines = [];
  target = '';
  reading.messages.push(open);
  if (told?.kind !== 'response') return Body.AsDeclared;
  const informational = status !== undefined && status < 200 && status !== 101;
  const answers = told.methods[answered] ?? 'GET';
  if (!informational) answered++;
  return answers === 'HEAD' ? Body.None : Body.AsDeclared;
};
parser[HTTPParser.kOnBody] = (bytes: Buffer) => {
  if (open !== null) open.body += bytes.toString('latin1');
};
parser[HTTPParser.kOnMessageComplete] = () => {
  if (open === null) return;
  open.end = pieceEnd;
  open.trailers = lines;
  lines = [];
  open = null;
};

for (const method of METHODS) {
  parser.initialize(HTTPParser.REQUEST, {}, MAX_HEAD_BYTES, HTTPParser.kLenientNone);
  const before: number = reading.messages.length;
  parser.execute(Buffer.from(`${method} / HTTP/1.1\r\n\r\n`));
  const start = reading.messages[before]?.start ?? '';
  methodNames.set(Number.parseInt(start, 10), method);
}

function take(fields: readonly string[]): void {
  for (let i = 0; i < fields.length; i += 2) lines.push(`${fields[i]}: ${fields[i + 1]}`);
}

/**
 * Reads a conversation with the llhttp that Node holds, strict.
 *
 * llhttp does not tell where a head or a message ends, only that it ended within what it was given. So the bytes are
 * given in pieces, and an end is the end of its piece: exact where the piece is one byte. To check whether something
 * ends at `n`, cut at `n - 1` and `n`.
 * @param exact whether the cuts are such; then it is also tried whether another message may follow the last
 */
export function readLlhttp(conversation: Conversation, cuts: readonly number[], exact: boolean): Reading {
  const { kind, bytes } = conversation;
  told = conversation;
  reading = { messages: [], failure: null, rest: 'idle' };
  open = null;
  lines = [];
  target = '';
  answered = 0;
  const type = kind === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE;
  parser.initialize(type, {}, MAX_HEAD_BYTES, HTTPParser.kLenientNone);
  let begin = 0;
  for (let piece = 0; piece <= cuts.length; piece++) {
    pieceEnd = cuts[piece] ?? bytes.length;
    if (pieceEnd === begin) continue;
    const outcome = parser.execute(bytes.subarray(begin, pieceEnd));
    if (typeof outcome !== 'number') {
      reading.failure = outcome.code;
      reading.rest = 'ended';
      return reading;
    }
    const current = reading.messages.at(-1);
    if (current?.upgrade && current.end >= 0) {
      reading.rest = 'ended';
      return reading;
    }
    begin = pieceEnd;
  }
  const last = reading.messages.at(-1);
  reading.rest = last?.end === -1 ? 'within' : 'idle';
  if (!conversation.closes) {
    // What the head says about it is not final (answers to HEAD): whether another message may come tells.
    if (exact && last?.end === bytes.length) last.keepAlive = typeof parser.execute(PROBE[kind]) === 'number';
  } else {
    const failure = parser.finish();
    if (failure !== undefined) reading.failure = failure.code;
    reading.rest = 'ended';
  }
  return reading;
}
