import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const folders = ['packages/*/src', 'app/*/src', 'bench', 'demo', 'e2e', 'tools', 'examples'];
// Real processes on a shared machine: there a failed test is tried once more, and the end of the run names it.
const retry = process.env['CI'] ? 1 : 0;
const generous = { retry, testTimeout: 60_000, hookTimeout: 60_000, teardownTimeout: 30_000 };

export default defineConfig({
  test: {
    reporters: ['default', './tools/test-reporter.ts'],
    passWithNoTests: false,
    projects: [
      {
        test: {
          ...generous,
          name: 'quick',
          include: folders.map((folder) => `${folder}/**/*.test.ts`),
          exclude: ['**/node_modules/**', '**/dist/**', '**/*.e2e.test.ts'],
          pool: 'forks',
          maxWorkers: Math.max(2, availableParallelism() - 1),
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Whole environments under load: one file at a time and after the quick ones, so that a busy machine
        // disturbs no measurement.
        test: {
          ...generous,
          testTimeout: 300_000,
          name: 'heavy',
          include: folders.map((folder) => `${folder}/**/*.e2e.test.ts`),
          exclude: ['**/node_modules/**', '**/dist/**'],
          pool: 'forks',
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
