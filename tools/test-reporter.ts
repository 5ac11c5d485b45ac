import type { Reporter, SerializedError, TestCase, TestModule, TestSuite } from 'vitest/node';

/** What a run came to. A file that could not be loaded and an error outside of any test each count as one failure. */
export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  skips: { name: string; reason: string }[];
  /** Tests that failed at first and passed when tried again. */
  retried: string[];
}

const NO_REASON = 'no reason given';

function skipReason(test: TestCase): string {
  const result = test.result();
  if (result.state === 'skipped' && result.note) return result.note;
  for (let task: TestCase | TestSuite | TestModule = test; task.type !== 'module'; task = task.parent) {
    const reason = (task.meta() as { skipReason?: string }).skipReason;
    if (reason) return reason;
  }
  return NO_REASON;
}

/** Counts the tests of a run. */
export function tally(modules: readonly TestModule[], unhandled: readonly SerializedError[]): Tally {
  const counts: Tally = { passed: 0, failed: unhandled.length, skipped: 0, skips: [], retried: [] };
  for (const module of modules) {
    counts.failed += module.errors().length;
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const state = test.result().state;
      const name = `${module.relativeModuleId} > ${test.fullName}`;
      if (state === 'passed' && (test.diagnostic()?.retryCount ?? 0) > 0) counts.retried.push(name);
      if (state === 'passed') counts.passed += 1;
      else if (state === 'failed') counts.failed += 1;
      else {
        counts.skipped += 1;
        counts.skips.push({ name, reason: skipReason(test) });
      }
    }
  }
  return counts;
}

/** The end of a run: each skip with its reason, each test that passed only when tried again, then the line that people and CI read. */
export function summary(counts: Tally): string {
  const skips = counts.skips.map((skip) => `skipped: ${skip.name}: ${skip.reason}`);
  const retries = counts.retried.map((name) => `passed at the second try: ${name}`);
  return [
    ...skips,
    ...retries,
    `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`,
  ].join('\n');
}

export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const counts = tally(modules, unhandled);
    const end = summary(counts);
    // After everything else that Vitest still prints, so that it is the last line whatever happens.
    process.once('exit', () => process.stdout.write(`\n${end}\n`));
  }
}
