import { fold } from './chars.ts';

/** Fields that the edge treats in a way of its own. */
export const Known = {
  Other: 0,
  /** A known field's name written with `_` for `-`: some servers take it for the field itself (CGI, WSGI). */
  Disguised: 1,
  Host: 2,
  ContentLength: 3,
  TransferEncoding: 4,
  Connection: 5,
  KeepAlive: 6,
  ProxyConnection: 7,
  Te: 8,
  Trailer: 9,
  Upgrade: 10,
  Expect: 11,
  XForwardedFor: 12,
  XForwardedProto: 13,
  XForwardedHost: 14,
  Forwarded: 15,
  XRequestId: 16,
  XMorrowRevision: 17,
  XMorrowService: 18,
  Accept: 19,
  ContentType: 20,
  ProxyAuthenticate: 21,
  ProxyAuthorization: 22,
  Http2Settings: 23,
  Proxy: 24,
} as const;
export type KnownField = (typeof Known)[keyof typeof Known];

const NAMES: readonly (readonly [KnownField, string])[] = [
  [Known.Host, 'host'],
  [Known.ContentLength, 'content-length'],
  [Known.TransferEncoding, 'transfer-encoding'],
  [Known.Connection, 'connection'],
  [Known.KeepAlive, 'keep-alive'],
  [Known.ProxyConnection, 'proxy-connection'],
  [Known.Te, 'te'],
  [Known.Trailer, 'trailer'],
  [Known.Upgrade, 'upgrade'],
  [Known.Expect, 'expect'],
  [Known.XForwardedFor, 'x-forwarded-for'],
  [Known.XForwardedProto, 'x-forwarded-proto'],
  [Known.XForwardedHost, 'x-forwarded-host'],
  [Known.Forwarded, 'forwarded'],
  [Known.XRequestId, 'x-request-id'],
  [Known.XMorrowRevision, 'x-morrow-revision'],
  [Known.XMorrowService, 'x-morrow-service'],
  [Known.Accept, 'accept'],
  [Known.ContentType, 'content-type'],
  [Known.ProxyAuthenticate, 'proxy-authenticate'],
  [Known.ProxyAuthorization, 'proxy-authorization'],
  [Known.Http2Settings, 'http2-settings'],
  [Known.Proxy, 'proxy'],
];

const SLOTS = 4096;
const slotOf = (length: number, first: number, last: number) =>
  (length * 961 + first * 31 + last) & (SLOTS - 1);

/** At most one known field per slot, so that a name is compared with one candidate only. */
const candidates: (Buffer | undefined)[] = new Array(SLOTS).fill(undefined);
const ids = new Uint8Array(SLOTS);
for (const [id, name] of NAMES) {
  const slot = slotOf(name.length, name.charCodeAt(0), name.charCodeAt(name.length - 1));
  if (ids[slot] !== 0) throw new Error(`known field ${name} shares a slot with another`);
  ids[slot] = id;
  candidates[slot] = Buffer.from(name, 'latin1');
}

/** Which known field `bytes[start, end)` names, whatever its letter case. */
export function knownField(bytes: Uint8Array, start: number, end: number): KnownField {
  const slot = slotOf(end - start, fold(bytes[start] ?? 0), fold(bytes[end - 1] ?? 0));
  const candidate = candidates[slot];
  if (candidate === undefined || candidate.length !== end - start) return Known.Other;
  let disguised = false;
  for (let i = 0; i < candidate.length; i++) {
    const byte = bytes[start + i] ?? 0;
    if (fold(byte) !== candidate[i]) return Known.Other;
    if (byte === 0x5f) disguised = true;
  }
  return disguised ? Known.Disguised : ((ids[slot] ?? 0) as KnownField);
}
