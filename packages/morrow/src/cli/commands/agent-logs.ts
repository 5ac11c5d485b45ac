import { on, type Run, text } from '../context.ts';
import { wholeNumber } from '../numbers.ts';
import { added, lastLines, sizeOf } from '../tail.ts';
import { locate } from '../where.ts';

/** `morrow agent logs [env] [-f] [--edge]`: what agent (or edge) wrote. */
export const run: Run = async (context) => {
  const { out, options, signal } = context;
  const paths = await locate(context, context.args[0]);
  const file = on(options, 'edge') ? paths.edgeLog : paths.agentLog;
  const tail = wholeNumber('--tail', text(options, 'tail'), 100);
  const size = sizeOf(file);
  if (size === 0) out.say(`${file} is empty or not there: nothing was started here yet.`);
  out.data(lastLines(file, tail));
  if (!on(options, 'follow')) return 0;
  const stop = AbortSignal.any([signal, out.readerGone]);
  for await (const piece of added(file, size, stop)) out.raw(piece);
  if (signal.aborted) throw signal.reason;
  return 0;
};
