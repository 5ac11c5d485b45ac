import { RequestReader } from './request-reader.ts';
import { ResponseReader } from './response-reader.ts';
import { type HeadLimits, Step } from './types.ts';

/** One message as a reader understood it, or why it was refused. */
export interface ReadMessage {
  readonly start: string;
  readonly fields: readonly string[];
  body: string;
  trailers: readonly string[];
  /** Index of the first byte behind the message. */
  end: number;
}

/** Everything that came of the bytes. */
export interface ReadResult {
  readonly messages: ReadMessage[];
  /** Code of the failure; null where the bytes are fine as far as they go. */
  failure: string | null;
  /** `idle` between messages, `within` one, `ended` after a failure or upgrade. */
  rest: 'idle' | 'within' | 'ended';
}

export interface ReadOptions {
  readonly kind: 'request' | 'response';
  /** Body steps with chunk framing. */
  readonly framed?: boolean;
  /** For responses: methods of the requests they answer. */
  readonly methods?: readonly string[];
  readonly asksUpgrade?: boolean;
  readonly limits?: HeadLimits;
  /** The peer closes after the bytes. */
  readonly closes?: boolean;
}

/** Reads `bytes` cut before each of the indices `cuts` (rising), with one reader from the first to the last byte. */
export function readAll(bytes: Buffer, cuts: readonly number[], options: ReadOptions): ReadResult {
  const reader =
    options.kind === 'request' ? new RequestReader(options.limits) : new ResponseReader(options.limits);
  const result: ReadResult = { messages: [], failure: null, rest: 'idle' };
  const methods = [...(options.methods ?? [])];
  const answer = () => {
    if (reader instanceof ResponseReader)
      reader.answers(methods.shift() ?? 'GET', options.asksUpgrade ?? false);
  };
  answer();
  let open: ReadMessage | null = null;
  let begin = 0;
  for (const end of [...cuts, bytes.length]) {
    // A buffer of its own, so that a reader that looks beyond the chunk is found out.
    const chunk = Buffer.from(bytes.subarray(begin, end));
    let at = 0;
    for (;;) {
      const step = reader.read(chunk, at);
      if (step === Step.Failed) {
        result.failure = reader.failure?.code ?? 'none';
        result.rest = 'ended';
        // How much of a body came before the fault depends on the reads.
        if (open !== null) open.body = '';
        return result;
      }
      at = reader.offset;
      if (step === Step.More) break;
      if (step === Step.Head) {
        open = begun(reader);
        result.messages.push(open);
        reader.framed = options.framed ?? false;
      } else if (step === Step.Body && open !== null) {
        open.body += chunk.toString('latin1', reader.bodyStart, reader.bodyEnd);
      } else if (step === Step.End && open !== null) {
        open.end = begin + at;
        open.trailers = list(reader.trailers);
        if (reader.head.upgrade) {
          result.rest = 'ended';
          return result;
        }
        if (!('informational' in reader.head && reader.head.informational)) answer();
        reader.next();
        open = null;
        if (at === chunk.length) break;
      }
    }
    begin = end;
  }
  if (options.closes && reader.within) {
    if (reader.finish() === Step.Failed) result.failure = reader.failure?.code ?? 'none';
    else if (open !== null) open.end = bytes.length;
  }
  result.rest = reader.within ? 'within' : 'idle';
  return result;
}

function begun(reader: RequestReader | ResponseReader): ReadMessage {
  const { head } = reader;
  const start =
    'method' in head ? `${head.method} ${head.target} 1.${head.minor}` : `${head.status} ${head.reason}`;
  return { start, fields: list(head.fields), body: '', trailers: [], end: -1 };
}

const list = (fields: RequestReader['head']['fields'] | RequestReader['trailers']): string[] =>
  Array.from({ length: fields.count }, (_, i) => `${fields.name(i)}=${fields.value(i)}`);
