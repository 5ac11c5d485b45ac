/**
 * Why bytes are refused as HTTP/1.1. `status` is what a server answers when they were a request;
 * a proxy answers 502 when they were a response.
 */
export const FAILURES = {
  START_LINE: { status: 400, sentence: 'The start line is malformed' },
  VERSION: { status: 505, sentence: 'The HTTP version is not 1.0 or 1.1' },
  METHOD: { status: 501, sentence: 'The method is not known' },
  TARGET: { status: 400, sentence: 'The request target is malformed' },
  TARGET_FORM: { status: 400, sentence: 'The request target is not a path' },
  TARGET_TOO_LONG: { status: 414, sentence: 'The request target is too long' },
  HEAD_TOO_LARGE: { status: 431, sentence: 'The head is too large' },
  TOO_MANY_FIELDS: { status: 431, sentence: 'The head has too many fields' },
  LINE_END: { status: 400, sentence: 'A line does not end with CR and LF' },
  FIELD_NAME: { status: 400, sentence: 'A field name is malformed' },
  FIELD_VALUE: { status: 400, sentence: 'A field value holds a control character' },
  FIELD_FOLDED: { status: 400, sentence: 'A field goes on over several lines' },
  HOST_MISSING: { status: 400, sentence: 'The Host field is missing' },
  HOST_TWICE: { status: 400, sentence: 'There is more than one Host field' },
  HOST: { status: 400, sentence: 'The Host field is malformed' },
  LENGTH: { status: 400, sentence: 'The Content-Length is not a whole number' },
  LENGTH_TWICE: { status: 400, sentence: 'There is more than one Content-Length' },
  LENGTH_AND_CODING: { status: 400, sentence: 'There are both Content-Length and Transfer-Encoding' },
  CODING: { status: 400, sentence: 'The Transfer-Encoding is not exactly "chunked"' },
  CODING_IN_1_0: { status: 400, sentence: 'HTTP/1.0 has no Transfer-Encoding' },
  CONNECTION: { status: 400, sentence: 'The Connection field is malformed' },
  EXPECT: { status: 417, sentence: 'The Expect field is not "100-continue"' },
  CHUNK_SIZE: { status: 400, sentence: 'A chunk size is malformed' },
  CHUNK_EXTENSION: { status: 400, sentence: 'A chunk has an extension' },
  CHUNK_END: { status: 400, sentence: 'A chunk does not end with CR and LF' },
  TRAILER: { status: 400, sentence: 'A trailer field is malformed' },
  STATUS: { status: 400, sentence: 'The status is not between 100 and 599' },
  BODY_FORBIDDEN: { status: 400, sentence: 'An answer that has no body says that it has one' },
  INTERIM_CLOSE: { status: 400, sentence: 'An interim answer says that the connection closes' },
  UNEXPECTED_UPGRADE: { status: 400, sentence: 'Status 101 answers a request that asked for no upgrade' },
  CUT_OFF: { status: 400, sentence: 'The message was cut off' },
} as const satisfies Record<string, { status: number; sentence: string }>;

export type FailureCode = keyof typeof FAILURES;

/** One reason of {@link FAILURES} with its code. */
export interface Failure {
  readonly code: FailureCode;
  /** Status for a refused request. */
  readonly status: number;
  /** One sentence without its full stop. */
  readonly sentence: string;
}

const known = new Map(
  Object.entries(FAILURES).map(([code, { status, sentence }]) => [
    code as FailureCode,
    { code: code as FailureCode, status, sentence } satisfies Failure,
  ]),
);

/** The failure of that code; always the same object. */
export function failureOf(code: FailureCode): Failure {
  const failure = known.get(code);
  if (failure === undefined) throw new TypeError(`no failure ${code}`);
  return failure;
}
