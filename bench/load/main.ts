/** The generator as a process of its own: `node bench/load/main.ts URL [options]`; stdout gets one JSON line. */
import { runLoad } from './generator.ts';
import { type LoadOptions, parseCommandLine, USAGE } from './options.ts';

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
// Whoever forked us is gone: nobody is left to stop us.
process.on('disconnect', () => stop.abort());
process.on('message', () => stop.abort());

let options: LoadOptions;
try {
  options = parseCommandLine(process.argv.slice(2));
} catch (error) {
  console.error(`${(error as Error).message}\n\n${USAGE}`);
  process.exit(2);
}
const running = runLoad(options, stop.signal);
process.send?.('started');
const end = await running;
console.log(JSON.stringify(end));
if (process.connected) process.disconnect();
