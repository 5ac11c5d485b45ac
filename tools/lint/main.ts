/** `make lint`: runs every linter, prints what each found, and fails if one did. */
import { LINTERS } from './linters.ts';
import { type Outcome, runLinter } from './run.ts';

function line(outcome: Outcome): string {
  const seconds = `${(outcome.ms / 1000).toFixed(1)} s`;
  if (outcome.state === 'skipped') return `lint: ${outcome.name} skipped: ${outcome.reason}`;
  return `lint: ${outcome.name} ${outcome.state === 'passed' ? 'ok' : 'FAILED'} (${seconds})`;
}

const outcomes: Outcome[] = [];
for (const linter of LINTERS) {
  const outcome = await runLinter(linter, process.env['MORROW_REQUIRE'] ?? '');
  outcomes.push(outcome);
  if (outcome.state === 'failed') process.stdout.write(`${outcome.output.trimEnd()}\n`);
  process.stdout.write(`${line(outcome)}\n`);
}

const count = (state: Outcome['state']) => outcomes.filter((outcome) => outcome.state === state).length;
process.stdout.write(`lint: ${count('passed')} ok, ${count('failed')} failed, ${count('skipped')} skipped\n`);
process.exitCode = count('failed') > 0 ? 1 : 0;
