/** Bytes that may stand in a token: method, field name (RFC 9110, 5.6.2). */
export const TOKEN = table("!#$%&'*+-.^_`|~", true);

/**
 * Bytes that may stand in a request target. Beside those of RFC 3986 the ones that browsers and curl leave as they
 * are; no space, no control character and no `#` (a fragment is never sent).
 */
export const TARGET = table('!"$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', true);

/** Bytes that may stand in a Host field: a name, an IPv4 or bracketed IPv6 address, a port. */
export const HOST = table('-._~:[]', true);

/** Bytes that may stand in a field value or a reason phrase: HTAB, SP, VCHAR, obs-text. */
export const VALUE = new Uint8Array(256);
VALUE[0x09] = 1;
for (let byte = 0x20; byte < 0x100; byte++) if (byte !== 0x7f) VALUE[byte] = 1;

/** Value of a hexadecimal digit; 255 for all other bytes. */
export const HEX = new Uint8Array(256).fill(255);
for (let i = 0; i < 16; i++) {
  HEX[i.toString(16).charCodeAt(0)] = i;
  HEX[i.toString(16).toUpperCase().charCodeAt(0)] = i;
}

const FOLDED = new Uint8Array(256).map((_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte));
FOLDED[0x5f] = 0x2d;

/** Lower case, and `-` for `_`. */
export const fold = (byte: number): number => FOLDED[byte] ?? 0;

function table(marks: string, alphanumeric: boolean): Uint8Array {
  const set = new Uint8Array(256);
  for (const mark of marks) set[mark.charCodeAt(0)] = 1;
  if (alphanumeric)
    for (let byte = 0; byte < 128; byte++) if (/[A-Za-z0-9]/.test(String.fromCharCode(byte))) set[byte] = 1;
  return set;
}
