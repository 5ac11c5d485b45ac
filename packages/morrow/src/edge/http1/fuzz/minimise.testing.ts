import type { Conversation } from './reading.testing.ts';

/**
 * A shorter conversation for which `fails` holds too: pieces are left out, long ones first, and bytes made plain,
 * until nothing more can go.
 */
export function minimise(told: Conversation, fails: (told: Conversation) => boolean): Conversation {
  let best = told;
  const attempt = (more: Partial<Conversation>): boolean => {
    const next = { ...best, ...more };
    if (!fails(next)) return false;
    best = next;
    return true;
  };
  for (let before = Number.POSITIVE_INFINITY; best.bytes.length < before; ) {
    before = best.bytes.length;
    if (best.closes) attempt({ closes: false });
    if (best.methods.length > 0) attempt({ methods: best.methods.slice(0, -1) });
    shorten(
      () => best.bytes,
      (bytes) => attempt({ bytes }),
    );
  }
  for (let at = 0; at < best.bytes.length; at++) {
    const byte = best.bytes[at] ?? 0;
    if (byte < 0x21 || (byte > 0x7e && byte < 0xff)) continue;
    const plain = Buffer.from(best.bytes);
    plain[at] = 0x61;
    if (byte !== 0x61) attempt({ bytes: plain });
  }
  return best;
}

function shorten(current: () => Buffer, attempt: (bytes: Buffer) => boolean): void {
  for (let size = current().length >> 1; size > 0; size >>= 1)
    for (let at = 0; at + size <= current().length; ) {
      const bytes = current();
      if (!attempt(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]))) at += size;
    }
}
