/** Load on a proxy, by wrk or by our own generator. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BROWSER_FIELDS } from './head.ts';
import { pinned, whereIs } from './machine.ts';
import { output } from './processes.ts';

/** What a load saw. */
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
}

/** What to ask, how, and for how long. */
export interface Ask {
  readonly port: number;
  readonly path: string;
  readonly connections: number;
  readonly seconds: number;
  readonly core: number | null;
}

/**
 * As many requests as kept connections can carry, one at a time each: by wrk where it is, else by our own generator.
 * @param dir a folder for wrk's script
 */
export async function fullLoad(ask: Ask, dir: string): Promise<LoadResult> {
  const wrk = whereIs('wrk');
  if (wrk === null) return pacedLoad(ask, 0);
  const script = join(dir, 'wrk.lua');
  writeFileSync(script, wrkScript());
  const { port, path, connections, seconds, core } = ask;
  const command = [wrk, '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script];
  const text = await output(pinned(core, [...command, `http://127.0.0.1:${port}${path}`]));
  return JSON.parse(text.trim().split('\n').at(-1) ?? '') as LoadResult;
}

/** Requests at even distances, `rate` a second; latencies count from when each fell due. */
export async function pacedLoad(ask: Ask, rate: number): Promise<LoadResult & { readonly lagP99Ms: number }> {
  const { port, path, connections, seconds, core } = ask;
  const file = fileURLToPath(new URL('paced.ts', import.meta.url));
  const args = [port, path, connections, rate, seconds].map(String);
  return JSON.parse(await output(pinned(core, [process.execPath, file, ...args])));
}

const wrkScript = (): string => `
${Object.entries(BROWSER_FIELDS)
  .map(([name, value]) => `wrk.headers["${name}"] = "${value}"`)
  .join('\n')}
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"seconds":%f,"p50Ms":%f,"p99Ms":%f,"errors":%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.connect + e.read + e.write + e.status + e.timeout))
end
`;
