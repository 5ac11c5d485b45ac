import { randomBytes } from 'node:crypto';
import type { Fields } from '../http1/fields.ts';
import { Known, type KnownField } from '../http1/known-fields.ts';
import type { ParsedRequest } from '../http1/request-reader.ts';
import { fieldSet, HOP_BY_HOP, writeFields } from './head-writer.ts';

/**
 * Where the requests of a connection come from. `X-Forwarded-For`, `-Proto`, `-Host` and `Forwarded` that a client
 * sent are believed, and the first is appended to, only where the peer is trusted (by default: on this machine,
 * such as a TLS terminator in front). Those of all other clients are dropped and written anew.
 */
export interface Origin {
  /** IP address of the peer. */
  readonly address: string;
  readonly proto: 'http' | 'https';
  readonly trusted: boolean;
}

const DROPPED = fieldSet(
  ...HOP_BY_HOP,
  Known.Host,
  Known.Expect,
  Known.XForwardedFor,
  Known.XForwardedProto,
  Known.XForwardedHost,
  Known.Forwarded,
  Known.XRequestId,
  Known.XMorrowRevision,
  Known.XMorrowService,
  Known.Proxy,
);
const DROPPED_OF_TRUSTED = DROPPED.slice();
DROPPED_OF_TRUSTED[Known.Forwarded] = 0;

/** Makes the ids of this process differ from those of all others; a counter makes them differ from each other. */
const ID_PREFIX = randomBytes(9).toString('hex');
let idsMade = 0;

/** The client's own request id where it is fit to be passed on, else a new one. */
export function requestId(fields: Fields): string {
  const own = firstOf(fields, Known.XRequestId);
  return own !== null && /^[A-Za-z0-9._~+/=:@-]{1,128}$/.test(own) ? own : newRequestId();
}

function newRequestId(): string {
  idsMade++;
  return `${ID_PREFIX}-${idsMade.toString(36)}`;
}

/**
 * The head of the request to a target.
 * @param authority Host where the client sent none (HTTP/1.0)
 * @param webSocket whether to ask the target for the upgrade that the client asked for
 */
export function writeRequestHead(
  head: ParsedRequest,
  origin: Origin,
  id: string,
  authority: string,
  webSocket: boolean,
): string {
  const host = head.host ?? authority;
  const dropped = origin.trusted ? DROPPED_OF_TRUSTED : DROPPED;
  let out = `${head.method} ${head.target} HTTP/1.1\r\nHost: ${host}\r\n`;
  out += writeFields(head.fields, dropped, head.nominated);
  out += forwardedFields(head, origin);
  out += `X-Request-Id: ${id}\r\n`;
  if (head.chunked) out += 'Transfer-Encoding: chunked\r\n';
  else if (head.contentLength >= 0) out += `Content-Length: ${head.contentLength}\r\n`;
  if (head.expectsContinue && head.hasBody) out += 'Expect: 100-continue\r\n';
  if (webSocket) out += 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
  return `${out}\r\n`;
}

function forwardedFields(head: ParsedRequest, origin: Origin): string {
  const { fields } = head;
  let chain = '';
  let proto: string = origin.proto;
  let host = head.host;
  if (origin.trusted) {
    for (let i = 0; i < fields.count; i++) {
      const known = fields.known(i);
      if (known === Known.XForwardedFor) chain += `${fields.value(i)}, `;
      else if (known === Known.XForwardedProto && /^https?$/.test(fields.value(i))) proto = fields.value(i);
      else if (known === Known.XForwardedHost && fields.value(i) !== '') host = fields.value(i);
    }
  }
  const out = `X-Forwarded-For: ${chain}${origin.address}\r\nX-Forwarded-Proto: ${proto}\r\n`;
  return host === null ? out : `${out}X-Forwarded-Host: ${host}\r\n`;
}

/** Value of the first field of that kind; null where there is none. */
export function firstOf(fields: Fields, wanted: KnownField): string | null {
  for (let i = 0; i < fields.count; i++) if (fields.known(i) === wanted) return fields.value(i);
  return null;
}

/** IPv4 addresses in IPv6 notation (`::ffff:127.0.0.1`) as IPv4. */
export const plainAddress = (address: string): string =>
  address.startsWith('::ffff:') ? address.slice(7) : address;

/** Whether the address is one of this machine itself. */
export const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');
