/**
 * The service that end-to-end tests and benchmarks ship. It behaves as `behaviour.json` beside it says, so that a
 * changed behaviour is a changed revision. Answers what the load generator asks: `/`, `/echo`, `/bytes/N`, `/ws`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Behaviour, DEFAULT_BEHAVIOUR } from './behaviour.ts';
import { echoWebSocket } from './echo-web-socket.ts';

const behaviour: Behaviour = {
  ...DEFAULT_BEHAVIOUR,
  ...(JSON.parse(readFileSync(new URL('behaviour.json', import.meta.url), 'utf8')) as Partial<Behaviour>),
};

if (behaviour.crashAtStart) {
  console.error('cannot open the database: no such host');
  process.exit(1);
}

const large = new Map<number, Buffer>();
let answered = 0;
let stopping = false;

/** What Morrow asks, rather than users. */
function answerToMorrow(path: string): { status: number; text: string } | null {
  const ready = behaviour.ready && !stopping;
  if (path === '/health/live') return { status: 200, text: 'alive' };
  if (path === '/health') return ready ? { status: 200, text: 'ready' } : { status: 503, text: 'not ready' };
  if (path === '/smoke')
    return behaviour.failSmoke ? { status: 500, text: 'smoke is broken' } : { status: 200, text: 'fine' };
  return null;
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? '/';
  const own = answerToMorrow(path);
  if (own !== null) {
    send(response, own.status, own.text);
    return;
  }
  answered += 1;
  if (behaviour.hangEvery > 0 && answered % behaviour.hangEvery === 0) return;
  if (behaviour.failEvery > 0 && answered % behaviour.failEvery === 0)
    send(response, 500, 'broken on purpose');
  else if (path === '/echo')
    request.pipe(response.writeHead(200, { 'content-type': 'application/octet-stream' }));
  else if (path.startsWith('/bytes/')) send(response, 200, bytes(Number(path.slice('/bytes/'.length))));
  else send(response, 200, `hello from ${behaviour.name}`);
}

function bytes(size: number): Buffer {
  const body = large.get(size) ?? Buffer.alloc(Math.min(size, 10_000_000), 'x');
  large.set(size, body);
  return body;
}

function send(response: ServerResponse, status: number, body: string | Buffer): void {
  response.writeHead(status, { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

/** Tests say by a file when it is time to go wrong, and as long as it is there nothing starts well either. */
function goWrongIfAsked(): void {
  if (behaviour.crashWhen !== '' && existsSync(behaviour.crashWhen)) {
    console.error('the crash that was asked for');
    process.exit(42);
  }
  if (behaviour.hangWhen !== '' && existsSync(behaviour.hangWhen)) {
    console.error('hanging as asked for');
    // Without burning the machine's CPU: the event loop stands still all the same.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
}

goWrongIfAsked();
setInterval(goWrongIfAsked, 20);

const server = createServer(answer);
server.keepAliveTimeout = 75_000;
server.on('upgrade', echoWebSocket);
setTimeout(() => server.listen(Number(process.env['PORT']), process.env['HOST']), behaviour.startMs);

const leaked: Buffer[] = [];
if (behaviour.leakMiBPerSecond > 0) {
  setInterval(() => leaked.push(Buffer.alloc((behaviour.leakMiBPerSecond * 1024 * 1024) / 10, 1)), 100);
}

process.once('SIGTERM', () => {
  stopping = true;
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
console.log(`${behaviour.name} starts`);
