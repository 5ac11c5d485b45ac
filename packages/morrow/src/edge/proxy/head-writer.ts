import type { HeadScanner } from '../http1/head-scanner.ts';
import { Known, type KnownField } from '../http1/known-fields.ts';

/** A set of known fields, quick to ask. */
export function fieldSet(...fields: readonly KnownField[]): Uint8Array {
  const set = new Uint8Array(32);
  for (const field of fields) set[field] = 1;
  return set;
}

/** Fields for one connection only (RFC 9110, 7.6.1), and those that speak about framing: never passed on. */
export const HOP_BY_HOP = [
  Known.Disguised,
  Known.ContentLength,
  Known.TransferEncoding,
  Known.Connection,
  Known.KeepAlive,
  Known.ProxyConnection,
  Known.Te,
  Known.Upgrade,
  Known.ProxyAuthenticate,
  Known.ProxyAuthorization,
  Known.Http2Settings,
] as const;

/**
 * The lines `name: value` CR LF of all fields but those in `without` and those that Connection nominated,
 * written from what was parsed. Neighbouring lines that came in just this form are copied in one piece.
 */
export function writeFields(fields: HeadScanner, without: Uint8Array, nominated: readonly string[]): string {
  const { text, count } = fields;
  let out = '';
  let runBegin = -1;
  let runEnd = 0;
  for (let i = 0; i < count; i++) {
    const passed =
      without[fields.known(i)] === 0 &&
      (nominated.length === 0 || !nominated.includes(fields.name(i).toLowerCase()));
    if (passed && fields.isPlain(i)) {
      if (runBegin < 0) runBegin = fields.nameBegin(i);
      runEnd = fields.valueEnd(i) + 2;
      continue;
    }
    if (runBegin >= 0) out += text.substring(runBegin, runEnd);
    runBegin = -1;
    if (passed) out += `${fields.name(i)}: ${fields.value(i)}\r\n`;
  }
  return runBegin >= 0 ? out + text.substring(runBegin, runEnd) : out;
}
