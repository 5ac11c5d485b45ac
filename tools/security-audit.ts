/**
 * `make security-audit`: what can be said about the packages that are installed here. Checks the lockfile by itself
 * (every package pinned by its hash, no install script that nobody agreed to), then asks the package registry for
 * known vulnerabilities. An audit that could not be carried out fails: silence is no clean bill.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './lint/run.ts';
import { type Lockfile, lockfileProblems, vulnerabilities } from './security/findings.ts';

const say = (sentence: string) => process.stdout.write(`security-audit: ${sentence}\n`);

const lockfile = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lockfile;
const problems = lockfileProblems(lockfile);
for (const problem of problems) say(problem);
if (problems.length === 0)
  say(`${Object.keys(lockfile.packages).length} packages are pinned by their hashes.`);

const { stdout } = spawnSync('npm', ['audit', '--json'], { cwd: ROOT, encoding: 'utf8' });
const found = vulnerabilities(stdout);
if (found.state === 'unknown') say(`known vulnerabilities could not be looked up: ${found.reason}.`);
else for (const line of found.lines) say(line);
if (found.state === 'known' && found.lines.length === 0) say('no known vulnerability.');

process.exitCode = problems.length === 0 && found.state === 'known' && !found.serious ? 0 : 1;
