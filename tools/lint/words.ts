/**
 * Words that must not stand in some places, whatever surrounds them; prints each as `file:line: reason`.
 * Usage: `node words.ts ROOT`
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const RULES = [
  {
    files: ['packages/*/src/**/*', 'app/*/src/**/*'],
    word: /\b(fakecloud|ministack|localstack|moto)\b/i,
    reason: 'what ships knows no emulator: give it an endpoint from outside.',
  },
  {
    files: ['package-lock.json'],
    word: /"resolved": "https?:/,
    reason:
      'the lockfile pins packages by their hashes; where one was downloaded from differs from place to place.',
  },
];

const root = process.argv[2] ?? '.';
for (const { files, word, reason } of RULES) {
  for (const file of globSync(files, { cwd: root, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const path = join(file.parentPath, file.name);
    readFileSync(path, 'utf8')
      .split('\n')
      .forEach((line, index) => {
        if (!word.test(line)) return;
        process.stdout.write(`${path}:${index + 1}: ${word.exec(line)?.[0]}: ${reason}\n`);
        process.exitCode = 1;
      });
  }
}
