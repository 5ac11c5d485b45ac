/** HTTP over a Unix socket, as agent and edge speak it. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';

/**
 * Nobody, or nobody who finishes, answers on a socket:
 * `absent`, nobody listens and nothing was sent; `lost`, the connection broke after the request was sent;
 * `silent`, no answer within the time allowed; `denied`, the operating system refuses access.
 */
export class Unreachable extends Error {
  readonly kind: 'absent' | 'lost' | 'silent' | 'denied';

  constructor(kind: Unreachable['kind'], cause?: unknown) {
    super(`unreachable: ${kind}`, { cause });
    this.kind = kind;
  }
}

/** Whether somebody listens on a socket. */
export function listens(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const end = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', end(true));
    socket.once('error', end(false));
  });
}

export interface UnixRequest {
  readonly socketPath: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Longest wait for the head of the answer, ms. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface UnixAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * One request with its whole answer.
 * @throws Unreachable; the signal's reason when it is aborted
 */
export async function request(options: UnixRequest): Promise<UnixAnswer> {
  const answer = await open(options);
  const parts: string[] = [];
  for await (const part of chunks(answer, options.signal)) parts.push(part);
  return { status: answer.statusCode ?? 0, text: parts.join('') };
}

/** An answer of newline-delimited lines, as they come; other statuses than 200 give `onOther` the whole text to throw. */
export async function* lines(
  options: UnixRequest,
  onOther: (answer: UnixAnswer) => Error,
): AsyncGenerator<string, void> {
  const answer = await open(options);
  let rest = '';
  for await (const part of chunks(answer, options.signal)) {
    rest += part;
    if (answer.statusCode !== 200) continue;
    const whole = rest.split('\n');
    rest = whole.pop() ?? '';
    yield* whole.filter((line) => line !== '');
  }
  if (answer.statusCode !== 200) throw onOther({ status: answer.statusCode ?? 0, text: rest });
  if (rest !== '') yield rest;
}

function open({ socketPath, method, path, body, timeoutMs, signal }: UnixRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const text = body === undefined ? null : JSON.stringify(body);
    const headers =
      text === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    let connected = false;
    const outgoing = httpRequest({ socketPath, method, path, headers, agent: false }, (answer) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      resolve(answer);
    });
    const stop = (): void => {
      outgoing.destroy();
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      outgoing.destroy();
      reject(new Unreachable('silent'));
    }, timeoutMs);
    signal.addEventListener('abort', stop, { once: true });
    outgoing.once('socket', (socket) => socket.once('connect', () => (connected = true)));
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      reject(new Unreachable(kindOf(error, connected), error));
    });
    outgoing.end(text ?? undefined);
  });
}

function kindOf(error: NodeJS.ErrnoException, connected: boolean): Unreachable['kind'] {
  if (error.code === 'EACCES' || error.code === 'EPERM') return 'denied';
  return connected ? 'lost' : 'absent';
}

async function* chunks(answer: IncomingMessage, signal: AbortSignal): AsyncGenerator<string, void> {
  const stop = (): void => void answer.destroy();
  signal.addEventListener('abort', stop, { once: true });
  answer.setEncoding('utf8');
  try {
    for await (const part of answer) yield part as string;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw new Unreachable('lost', error);
  } finally {
    signal.removeEventListener('abort', stop);
    answer.destroy();
  }
  if (signal.aborted) throw signal.reason;
}
