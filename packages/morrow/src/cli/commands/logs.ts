import { MorrowError } from '../../errors.ts';
import type { LogLine } from '../../platform/platform.ts';
import { type Context, on, type Run, text } from '../context.ts';
import { wholeNumber } from '../numbers.ts';
import { explain } from '../reach.ts';
import { chooseService, openSession, type Session } from '../session.ts';
import { Unreachable } from '../unix-http.ts';

/** `morrow logs [env] [service] [-f] [--tail N] [--slot blue|green]`: what the service wrote. */
export const run: Run = async (context) => {
  const { args, options } = context;
  const tail = wholeNumber('--tail', text(options, 'tail'), 100);
  const slot = text(options, 'slot') ?? null;
  if (slot !== null && slot !== 'blue' && slot !== 'green') {
    throw new MorrowError('USAGE', `--slot takes blue or green, not '${slot}'.`);
  }
  const session = await openSession(context, args[0]);
  const status = await session.ask((client) => client.status());
  const { service } = chooseService(status, args[1], () => false);
  await print(context, session, { service, slot, tail, follow: on(options, 'follow') });
  return 0;
};

interface Query {
  readonly service: string;
  readonly slot: string | null;
  readonly tail: number;
  readonly follow: boolean;
}

/** Prints lines; where the agent goes away while they are followed, goes on when it is back. */
async function print(context: Context, session: Session, query: Query): Promise<void> {
  const { out, signal } = context;
  let tail = query.tail;
  for (;;) {
    let lost: unknown = null;
    try {
      for await (const line of session.client.logs({ ...query, tail })) {
        if (out.readerGone.aborted) return;
        show(context, line);
      }
    } catch (error) {
      if (!(error instanceof Unreachable) || error.kind === 'denied' || !query.follow) {
        throw explain(error, session.paths);
      }
      lost = error;
    }
    if (!query.follow) return;
    if (signal.aborted) throw signal.reason;
    tail = 0;
    await session.ask((client) => client.status());
    if (lost !== null) out.say('The agent was started again; lines of the last seconds may be missing here.');
  }
}

function show({ out }: Context, line: LogLine): void {
  if (out.json) {
    out.document(line);
    return;
  }
  const { style } = out.look;
  const colour = line.slot === 'blue' ? style.cyan : style.green;
  // The line itself as the service wrote it, colours included.
  out.raw(`${colour(`${line.revision} ${line.target}`)} ${style.dim('|')} ${line.line}\n`);
}
