/** Ports for processes: below the ephemeral ones, which the system hands out to anybody who connects somewhere. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { MorrowError } from '../../errors.ts';
import { readText } from './files.ts';

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

const WIDTH = 10_000;
const HIGHEST = 31_999;
const TRIES = 50;

/** The range used on this machine: 22000–31999, lower where the system's ephemeral ports begin lower. */
export function portRange(): PortRange {
  // Other systems begin at 49152, or at 32768 like Linux.
  const begin = Number((readText('/proc/sys/net/ipv4/ip_local_port_range') ?? '').trim().split(/\s+/)[0]);
  const last = begin > 2 * WIDTH ? Math.min(HIGHEST, begin - 1) : HIGHEST;
  return { first: last - WIDTH + 1, last };
}

/** Whether nobody listens on a port, neither on loopback nor on every address. */
export async function isFree(port: number): Promise<boolean> {
  for (const host of ['127.0.0.1', '0.0.0.0']) if (!(await canListen(port, host))) return false;
  return true;
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * A free port, chosen at random so that two environments starting at once seldom choose the same.
 * @param taken ports given to others already, whether they listen yet or not
 * @throws MorrowError `PORT_TAKEN` where none is found
 */
export async function choosePort(range: PortRange, taken: ReadonlySet<number>): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const port = randomInt(range.first, range.last + 1);
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new MorrowError(
    'PORT_TAKEN',
    `No free port was found between ${range.first} and ${range.last} in ${TRIES} tries.`,
    { hint: 'Look what holds so many ports: `ss -ltnp` or `lsof -iTCP -sTCP:LISTEN`.' },
  );
}
