import { afterEach, expect, test } from 'vitest';
import { ResponseReader } from '../http1/response-reader.ts';
import { Step } from '../http1/types.ts';
import {
  cleanUp,
  type Edge,
  eventually,
  lines,
  type Peer,
  service,
  startEdge,
  startUpstream,
} from './harness.testing.ts';

afterEach(cleanUp);

/** Numbers in [0, 1) that the seed determines (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const turns = async (count: number) => {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
};

/** Sends the text in random pieces. */
async function dribble(peer: Peer, text: string, random: () => number): Promise<void> {
  for (let at = 0; at < text.length; ) {
    const size = random() < 0.5 ? text.length : 1 + Math.floor(random() * 20);
    peer.send(text.slice(at, at + size));
    at += size;
    if (random() < 0.5) await turns(1);
  }
}

/** Answers with the path as body, in one of many ways, some of them wrong. */
async function answer(peer: Peer, path: string, random: () => number): Promise<void> {
  const chunk = `${path.length.toString(16)}\r\n${path}\r\n`;
  const plain = `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`;
  const chunked = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`;
  const kinds: (() => Promise<void> | void)[] = [
    () => dribble(peer, plain, random),
    () => dribble(peer, plain, random),
    () => dribble(peer, chunked, random),
    () => dribble(peer, chunked.replace('\r\n0\r\n', '\r\n0\r\nX-T: 1\r\n'), random),
    () => dribble(peer, `HTTP/1.1 103 Early\r\nX: 1\r\n\r\n${plain}`, random),
    // At once: what comes after the connection was given to the next request cannot be told from its answer.
    () => void peer.send(plain + plain),
    () =>
      dribble(peer, plain.replace('OK', 'OK\r\nConnection: close'), random).then(
        () => void peer.socket.end(),
      ),
    () => dribble(peer, `HTTP/1.1 200 OK\r\n\r\n${path}`, random).then(() => void peer.socket.end()),
    () =>
      dribble(peer, plain.slice(0, Math.floor(random() * plain.length)), random).then(
        () => void peer.socket.end(),
      ),
    () =>
      dribble(peer, chunked.slice(0, Math.floor(random() * chunked.length)), random).then(
        () => void peer.socket.resetAndDestroy(),
      ),
    () => dribble(peer, plain.replace('Length: ', 'Length: 1\r\nContent-Length: '), random),
    () => dribble(peer, plain, random).then(() => void peer.socket.resetAndDestroy()),
    () => void peer.socket.resetAndDestroy(),
    () => void peer.socket.end(),
  ];
  await (kinds[Math.floor(random() * kinds.length)] as () => Promise<void> | void)();
}

/** Reads requests and answers them, whatever they are. */
async function target(peer: Peer, random: () => number): Promise<void> {
  while (!peer.closed) {
    const head = await peer.head();
    const path = lines(head)[0]?.split(' ')[1] ?? '';
    if (/content-length: 4/i.test(head)) await peer.take('body');
    else if (/transfer-encoding/i.test(head)) await peer.take('0\r\n\r\n');
    await answer(peer, path, random);
  }
}

/** Sends some requests at once or one by one; every whole answer with 200 must be to the request it is taken for. */
async function converse(
  edge: Edge,
  id: string,
  random: () => number,
): Promise<{ sent: number; right: number }> {
  const client = await edge.client();
  const paths = Array.from({ length: 1 + Math.floor(random() * 4) }, (_, i) => `/${id}-${i}`);
  const requests = paths.map((path) => {
    const kind = random();
    const head = `${kind < 0.6 ? 'GET' : 'POST'} ${path} HTTP/1.1\r\nHost: a.example\r\n`;
    if (kind < 0.6) return `${head}\r\n`;
    return kind < 0.8
      ? `${head}Content-Length: 4\r\n\r\nbody`
      : `${head}Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n`;
  });
  void dribble(client, requests.join(''), random);
  if (random() < 0.2) {
    await turns(Math.floor(random() * 30));
    client.socket.destroy();
  } else if (random() < 0.5)
    void turns(1)
      .then(() => client.socket.pause())
      .then(() => turns(20))
      .then(() => client.socket.resume());
  await client.until((p) => p.ended || p.closed || countAnswers(p.received) >= paths.length).catch(() => {});
  const bytes = Buffer.from(client.received, 'latin1');
  client.socket.destroy();
  return { sent: paths.length, right: check(bytes, paths) };
}

const countAnswers = (text: string) => read(Buffer.from(text, 'latin1')).length;

/** Status and body of each whole answer. */
function read(bytes: Buffer): { status: number; body: string }[] {
  const reader = new ResponseReader();
  const answers: { status: number; body: string }[] = [];
  reader.answers('GET', false);
  let body = '';
  for (let at = 0; ; ) {
    const step = reader.read(bytes, at);
    if (step === Step.Failed) throw new Error(`the edge's answer is malformed: ${reader.failure?.sentence}`);
    at = reader.offset;
    if (step === Step.More) return answers;
    if (step === Step.Body) body += bytes.toString('latin1', reader.bodyStart, reader.bodyEnd);
    if (step !== Step.End) continue;
    if (!reader.head.informational) answers.push({ status: reader.head.status, body });
    body = '';
    reader.next();
  }
}

function check(bytes: Buffer, paths: readonly string[]): number {
  const answers = read(bytes);
  expect(answers.length).toBeLessThanOrEqual(paths.length);
  answers.forEach(({ status, body }, i) => {
    if (status === 200) expect(body).toBe(paths[i]);
    else expect(status).toBe(502);
  });
  return answers.filter(({ status }) => status === 200).length;
}

test.each([1, 2, 3, 4])(
  'whatever targets and clients do, no answer goes to another request (seed %i)',
  async (seed) => {
    const random = seeded(seed);
    const [one, two] = await Promise.all([
      startUpstream((peer) => target(peer, random)),
      startUpstream((peer) => target(peer, random)),
    ]);
    const edge = await startEdge([service([one.port, two.port])], { random, limits: { suspectMs: 1 } });
    let sent = 0;
    let right = 0;
    for (let round = 0; round < 30; round++) {
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, (_, i) => converse(edge, `${round}-${i}`, random)),
      );
      for (const outcome of outcomes) {
        sent += outcome.sent;
        right += outcome.right;
      }
    }
    await eventually(() => edge.proxy.inFlight().length === 0 && edge.proxy.connections === 0);
    const { slots, refused } = edge.proxy.takeCounts();
    expect(refused).toEqual({});
    const { counts } = slots[0] ?? {};
    expect(counts?.requests).toBeLessThanOrEqual(sent);
    expect(counts?.status[1]).toBeGreaterThanOrEqual(right);
    expect(right).toBeGreaterThan(sent / 3);
  },
);
