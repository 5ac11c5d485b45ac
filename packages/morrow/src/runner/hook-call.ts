import { createHmac } from 'node:crypto';
import type { Effect, TaskView } from '../engine/types.ts';

type CallEffect = Extract<Effect, { type: 'call' }>;

/**
 * Sends a hook's HTTPS call, signed with the named secret: header `x-morrow-signature: sha256=<HMAC of the body>`,
 * and `x-morrow-key`, the same for each attempt, by which the receiver may tell a repetition.
 * Called at least once per key: a controller that died in the middle asks again.
 * @param secret value of the secret, or null when there is none of that name
 * @returns `succeeded` on any 2xx; else `failed` with the reason in words
 */
export async function callHook(effect: CallEffect, secret: string | null): Promise<TaskView> {
  const failed = (text: string): TaskView => ({ state: 'failed', text, lastLines: [] });
  const { hook, body, key } = effect;
  if (secret === null) return failed(`the secret ${hook.secret} that signs the hook ${hook.name} is not set`);
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  try {
    const response = await fetch(hook.url, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'x-morrow-key': key,
        'x-morrow-signature': `sha256=${signature}`,
      },
      signal: AbortSignal.timeout(hook.timeoutMs),
      redirect: 'error',
    });
    await response.body?.cancel();
    return response.ok ? { state: 'succeeded' } : failed(`the hook ${hook.name} answered ${response.status}`);
  } catch (error) {
    const timedOut = error instanceof DOMException && error.name === 'TimeoutError';
    return failed(
      timedOut
        ? `the hook ${hook.name} did not answer within ${hook.timeoutMs} ms`
        : `the hook ${hook.name} could not be called: ${reasonOf(error)}`,
    );
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message : String(cause);
}
