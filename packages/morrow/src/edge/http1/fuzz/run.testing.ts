/**
 * `npm run fuzz -- --seconds 60 --seed 1`: tries hostile bytes on the edge's parser and on llhttp for that long and
 * prints what ours accepts and llhttp does not, or understands otherwise. Exit code 1 when there is such a find.
 */
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.testing.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed ?? Date.now() % 1_000_000_000);
if (!(seconds > 0) || !Number.isSafeInteger(seed)) {
  process.stderr.write('Usage: npm run fuzz -- [--seconds N] [--seed N]\n');
  process.exit(2);
}

process.stdout.write(
  `seed ${seed}, ${seconds} s, llhttp ${process.versions['llhttp']} of Node ${process.version}\n`,
);
const begin = performance.now();
const elapsed = () => (performance.now() - begin) / 1_000;
let shown = 0;
const report = fuzz(seed, (executions) => {
  if (elapsed() - shown >= 30) {
    shown = elapsed();
    process.stderr.write(`${Math.round(shown)} s: ${executions} executions\n`);
  }
  return elapsed() >= seconds;
});
const rate = Math.round(report.executions / elapsed());
process.stdout.write(
  `${report.executions} executions (${rate}/s, ${report.reads} reads), ${report.accepted} with an accepted head, ${report.finds.length} finds\n`,
);
for (const { what, told } of report.finds) {
  const { kind, methods, asksUpgrade, closes, limits } = told;
  const text = told.bytes.toString('latin1');
  process.stdout.write(
    `\n${what}\n${JSON.stringify({ kind, text, methods, asksUpgrade, closes, limits })}\n`,
  );
}
process.exitCode = report.finds.length > 0 ? 1 : 0;
