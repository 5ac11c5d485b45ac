/**
 * A load at a given rate: `node paced.ts PORT PATH CONNECTIONS RATE SECONDS` prints one line of JSON.
 *
 * Requests fall due at even distances. Each goes out on the next free of the kept connections, and its latency counts
 * from the moment it fell due: a proxy that stalls pays for everything that it held up (as in wrk2). What is due is
 * sent whenever an answer arrives, and at least each millisecond. RATE 0: as fast as the connections allow.
 */
import { connect, type Socket } from 'node:net';
import { browserHead } from './head.ts';
import { Latencies } from './histogram.ts';

const [port = '', path = '/', connections = '32', rateText = '0', secondsText = '1'] = process.argv.slice(2);
const rate = Number(rateText);
const runMs = Number(secondsText) * 1000;
/** Before anything is measured: connections are opened. */
const WARM_MS = 200;
/** In `HTTP/1.1 200 OK`. */
const STATUS_AT = 9;
const gapMs = rate > 0 ? 1000 / rate : 0;
const head = browserHead(path);

const latencies = new Latencies();
/** How late requests went out although a connection was free, ms: what the generator adds of its own. */
const lags = new Latencies();
let errors = 0;

interface Lane {
  readonly socket: Socket;
  /** When the request under way fell due. */
  dueAt: number;
  /** Bytes of its answer still to come; -1: its head has not ended. */
  left: number;
}

const free: Lane[] = [];
let begunAt = 0;
let nextDue = 0;
let over = false;

const send = (lane: Lane, dueAt: number): void => {
  lane.dueAt = dueAt;
  lane.left = -1;
  lane.socket.write(head);
};

/** Sends what has fallen due, while there are free connections. */
function sendDue(now: number, wasFree: boolean): void {
  while (free.length > 0 && nextDue <= now && now - begunAt < WARM_MS + runMs) {
    const lane = free.pop();
    if (lane === undefined) return;
    if (wasFree) lags.add(now - nextDue);
    send(lane, rate > 0 ? nextDue : now);
    nextDue += gapMs;
  }
}

function receive(lane: Lane, chunk: Buffer): void {
  if (lane.left < 0) {
    const bytes = bytesToCome(chunk);
    if (bytes === null) {
      // Counted when it has closed.
      lane.socket.destroy();
      return;
    }
    lane.left = bytes;
  } else lane.left -= chunk.length;
  if (lane.left > 0) return;
  const now = performance.now();
  if (now - begunAt > WARM_MS) latencies.add(now - lane.dueAt);
  const wasFree = free.length > 0;
  free.push(lane);
  sendDue(now, wasFree);
}

/** Of an answer with status 200, after the chunk that begins it; null: it is no such answer. */
function bytesToCome(chunk: Buffer): number | null {
  const end = chunk.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const text = chunk.toString('latin1', 0, end + 2);
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(text)?.[1];
  if (length === undefined || !text.startsWith('200', STATUS_AT)) return null;
  return Number(length) - (chunk.length - end - 4);
}

const lanes = await Promise.all(
  Array.from({ length: Number(connections) }, async (): Promise<Lane> => {
    const socket = connect(Number(port), '127.0.0.1').setNoDelay(true);
    const lane = { socket, dueAt: 0, left: 0 };
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    socket.on('error', () => {});
    socket.on('close', () => {
      if (!over) errors += 1;
    });
    socket.on('data', (chunk) => receive(lane, chunk));
    return lane;
  }),
);
free.push(...lanes);
begunAt = performance.now();
nextDue = begunAt;
const cpu = process.cpuUsage();
const timer = setInterval(() => sendDue(performance.now(), true), 1);
sendDue(begunAt, true);
setTimeout(() => {
  over = true;
  clearInterval(timer);
  const { user, system } = process.cpuUsage(cpu);
  const result = {
    requests: latencies.count,
    seconds: runMs / 1000,
    p50Ms: latencies.quantile(0.5),
    p99Ms: latencies.quantile(0.99),
    errors,
    lagP99Ms: lags.quantile(0.99),
    cpuMs: (user + system) / 1000,
  };
  console.log(JSON.stringify(result));
  for (const { socket } of lanes) socket.destroy();
}, WARM_MS + runMs);
