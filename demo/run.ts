/**
 * Ships a real app on this machine, takes a good change through 5 % → 50 % → 100 % under load, and a bad one back.
 * Uses only what any user has: the command line, a configuration, and an editor (here: a replacement of text).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { readLog } from '../bench/load/records.ts';
import { type RunningLoad, startLoad } from '../bench/load/start.ts';
import { makeBadChange, makeGoodChange } from './changes.ts';
import { type EndedRollout, figures, lastLine } from './report.ts';
import { ENVIRONMENT, freePort, makeWorkshop, REPOSITORY, SERVICE, WORKSHOP } from './workshop.ts';

/** Requests per second. */
const RATE = 500;

const keep = process.env['KEEP'] === '1';
const log = join(WORKSHOP, 'load.jsonl');
let load: RunningLoad | null = null;

const say = (text: string): void => console.log(`\n# ${text}`);

/** Runs a verb as a person would, showing it; returns its exit code, and its output where it is captured. */
async function morrow(args: readonly string[], capture = false): Promise<{ code: number; out: string }> {
  console.log(`$ npx morrow ${args.join(' ')}`);
  const child = spawn(process.execPath, [join(REPOSITORY, 'packages/morrow/bin/morrow.js'), ...args], {
    cwd: WORKSHOP,
    stdio: ['ignore', capture ? 'pipe' : 'inherit', 'inherit'],
  });
  let out = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  const [code] = await once(child, 'close');
  return { code: typeof code === 'number' ? code : 1, out };
}

async function expectCode(wanted: number, args: readonly string[]): Promise<void> {
  const { code } = await morrow(args);
  if (code !== wanted) throw new Error(`\`morrow ${args.join(' ')}\` ended with ${code}, expected ${wanted}`);
}

async function demo(): Promise<boolean> {
  const port = await freePort();
  say(`A copy of app/backend to work on, with a configuration of its own: ${WORKSHOP}`);
  makeWorkshop(port);
  await expectCode(0, ['up', ENVIRONMENT]);

  say('Ship it: nothing serves yet, so it is checked and then gets all traffic');
  await expectCode(0, ['deploy', ENVIRONMENT, SERVICE]);

  say(`Users arrive: ${RATE} requests a second, until the end`);
  load = await startLoad({
    url: `http://127.0.0.1:${port}`,
    rate: RATE,
    getPath: '/events',
    postShare: 0,
    largeShare: 0,
    webSockets: 0,
    log,
  });

  say(`A good change. ${makeGoodChange()}`);
  await expectCode(0, ['deploy', ENVIRONMENT, SERVICE]);

  say(`A bad change. ${makeBadChange()}`);
  await expectCode(3, ['deploy', ENVIRONMENT, SERVICE]);

  say('What serves now, and what happened');
  await expectCode(0, ['status', ENVIRONMENT]);
  const { out } = await morrow(['history', ENVIRONMENT, SERVICE, '--json'], true);
  await load.stop();
  load = null;
  return report((JSON.parse(out) as EndedRollout[])[0]);
}

async function report(bad: EndedRollout | undefined): Promise<boolean> {
  if (bad === undefined) throw new Error('the history is empty');
  const result = figures(await readLog(log), bad);
  say('The load generator counted:');
  console.log(`  requests                            ${result.requests}`);
  console.log(`  failed by the act of shipping       ${result.failedByShipping}`);
  console.log(`  answered by the bad revision        ${result.servedByBadRevision}`);
  console.log(`  of those failed                     ${result.failedByBadRevision}`);
  for (const example of result.examples) console.log(`  failed by shipping: ${example}`);
  console.log('');
  await finish();
  console.log(lastLine(result));
  return result.failedByShipping === 0 && result.detectedS !== null && result.returnedMs !== null;
}

/** Stops what the demo started, unless it is to be kept. */
async function finish(): Promise<void> {
  await load?.stop();
  load = null;
  if (keep) {
    console.log(`# Left running in ${WORKSHOP}; \`npx morrow down ${ENVIRONMENT}\` there stops it.`);
  } else {
    await morrow(['down', ENVIRONMENT]);
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void finish().finally(() => process.exit(130)));
}

try {
  process.exitCode = (await demo()) ? 0 : 1;
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
  await finish();
  process.exitCode = 1;
}
