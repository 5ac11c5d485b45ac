import { TOKEN } from './chars.ts';
import type { FailureCode } from './failure.ts';
import type { Fields } from './fields.ts';
import { Known } from './known-fields.ts';

const NONE: readonly string[] = [];

/** Largest Content-Length or chunk size that is exact as a number. */
const LARGEST = Number.MAX_SAFE_INTEGER;

/**
 * What the field lines say about where the message ends and whether the connection stays open.
 * Stricter than the RFC: no Content-Length twice (not even the same), never beside Transfer-Encoding, which
 * must be exactly `chunked` and stand in HTTP/1.1 alone.
 */
export class Framing {
  /** -1: no Content-Length. */
  contentLength = -1;
  chunked = false;
  close = false;
  keepAlive = false;
  /** Connection names `upgrade`. */
  upgrade = false;
  hasUpgradeField = false;
  /** Lower-case names of other fields that Connection declares to be for this connection only. */
  nominated: readonly string[] = NONE;
  hosts = 0;
  /** Index of the last Host and Expect field; -1: none. */
  host = -1;
  expect = -1;

  reset(): void {
    this.contentLength = -1;
    this.chunked = false;
    this.close = false;
    this.keepAlive = false;
    this.upgrade = false;
    this.hasUpgradeField = false;
    this.nominated = NONE;
    this.hosts = 0;
    this.host = -1;
    this.expect = -1;
  }

  /** Reads all fields; the reason to refuse them, or null. */
  judge(fields: Fields, minor: 0 | 1): FailureCode | null {
    let failure: FailureCode | null = null;
    for (let i = 0; i < fields.count && failure === null; i++) {
      switch (fields.known(i)) {
        case Known.Other:
          break;
        case Known.Host:
          this.hosts++;
          this.host = i;
          break;
        case Known.Expect:
          this.expect = i;
          break;
        case Known.Upgrade:
          // An empty one asks for nothing (nor does llhttp heed it).
          if (fields.value(i) !== '') this.hasUpgradeField = true;
          break;
        case Known.Connection:
          failure = this.#connection(fields.value(i), true);
          break;
        case Known.ProxyConnection:
          failure = this.#connection(fields.value(i), false);
          break;
        case Known.ContentLength:
          failure = this.#length(fields.value(i));
          break;
        case Known.TransferEncoding:
          failure = this.#coding(fields.value(i), minor);
          break;
      }
    }
    if (failure === null && this.chunked && this.contentLength >= 0) return 'LENGTH_AND_CODING';
    return failure;
  }

  #length(value: string): FailureCode | null {
    if (this.contentLength >= 0) return 'LENGTH_TWICE';
    let length = 0;
    for (let i = 0; i < value.length; i++) {
      const digit = value.charCodeAt(i) - 0x30;
      if (digit < 0 || digit > 9) return 'LENGTH';
      length = length * 10 + digit;
      if (length > LARGEST) return 'LENGTH';
    }
    if (value.length === 0) return 'LENGTH';
    this.contentLength = length;
    return null;
  }

  #coding(value: string, minor: 0 | 1): FailureCode | null {
    if (minor === 0) return 'CODING_IN_1_0';
    if (this.chunked || (value !== 'chunked' && value.toLowerCase() !== 'chunked')) return 'CODING';
    this.chunked = true;
    return null;
  }

  /**
   * Proxy-Connection is nobody's standard; only its `close` is heeded. With `upgrade` it is refused: llhttp takes it
   * for Connection, and for what comes behind the head as another protocol.
   */
  #connection(value: string, standard: boolean): FailureCode | null {
    if (value === 'keep-alive' || value === 'Keep-Alive') {
      if (standard) this.keepAlive = true;
      return null;
    }
    for (const part of value.split(',')) {
      const option = trimmed(part).toLowerCase();
      if (option === '') continue;
      for (let i = 0; i < option.length; i++) if (TOKEN[option.charCodeAt(i)] !== 1) return 'CONNECTION';
      if (option === 'close') this.close = true;
      else if (!standard && option === 'upgrade') return 'CONNECTION';
      else if (!standard) continue;
      else if (option === 'keep-alive') this.keepAlive = true;
      else if (option === 'upgrade') this.upgrade = true;
      else this.nominated = [...this.nominated, option];
    }
    return null;
  }
}

/** Not `trim()`, to which a byte 0xA0 is white space too; and no expression, which would be slow on many spaces. */
function trimmed(text: string): string {
  let begin = 0;
  let end = text.length;
  while (begin < end && isSpace(text.charCodeAt(begin))) begin++;
  while (end > begin && isSpace(text.charCodeAt(end - 1))) end--;
  return text.substring(begin, end);
}

const isSpace = (code: number): boolean => code === 0x20 || code === 0x09;
