/**
 * Runs one benchmark: `npm run -s bench -- NAME [--quick]`. The last line of what it prints is one JSON object,
 * `{"bench":NAME,"metrics":{…}}`. Exit codes: 0 measured, 1 failed, 2 no such benchmark.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { table } from './table.ts';
import type { Bench } from './types.ts';

const FOLDER = import.meta.dirname;

function entryOf(name: string): string {
  return join(FOLDER, name, 'index.ts');
}

function names(): string[] {
  const folders = readdirSync(FOLDER, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map((folder) => folder.name).filter((name) => existsSync(entryOf(name)));
}

/** More than four digits of a measurement say nothing; a count keeps all of them. */
function round(value: number | null): number | null {
  return value === null || Number.isInteger(value) ? value : Number(value.toPrecision(4));
}

async function main(args: string[]): Promise<number> {
  const quick = args.includes('--quick');
  const [name, ...surplus] = args.filter((arg) => arg !== '--quick');
  if (!name || surplus.length > 0 || !names().includes(name)) {
    const asked = name && surplus.length === 0 ? `There is no benchmark "${name}"` : 'Name one benchmark';
    process.stderr.write(`${asked}; there is: ${names().join(', ')}; each takes --quick.\n`);
    return 2;
  }
  const { run } = (await import(pathToFileURL(entryOf(name)).href)) as { run: Bench };
  const { title, rows, metrics, notes } = await run({ quick });
  process.stdout.write(`${title}\n\n${table(rows)}\n\n`);
  for (const note of notes) process.stdout.write(`${note}\n`);
  const rounded = Object.entries(metrics).map(([metric, value]) => [metric, round(value)]);
  process.stdout.write(`${JSON.stringify({ bench: name, metrics: Object.fromEntries(rounded) })}\n`);
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
}
