import type { FailureCode } from './failure.ts';
import type { Fields } from './fields.ts';
import type { HeadScanner } from './head-scanner.ts';
import { DEFAULT_LIMITS, Http1Reader } from './message-reader.ts';
import type { HeadLimits, ResponseHead } from './types.ts';

/**
 * Reads answers; {@link ResponseReader.answers} must say to which request before each one.
 *
 * Refused beyond what {@link HeadScanner} and {@link Framing} refuse: versions other than 1.0 and 1.1; a status
 * below 100 or above 599; 101 without having asked; 1xx and 204 with a body (204 may say `Content-Length: 0`);
 * 1xx, other than 101, after which the connection is said to close: where would the answer come from?
 */
export class ResponseReader extends Http1Reader<ResponseHead> {
  readonly head: ParsedResponse;
  #toHead = false;
  #toUpgrade = false;

  constructor(limits: HeadLimits = DEFAULT_LIMITS) {
    super('response', limits);
    this.head = new ParsedResponse(this.scanner);
  }

  /**
   * Says what the next answer is to.
   * @param method of the request: an answer to HEAD has no body
   * @param upgrade whether the request asked for an upgrade, so that 101 is allowed
   */
  answers(method: string, upgrade: boolean): void {
    this.#toHead = method === 'HEAD';
    this.#toUpgrade = upgrade;
  }

  protected beginMessage(): FailureCode | null {
    const failure =
      this.#statusLine() ?? this.framing.judge(this.scanner, this.head.minor) ?? this.#bodiless();
    if (failure !== null) return failure;
    const { head, framing, body } = this;
    head.contentLength = framing.contentLength;
    head.chunked = framing.chunked;
    head.informational = head.status < 200 && head.status !== 101;
    head.upgrade = head.status === 101;
    head.nominated = framing.nominated;
    head.untilClose = false;
    if (head.status < 200 || head.status === 204 || head.status === 304 || this.#toHead) body.beginLength(0);
    else if (framing.chunked) body.beginChunked();
    else if (framing.contentLength >= 0) body.beginLength(framing.contentLength);
    else {
      head.untilClose = true;
      body.beginUntilClose();
    }
    head.keepAlive =
      !head.untilClose && !framing.close && !head.upgrade && (head.minor === 1 || framing.keepAlive);
    return head.informational && !head.keepAlive ? 'INTERIM_CLOSE' : null;
  }

  /** `HTTP/1.1 200 OK`; the reason, and the space before it, may be missing. */
  #statusLine(): FailureCode | null {
    const { text, startLineBegin: begin, startLineEnd: end } = this.scanner;
    if (text.startsWith('HTTP/1.1 ', begin)) this.head.minor = 1;
    else if (text.startsWith('HTTP/1.0 ', begin)) this.head.minor = 0;
    else return /^HTTP\/\d(\.\d)? /.test(text) ? 'VERSION' : 'START_LINE';
    const digits = text.substring(begin + 9, begin + 12);
    if (!/^\d{3}$/.test(digits) || end < begin + 12) return 'START_LINE';
    if (end > begin + 12 && text.charCodeAt(begin + 12) !== 0x20) return 'START_LINE';
    const status = Number(digits);
    if (status < 100 || status > 599) return 'STATUS';
    this.head.status = status;
    this.head.reason = end > begin + 13 ? text.substring(begin + 13, end) : '';
    return null;
  }

  #bodiless(): FailureCode | null {
    const { status } = this.head;
    const { chunked, contentLength } = this.framing;
    if (status === 101 && !this.#toUpgrade) return 'UNEXPECTED_UPGRADE';
    if (status < 200) return chunked || contentLength >= 0 ? 'BODY_FORBIDDEN' : null;
    if (status === 204) return chunked || contentLength > 0 ? 'BODY_FORBIDDEN' : null;
    return null;
  }
}

/** {@link ResponseHead} as the reader fills it; one per connection, used again for each answer. */
export class ParsedResponse implements ResponseHead {
  status = 0;
  reason = '';
  minor: 0 | 1 = 1;
  contentLength = -1;
  chunked = false;
  keepAlive = true;
  upgrade = false;
  informational = false;
  untilClose = false;
  nominated: readonly string[] = [];
  readonly fields: Fields & HeadScanner;

  constructor(fields: HeadScanner) {
    this.fields = fields;
  }
}
