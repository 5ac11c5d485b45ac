/**
 * The edge as a program: `main.ts --dir DIR --socket PATH [--workers N] [--failsafe-ms MS] [--orphan-ms MS]`;
 * `main.ts worker` is what it forks. Ends with 0 after SIGTERM or `POST /v1/shutdown`.
 */
import { enableCompileCache, flushCompileCache } from 'node:module';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { MorrowError } from '../errors.ts';
import type { EdgeOptions } from './process/run.ts';

enableCompileCache();
// The cache is else written at the end of the process only, which `kill -9` leaves out: and it is after that that a
// quick start counts.
setTimeout(flushCompileCache, 1_000).unref();

if (process.argv[2] === 'worker') {
  const { runWorker } = await import('./process/worker.ts');
  runWorker();
} else {
  await runMaster().catch((error: unknown) => {
    const known = error instanceof MorrowError ? error : null;
    process.stderr.write(
      `${known ? [known.message, known.hint].join(' ').trim() : (error as Error).stack}\n`,
    );
    process.exit(known?.exitCode ?? 1);
  });
}

async function runMaster(): Promise<void> {
  const options = readOptions();
  const { defaultWorkers, forkAhead } = await import('./process/fork-worker.ts');
  const workers = options.workers ?? defaultWorkers();
  forkAhead(workers);
  const asked = Promise.withResolvers<void>();
  process.once('SIGTERM', asked.resolve);
  process.once('SIGINT', asked.resolve);
  const { runEdge } = await import('./process/run.ts');
  const edge = await runEdge({ ...options, workers });
  void asked.promise.then(() => {
    // A second time it is meant at once.
    process.on('SIGTERM', () => void edge.end());
    process.on('SIGINT', () => void edge.end());
    return edge.end();
  });
  await edge.ended;
  process.exit(0);
}

function readOptions(): EdgeOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      dir: text,
      socket: text,
      workers: text,
      'failsafe-ms': text,
      'orphan-ms': text,
      sharing: text,
    },
  });
  if (!values.dir || !values.socket) throw new MorrowError('USAGE', 'The edge needs --dir and --socket.');
  const number = (name: 'workers' | 'failsafe-ms' | 'orphan-ms', least: number) => {
    const given = values[name];
    if (given === undefined) return undefined;
    if (!/^\d+$/.test(given) || Number(given) < least)
      throw new MorrowError(
        'USAGE',
        `--${name} must be a whole number of at least ${least}, but is "${given}".`,
      );
    return Number(given);
  };
  const workers = number('workers', 1);
  const failsafeMs = number('failsafe-ms', 1);
  const orphanMs = number('orphan-ms', 1);
  const { sharing } = values;
  if (sharing !== undefined && sharing !== 'reuse-port' && sharing !== 'handle')
    throw new MorrowError('USAGE', '--sharing must be reuse-port or handle.');
  return {
    dir: resolve(values.dir),
    socketPath: resolve(values.socket),
    ...(workers === undefined ? {} : { workers }),
    ...(failsafeMs === undefined ? {} : { failsafeMs }),
    ...(orphanMs === undefined ? {} : { orphanMs }),
    ...(sharing === undefined ? {} : { sharing }),
  };
}
