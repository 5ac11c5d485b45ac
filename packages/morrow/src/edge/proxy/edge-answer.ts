/** Answers that the edge gives by itself; the code is in the body and in `x-morrow-error`. */
export const EDGE_ANSWERS = {
  NO_SERVICE: { status: 404, sentence: 'No service is reached under this host and path' },
  NO_REVISION: { status: 503, sentence: 'The service has no revision that takes requests' },
  NO_TARGET: { status: 503, sentence: 'No target of the revision is healthy' },
  REVISION_MISSING: { status: 400, sentence: 'A preview names its revision in x-morrow-revision' },
  UNKNOWN_REVISION: { status: 404, sentence: 'No slot holds the revision that x-morrow-revision names' },
  TARGET_REFUSED: { status: 502, sentence: 'The target refused the connection' },
  TARGET_RESET: { status: 502, sentence: 'The target closed the connection before it answered' },
  TARGET_CUT_OFF: { status: 502, sentence: 'The target closed the connection within the head of its answer' },
  TARGET_MALFORMED: { status: 502, sentence: 'The answer of the target is malformed' },
  TARGET_CONNECT_TIMEOUT: { status: 504, sentence: 'The target did not accept the connection in time' },
  TARGET_TIMEOUT: { status: 504, sentence: 'The target did not answer in time' },
  BODY_TOO_LARGE: { status: 413, sentence: 'The body of the request is too large' },
  HEAD_TIMEOUT: { status: 408, sentence: 'The head of the request did not come in time' },
  BODY_TIMEOUT: { status: 408, sentence: 'The body of the request did not come in time' },
  UPGRADE_MALFORMED: { status: 400, sentence: 'An upgrade to WebSocket is a GET in HTTP/1.1 without a body' },
  DRAIN_LIMIT: { status: 503, sentence: 'The revision was taken out of service before it answered' },
} as const satisfies Record<string, { status: number; sentence: string }>;
export type EdgeAnswerCode = keyof typeof EDGE_ANSWERS;

/** One answer of the edge's own. Why bytes are no HTTP (`Failure`) is one as well. */
export interface EdgeAnswer {
  readonly status: number;
  readonly code: string;
  /** Without its full stop. */
  readonly sentence: string;
}

/** The answer of that code; `more` explains it further. */
export function edgeAnswer(code: EdgeAnswerCode, more = ''): EdgeAnswer {
  const { status, sentence } = EDGE_ANSWERS[code];
  return { status, code, sentence: more === '' ? sentence : `${sentence}: ${more}` };
}

/** What else goes into an answer of the edge's own. */
export interface AnswerContext {
  readonly requestId: string | null;
  /** Where a revision had been chosen already. */
  readonly revision: string | null;
  /** The client prefers JSON. */
  readonly json: boolean;
  /** The answer is to HEAD. */
  readonly bodiless: boolean;
  readonly connection: 'close' | 'keep-alive' | null;
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  408: 'Request Timeout',
  413: 'Content Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

/** The whole answer, head and body, as latin1. */
export function writeEdgeAnswer(answer: EdgeAnswer, context: AnswerContext): string {
  const { status, code, sentence } = answer;
  const body = context.json
    ? `${JSON.stringify({ code, message: `${sentence}.` })}\n`
    : `${status} ${REASONS[status] ?? ''}: ${sentence}. (${code})\n`;
  let out = `HTTP/1.1 ${status} ${REASONS[status] ?? ''}\r\n`;
  out += `Date: ${new Date().toUTCString()}\r\n`;
  out += `Content-Type: ${context.json ? 'application/json' : 'text/plain; charset=utf-8'}\r\n`;
  out += `Content-Length: ${body.length}\r\nCache-Control: no-store\r\nX-Morrow-Error: ${code}\r\n`;
  if (context.requestId !== null) out += `X-Request-Id: ${context.requestId}\r\n`;
  if (context.revision !== null) out += `X-Morrow-Revision: ${context.revision}\r\n`;
  if (context.connection !== null) out += `Connection: ${context.connection}\r\n`;
  return context.bodiless ? `${out}\r\n` : `${out}\r\n${body}`;
}

/** Whether the client would rather read JSON than text. */
export const prefersJson = (accept: string | null): boolean =>
  accept !== null && /\bapplication\/(json|[\w.-]+\+json)\b/i.test(accept);
