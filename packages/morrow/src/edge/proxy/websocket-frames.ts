/** Opcode of a Close frame. */
const CLOSE = 0x8;

/** "Service Restart": the client may come back at once (RFC 6455, 7.4, and IANA's registry). */
export const SERVICE_RESTART = 1012;

/**
 * Follows one direction of a WebSocket just far enough to know where a frame ends.
 * It does not judge the frames: that is up to the two ends.
 */
export class FrameTracker {
  /** Whether a Close frame went by, wholly. */
  closed = false;
  #header = Buffer.alloc(14);
  #have = 0;
  /** Payload of the present frame that is still to come. */
  #left = 0;
  #opcode = 0;

  /** Whether everything so far was whole frames. */
  get atBoundary(): boolean {
    return this.#left === 0 && this.#have === 0;
  }

  /**
   * Goes over the bytes.
   * @param stopAtBoundary stops at the first end of a frame (at once if one is reached already)
   * @returns index behind the last byte gone over
   */
  follow(bytes: Buffer, stopAtBoundary: boolean): number {
    let i = 0;
    while (i < bytes.length) {
      if (this.atBoundary && (stopAtBoundary || this.closed)) return i;
      if (this.#left > 0) {
        const skipped = Math.min(this.#left, bytes.length - i);
        this.#left -= skipped;
        i += skipped;
        if (this.#left === 0) this.#frameEnded();
      } else {
        this.#header[this.#have] = bytes[i] as number;
        this.#have++;
        i++;
        this.#headerByte();
      }
    }
    return i;
  }

  #headerByte(): void {
    if (this.#have < 2) return;
    const second = this.#header[1] as number;
    const short = second & 0x7f;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    if (this.#have < 2 + lengthBytes + (second & 0x80 ? 4 : 0)) return;
    this.#opcode = (this.#header[0] as number) & 0x0f;
    this.#have = 0;
    if (lengthBytes === 0) this.#left = short;
    else if (lengthBytes === 2) this.#left = this.#header.readUInt16BE(2);
    else this.#left = this.#header.readUInt32BE(2) * 2 ** 32 + this.#header.readUInt32BE(6);
    if (this.#left === 0) this.#frameEnded();
  }

  #frameEnded(): void {
    if (this.#opcode === CLOSE) this.closed = true;
  }
}

/** A Close frame; a client's is masked. */
export function closeFrame(code: number, masked: boolean): Buffer {
  // A mask of zeros leaves the payload as it is.
  const head = masked ? [0x80 | CLOSE, 0x82, 0, 0, 0, 0] : [0x80 | CLOSE, 0x02];
  return Buffer.from([...head, code >> 8, code & 0xff]);
}
