import { wallClock } from './clock.ts';
import { HttpUsers } from './http.ts';
import { openLog } from './log.ts';
import type { LoadOptions } from './options.ts';
import type { EndRecord, RequestKind } from './records.ts';
import { webSocketUser } from './web-sockets.ts';

/** A stall longer than this is not made up for by a burst; it shows in `worstLagMs`. */
const LONGEST_CATCH_UP_MS = 250;

/**
 * Drives the load in this process until `options.seconds` are over or `signal` is aborted, then waits for what
 * is under way (at most `options.timeoutMs`), closes everything and writes out the log.
 */
export async function runLoad(options: LoadOptions, signal?: AbortSignal): Promise<EndRecord> {
  const log = await openLog(options.log);
  const started = performance.now();
  const cpu = process.cpuUsage();
  log.write({ kind: 'begin', at: wallClock(), options });

  const http = new HttpUsers(options, log.write);
  const sockets = Array.from({ length: options.webSockets }, (_, user) =>
    webSocketUser(options, user, log.write),
  );
  const paced = await pace(options, signal, () => http.send(pickKind(options), pickConnection(options)));
  await Promise.all([http.idle(), ...sockets.map((socket) => socket.stop())]);
  http.close();

  const { user, system } = process.cpuUsage(cpu);
  const end: EndRecord = {
    kind: 'end',
    at: wallClock(),
    wallMs: performance.now() - started,
    cpuMs: (user + system) / 1000,
    ...paced,
  };
  log.write(end);
  await log.end();
  return end;
}

const pickKind = ({ postShare, largeShare }: LoadOptions): RequestKind => {
  const dice = Math.random();
  if (dice < postShare) return 'post';
  return dice < postShare + largeShare ? 'large' : 'get';
};

const pickConnection = ({ newShare }: LoadOptions): 'new' | 'kept' =>
  Math.random() < newShare ? 'new' : 'kept';

/** Calls `send` at an even pace; resolves when the time is over or the signal comes. */
function pace(
  { rate, seconds }: Pick<LoadOptions, 'rate' | 'seconds'>,
  signal: AbortSignal | undefined,
  send: () => void,
): Promise<{ sent: number; worstLagMs: number }> {
  const { promise, resolve } = Promise.withResolvers<{ sent: number; worstLagMs: number }>();
  const gapMs = 1000 / rate;
  const begin = performance.now();
  const endsAt = seconds === null ? Number.POSITIVE_INFINITY : begin + seconds * 1000;
  let next = begin;
  let sent = 0;
  let worstLagMs = 0;
  let timer: NodeJS.Timeout | undefined;
  let over = false;

  const finish = (): void => {
    over = true;
    clearTimeout(timer);
    signal?.removeEventListener('abort', finish);
    resolve({ sent, worstLagMs });
  };
  const sendDue = (): void => {
    if (over) return;
    const now = performance.now();
    worstLagMs = Math.max(worstLagMs, now - next);
    if (now - next > LONGEST_CATCH_UP_MS) next = now;
    for (; next <= now && next < endsAt; next += gapMs) {
      send();
      sent += 1;
    }
    if (next >= endsAt) finish();
    else timer = setTimeout(afterPoll, Math.max(1, next - performance.now()));
  };
  // Timers run before the sockets are looked at, immediates after: a kept connection that the server closed
  // while it was idle is known to be closed when a request is put on it.
  const afterPoll = (): void => {
    setImmediate(sendDue);
  };

  signal?.addEventListener('abort', finish);
  if (signal?.aborted) finish();
  else if (rate > 0) sendDue();
  else if (Number.isFinite(endsAt)) timer = setTimeout(finish, endsAt - begin);
  return promise;
}
