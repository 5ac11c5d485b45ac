import { request } from 'node:http';
import type { EdgeTarget } from '../api.ts';
import { type CheckResult, REFUSED } from './health-rules.ts';

const WORDS: Record<string, string> = {
  ECONNREFUSED: REFUSED,
  ECONNRESET: 'closed the connection without an answer',
  EPIPE: 'closed the connection without an answer',
  ENOTFOUND: 'its host name is unknown',
  EAI_AGAIN: 'its host name could not be looked up',
  EHOSTUNREACH: 'no route to its host',
  ENETUNREACH: 'no route to its host',
  ETIMEDOUT: 'no connection',
};

/**
 * Asks a target once over HTTP, on a connection of its own. Success is a status from 200 to 399.
 * Never throws: what went wrong is the result.
 */
export function checkTarget(target: EdgeTarget, path: string, timeoutMs: number): Promise<CheckResult> {
  const { promise, resolve } = Promise.withResolvers<CheckResult>();
  const asked = request(
    {
      host: target.host,
      port: target.port,
      path,
      agent: false,
      headers: { 'user-agent': 'morrow-health', accept: '*/*', connection: 'close' },
    },
    (answer) => {
      const status = answer.statusCode ?? 0;
      // Read to the end (but not for ever), so that the target doesn't log an aborted request each time.
      answer.on('error', () => {}).resume();
      answer.on('end', () => clearTimeout(timer));
      resolve(status >= 200 && status < 400 ? null : `answered ${status}`);
    },
  );
  const timer = setTimeout(() => {
    resolve(`no answer within ${timeoutMs} ms`);
    asked.destroy();
  }, timeoutMs);
  asked.on('error', (error: NodeJS.ErrnoException) => {
    clearTimeout(timer);
    const code = error.code ?? '';
    resolve(WORDS[code] ?? (code.startsWith('HPE_') ? 'answered something that is not HTTP' : error.message));
  });
  asked.on('close', () => clearTimeout(timer));
  asked.end();
  return promise;
}
