/** A small HTTP service that tests ship: it serves, and misbehaves when told to. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SERVER = `import { createServer } from 'node:http';
import { spawn } from 'node:child_process';

const mode = process.env.MODE ?? 'serves';
const kept = [];
console.log('starting', mode, process.env.MORROW_REVISION);
if (mode === 'crashes') {
  console.error('cannot go on: no such table');
  process.exit(3);
}
if (mode === 'forks') spawn('sleep', ['1000'], { stdio: 'inherit' });
if (mode === 'leaks') setInterval(() => kept.push(Buffer.alloc(8e6, 1)), 20);

let ready = mode === 'never-healthy' ? 503 : 200;
let live = true;
const server = createServer((request, answer) => {
  const { pathname, searchParams } = new URL(request.url, 'http://x');
  if (pathname === '/health') return answer.writeHead(ready).end();
  if (pathname === '/health/live') return live ? answer.end('alive') : undefined;
  if (pathname === '/hang') { live = false; ready = 503; return answer.end(); }
  if (pathname === '/unready') { ready = 503; return answer.end(); }
  if (pathname === '/crash') { console.error('crashing as told'); process.exit(Number(searchParams.get('code') ?? 1)); }
  if (pathname === '/env') return answer.end(JSON.stringify(process.env));
  if (pathname === '/slow') return setTimeout(() => answer.end('slow'), Number(searchParams.get('ms')));
  if (pathname === '/broken') return answer.writeHead(500).end('broken');
  answer.end(JSON.stringify({ revision: process.env.MORROW_REVISION, pid: process.pid, target: process.env.MORROW_TARGET }));
});
server.listen(Number(process.env.PORT), process.env.HOST, () => console.log('listening on', process.env.PORT));
process.on('SIGTERM', () => {
  console.log('asked to end');
  if (mode === 'ignores-sigterm') return;
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
`;

/** How the service behaves: its environment variable `MODE`. */
export type TestServiceMode = 'serves' | 'crashes' | 'never-healthy' | 'leaks' | 'forks' | 'ignores-sigterm';

/** Writes the service into `folder`; `text` makes its content, and so its revision, another. */
export function writeTestService(folder: string, text = ''): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  writeFileSync(join(folder, 'server.js'), SERVER);
  writeFileSync(join(folder, 'text'), text);
}
