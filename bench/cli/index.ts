import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installPackage } from '../../tools/pack.ts';
import { freePort } from '../edge/machine.ts';
import type { BenchOptions, BenchResult } from '../types.ts';

/** A service of a few lines: what `status` reports on is an environment that runs. */
const SERVER = `import { createServer } from 'node:http';
const server = createServer((request, response) => response.end('hello'));
server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;

const config = (port: number) => `import { defineConfig } from 'morrow';
export default defineConfig({
  project: 'bench',
  services: { web: { folder: 'web', start: 'node server.js', runtime: 'process', listen: ${port} } },
  environments: { development: { platform: 'local' } },
});
`;

/** Wall-clock time of one run of Node, ms, from starting the process to its end. */
function time(args: readonly string[], cwd: string, exitCode = 0): number {
  const begin = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
  const ms = performance.now() - begin;
  if (status !== exitCode) throw new Error(`node ${args.join(' ')} ended with ${status}: ${stderr}`);
  return ms;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/**
 * Start-up of the published package. The commands take turns, so that a busy moment of the machine meets all of them.
 */
export async function run({ quick }: BenchOptions): Promise<BenchResult> {
  const installed = installPackage();
  const { folder, bin } = installed;
  const morrow = (...args: string[]) => time([bin, ...args], folder);
  try {
    writeFileSync(join(folder, 'empty.js'), '');
    writeFileSync(join(folder, 'morrow.config.ts'), config(await freePort()));
    mkdirSync(join(folder, 'web'));
    writeFileSync(join(folder, 'web/server.js'), SERVER);
    morrow('up', 'development');
    morrow('deploy', 'development');
    const commands = {
      node: () => time(['empty.js'], folder),
      help: () => morrow('--help'),
      status: () => morrow('status', 'development'),
    };
    const rounds = quick ? 30 : 200;
    const times: Record<keyof typeof commands, number[]> = { node: [], help: [], status: [] };
    for (let round = -3; round < rounds; round += 1) {
      for (const name of Object.keys(commands) as (keyof typeof commands)[]) {
        const ms = commands[name]();
        // The first rounds fill Node's cache of compiled code and the machine's of files.
        if (round >= 0) times[name].push(ms);
      }
    }
    return result(times, rounds);
  } finally {
    spawnSync(process.execPath, [bin, 'down', 'development'], { cwd: folder });
    installed.remove();
  }
}

function result(times: Record<'node' | 'help' | 'status', number[]>, rounds: number): BenchResult {
  const node = median(times.node);
  const row = (command: string, values: number[]) => ({
    command,
    'median ms': median(values),
    'fastest ms': Math.min(...values),
    'ratio to node': median(values) / node,
  });
  return {
    title: `Start-up of the published package, ${rounds} rounds taking turns, Node ${process.versions.node}`,
    rows: [
      row('node empty.js', times.node),
      row('morrow --help', times.help),
      row('morrow status (agent running)', times.status),
    ],
    metrics: {
      node_ms: node,
      help_ms: median(times.help),
      status_ms: median(times.status),
      help_ratio_node: median(times.help) / node,
      status_ratio_node: median(times.status) / node,
    },
    notes: ['Goals: help_ratio_node at most 1.5, status_ratio_node at most 3.'],
  };
}
