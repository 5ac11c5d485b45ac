import type { Fields } from '../fields.ts';
import { RequestReader } from '../request-reader.ts';
import { ResponseReader } from '../response-reader.ts';
import { Step } from '../types.ts';
import type { Conversation, Message, Reading } from './reading.testing.ts';

/**
 * Reads a conversation with the edge's own readers, as the edge does: it stops after an upgrade, and after a message
 * whose sender does not keep the connection.
 * @param cuts indices, rising, before which the bytes are cut into reads
 * @param framed whether body steps cover the chunk framing
 */
export function readOurs(told: Conversation, cuts: readonly number[] = [], framed = false): Reading {
  const limits = told.limits ?? undefined;
  const reader = told.kind === 'request' ? new RequestReader(limits) : new ResponseReader(limits);
  const result: Reading = { messages: [], failure: null, rest: 'idle' };
  let answered = 0;
  const answer = () => {
    if (reader instanceof ResponseReader) reader.answers(told.methods[answered++] ?? 'GET', told.asksUpgrade);
  };
  const fail = () => {
    result.failure = reader.failure?.code ?? 'none';
    result.rest = 'ended';
    return result;
  };
  answer();
  let open: Message | null = null;
  let begin = 0;
  for (let piece = 0; piece <= cuts.length; piece++) {
    const end = cuts[piece] ?? told.bytes.length;
    // A buffer of its own, so that a reader that looks beyond the piece is found out.
    const chunk = cuts.length === 0 ? told.bytes : Buffer.from(told.bytes.subarray(begin, end));
    let at = 0;
    for (;;) {
      const step = reader.read(chunk, at);
      if (step === Step.Failed) return fail();
      at = reader.offset;
      if (step === Step.More) break;
      if (step === Step.Head) {
        open = begun(reader, begin + at);
        result.messages.push(open);
        reader.framed = framed;
      } else if (step === Step.Body && open !== null) {
        open.body += chunk.toString('latin1', reader.bodyStart, reader.bodyEnd);
      } else if (step === Step.End && open !== null) {
        open.end = begin + at;
        open.trailers = listed(reader.trailers);
        if (open.upgrade || !open.keepAlive) {
          result.rest = 'ended';
          return result;
        }
        if (!('informational' in reader.head && reader.head.informational)) answer();
        reader.next();
        open = null;
        if (at === chunk.length) break;
      } else throw new Error(`step ${step} out of turn`);
    }
    begin = end;
  }
  if (told.closes && reader.within) {
    if (reader.finish() === Step.Failed) return fail();
    if (open !== null) open.end = told.bytes.length;
    result.rest = 'ended';
  } else result.rest = reader.within ? 'within' : 'idle';
  return result;
}

function begun(reader: RequestReader | ResponseReader, headEnd: number): Message {
  const { head } = reader;
  const start =
    'method' in head
      ? `${head.method} ${head.target} 1.${head.minor}`
      : `1.${head.minor} ${head.status} ${head.reason}`;
  const { upgrade } = head;
  // The edge reads on after an interim answer, whatever that one says.
  const keepAlive = head.keepAlive || ('informational' in head && head.informational);
  return { start, fields: listed(head.fields), headEnd, keepAlive, upgrade, body: '', trailers: [], end: -1 };
}

function listed(fields: Fields): string[] {
  const list: string[] = [];
  for (let i = 0; i < fields.count; i++) list.push(`${fields.name(i)}: ${fields.value(i)}`);
  return list;
}
