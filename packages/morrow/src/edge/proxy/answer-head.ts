import { Known } from '../http1/known-fields.ts';
import type { ParsedResponse } from '../http1/response-reader.ts';
import { fieldSet, HOP_BY_HOP, writeFields } from './head-writer.ts';

/** How the body of an answer is passed on. */
export const Relay = {
  /** There is none. */
  None: 0,
  /** As it is, its length said before. */
  Length: 1,
  /** Chunked as it came. */
  Framed: 2,
  /** Put into chunks by the edge: it came without, or may have to be ended early. */
  Enchunk: 3,
  /** Until the connection closes: for HTTP/1.0. */
  UntilClose: 4,
} as const;
export type Relay = (typeof Relay)[keyof typeof Relay];

const DROPPED = fieldSet(...HOP_BY_HOP, Known.XRequestId, Known.XMorrowRevision);
/** 426 says by Upgrade what it wants. */
const DROPPED_OF_426 = DROPPED.slice();
DROPPED_OF_426[Known.Upgrade] = 0;

/** How to pass on the body of this answer, to a request with this method and minor version. */
export function relayOf(head: ParsedResponse, method: string, minor: 0 | 1): Relay {
  if (method === 'HEAD' || head.status < 200 || head.status === 204 || head.status === 304) return Relay.None;
  if (head.contentLength >= 0) return Relay.Length;
  if (minor === 0) return Relay.UntilClose;
  return head.untilClose || isEventStream(head) ? Relay.Enchunk : Relay.Framed;
}

/** Server-sent events: last for ever, and their client comes back by itself after their end. */
export function isEventStream(head: ParsedResponse): boolean {
  const { fields } = head;
  for (let i = 0; i < fields.count; i++)
    if (fields.known(i) === Known.ContentType) return /^text\/event-stream\b/i.test(fields.value(i));
  return false;
}

/** The head of an answer to the client. `names` are the lines that name request and revision. */
export function writeAnswerHead(
  head: ParsedResponse,
  relay: Relay,
  names: string,
  connection: 'close' | 'keep-alive' | null,
): string {
  const { status } = head;
  let out = `HTTP/1.1 ${status} ${head.reason}\r\n`;
  out += writeFields(head.fields, status === 426 ? DROPPED_OF_426 : DROPPED, head.nominated);
  if (relay === Relay.Length || (relay === Relay.None && head.contentLength >= 0 && status !== 204))
    out += `Content-Length: ${head.contentLength}\r\n`;
  else if (relay === Relay.Framed || relay === Relay.Enchunk) out += 'Transfer-Encoding: chunked\r\n';
  out += names;
  if (status === 101) out += 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
  else if (connection !== null) out += `Connection: ${connection}\r\n`;
  return `${out}\r\n`;
}

/** A head of 1xx that is passed on before the answer. */
export function writeInformational(head: ParsedResponse): string {
  return `HTTP/1.1 ${head.status} ${head.reason}\r\n${writeFields(head.fields, DROPPED, head.nominated)}\r\n`;
}
