import { MorrowError } from '../../errors.ts';
import { type Run, text } from '../context.ts';
import { durationOption } from '../numbers.ts';
import { duration, plural } from '../render/format.ts';
import { wait } from '../wait.ts';

/** Longest wait for one answer, ms. */
const ANSWER_MS = 5_000;

/** `morrow health <url>`: asks `<url>/health` every 5 s for 30 s; 0 as soon as it answers less than 400, else 1. */
export const run: Run = async ({ out, args, options, signal }) => {
  const endpoint = args[0];
  if (endpoint === undefined)
    throw new MorrowError('USAGE', 'Which endpoint? For example http://127.0.0.1:8080');
  const timeoutMs = durationOption('--timeout', text(options, 'timeout'), 30_000);
  const intervalMs = durationOption('--interval', text(options, 'interval'), 5_000);
  const url = healthUrl(endpoint);
  const { signs, style } = out.errorLook;
  const tries = Math.max(1, Math.floor(timeoutMs / intervalMs));
  const begin = performance.now();
  const left = (): number => timeoutMs - (performance.now() - begin);
  out.say(`Checking ${url} …`);
  let problem = '';
  let attempt = 0;
  while (attempt < tries && (attempt === 0 || left() > 0)) {
    attempt += 1;
    problem = await ask(url, Math.min(ANSWER_MS, Math.max(1, Math.round(left()))), signal);
    if (problem === '') {
      const afterMs = Math.round(performance.now() - begin);
      if (out.json) out.document({ url, healthy: true, attempts: attempt, afterMs });
      else out.data([`${signs.good} Service is healthy (after ${duration(afterMs)})`]);
      return 0;
    }
    out.say(style.dim(`Waiting for the service to be ready (${attempt}/${tries}): ${problem}`));
    if (attempt < tries) await wait(Math.max(0, begin + attempt * intervalMs - performance.now()), signal);
  }
  if (out.json) out.document({ url, healthy: false, attempts: attempt, problem });
  else {
    const asked = `asked ${plural(attempt, 'time')} in ${duration(timeoutMs)}`;
    out.data([`${signs.bad} Service health check failed: ${problem} (${asked})`]);
  }
  return 1;
};

function healthUrl(endpoint: string): string {
  const withScheme = /^https?:\/\//i.test(endpoint) ? endpoint : `http://${endpoint}`;
  try {
    const url = new URL(withScheme);
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/health`;
    return url.href;
  } catch {
    throw new MorrowError('USAGE', `'${endpoint}' is not a URL.`, {
      hint: 'For example http://127.0.0.1:8080',
    });
  }
}

/** Why it is not healthy, in words; empty: it is. By `node:http`: `fetch` refuses to talk to some ports. */
async function ask(url: string, withinMs: number, signal: AbortSignal): Promise<string> {
  const { get } = url.startsWith('https:') ? await import('node:https') : await import('node:http');
  const limit = AbortSignal.timeout(withinMs);
  return new Promise((resolve, reject) => {
    const asked = get(url, { agent: false, signal: AbortSignal.any([limit, signal]) }, (answer) => {
      answer.destroy();
      const { statusCode = 0, statusMessage = '' } = answer;
      resolve(statusCode < 400 ? '' : `answered ${statusCode} ${statusMessage}`.trimEnd());
    });
    asked.on('error', (error: NodeJS.ErrnoException) => {
      if (signal.aborted) reject(signal.reason);
      else resolve(limit.aborted ? `no answer within ${duration(withinMs)}` : words(error));
    });
  });
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused, nothing listens there',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
  ECONNRESET: 'the connection was broken off',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
};

const words = ({ code, message }: NodeJS.ErrnoException): string =>
  (code === undefined ? undefined : WORDS[code]) ?? message;
