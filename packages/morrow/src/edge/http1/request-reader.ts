import { HOST, TARGET } from './chars.ts';
import type { FailureCode } from './failure.ts';
import type { Fields } from './fields.ts';
import type { HeadScanner } from './head-scanner.ts';
import { DEFAULT_LIMITS, Http1Reader } from './message-reader.ts';
import { METHODS } from './methods.ts';
import type { HeadLimits, RequestHead } from './types.ts';

/**
 * Reads requests.
 *
 * Refused beyond what {@link HeadScanner} and {@link Framing} refuse: methods that llhttp does not know, and CONNECT;
 * versions other than 1.0 and 1.1; targets that are no path (only OPTIONS may have `*`), with a fragment or
 * with bytes that are not printable ASCII; more than one Host, none in HTTP/1.1, an empty or malformed one;
 * any Expect but `100-continue`.
 */
export class RequestReader extends Http1Reader<RequestHead> {
  readonly head: ParsedRequest;
  readonly #targetBytes: number;

  constructor(limits: HeadLimits = DEFAULT_LIMITS) {
    super('request', limits);
    this.head = new ParsedRequest(this.scanner);
    this.#targetBytes = limits.targetBytes;
  }

  protected beginMessage(): FailureCode | null {
    const failure = this.#startLine() ?? this.framing.judge(this.scanner, this.head.minor) ?? this.#fields();
    if (failure !== null) return failure;
    const { head, framing, body } = this;
    head.contentLength = framing.contentLength;
    head.chunked = framing.chunked;
    head.hasBody = framing.chunked || framing.contentLength > 0;
    head.keepAlive = head.minor === 1 ? !framing.close : framing.keepAlive && !framing.close;
    head.upgrade = framing.upgrade && framing.hasUpgradeField;
    head.nominated = framing.nominated;
    if (framing.chunked) body.beginChunked();
    else body.beginLength(Math.max(framing.contentLength, 0));
    return null;
  }

  #startLine(): FailureCode | null {
    const { text, startLineBegin, startLineEnd } = this.scanner;
    const methodEnd = text.indexOf(' ', startLineBegin);
    if (methodEnd <= startLineBegin || methodEnd >= startLineEnd) return 'START_LINE';
    const targetEnd = text.indexOf(' ', methodEnd + 1);
    if (targetEnd < 0 || targetEnd >= startLineEnd) return 'START_LINE';
    const version = text.substring(targetEnd + 1, startLineEnd);
    if (version === 'HTTP/1.1') this.head.minor = 1;
    else if (version === 'HTTP/1.0') this.head.minor = 0;
    else return /^HTTP\/\d(\.\d)?$/.test(version) ? 'VERSION' : 'START_LINE';
    const method = text.substring(startLineBegin, methodEnd);
    if (method !== 'GET' && !METHODS.has(method))
      return /^[A-Za-z-]+$/.test(method) ? 'METHOD' : 'START_LINE';
    if (targetEnd - methodEnd - 1 > this.#targetBytes) return 'TARGET_TOO_LONG';
    const target = text.substring(methodEnd + 1, targetEnd);
    this.head.method = method;
    this.head.target = target;
    return targetFailure(method, target);
  }

  #fields(): FailureCode | null {
    const { head, framing, scanner } = this;
    if (framing.hosts > 1) return 'HOST_TWICE';
    if (framing.hosts === 0 && head.minor === 1) return 'HOST_MISSING';
    head.host = framing.hosts === 0 ? null : scanner.value(framing.host);
    if (head.host !== null && !isHost(head.host)) return 'HOST';
    head.expectsContinue = false;
    if (framing.expect >= 0 && head.minor === 1) {
      if (scanner.value(framing.expect).toLowerCase() !== '100-continue') return 'EXPECT';
      head.expectsContinue = true;
    }
    return null;
  }
}

/** {@link RequestHead} as the reader fills it; one per connection, used again for each request. */
export class ParsedRequest implements RequestHead {
  method = '';
  target = '';
  minor: 0 | 1 = 1;
  host: string | null = null;
  contentLength = -1;
  chunked = false;
  hasBody = false;
  keepAlive = true;
  upgrade = false;
  expectsContinue = false;
  nominated: readonly string[] = [];
  readonly fields: Fields & HeadScanner;

  constructor(fields: HeadScanner) {
    this.fields = fields;
  }
}

function targetFailure(method: string, target: string): FailureCode | null {
  if (target === '*') return method === 'OPTIONS' ? null : 'TARGET_FORM';
  for (let i = 0; i < target.length; i++) if (TARGET[target.charCodeAt(i)] !== 1) return 'TARGET';
  return target.charCodeAt(0) === 0x2f ? null : 'TARGET_FORM';
}

/** A name, an IPv4 address or a bracketed IPv6 address, with or without a port. */
function isHost(host: string): boolean {
  if (host.length === 0 || host.length > 260) return false;
  for (let i = 0; i < host.length; i++) if (HOST[host.charCodeAt(i)] !== 1) return false;
  return host.charCodeAt(0) === 0x5b
    ? /^\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?$/.test(host)
    : /^[A-Za-z0-9._~-]+(:\d{1,5})?$/.test(host);
}
