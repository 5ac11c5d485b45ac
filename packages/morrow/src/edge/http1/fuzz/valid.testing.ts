import { TARGET, TOKEN, VALUE } from '../chars.ts';
import { METHODS } from '../methods.ts';
import type { Random } from './random.testing.ts';
import { type Conversation, conversation } from './reading.testing.ts';

/** Valid messages of one direction of a connection, and how many there are. */
export interface Generated {
  readonly told: Conversation;
  readonly messages: number;
}

const alphabet = (table: Uint8Array): string =>
  Array.from(table, (allowed, byte) => (allowed === 1 ? String.fromCharCode(byte) : '')).join('');
const TOKENS = alphabet(TOKEN);
const TARGETS = alphabet(TARGET);
const VALUES = alphabet(VALUE);
const BYTES = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('');
const ALNUM = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

const METHOD_LIST = [...METHODS];
const COMMON_METHODS = ['GET', 'GET', 'GET', 'POST', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH'];
const HOSTS = [
  'a.example',
  'localhost:8080',
  '127.0.0.1',
  '[::1]:3000',
  'xn--bcher-kva.example:443',
  'under_score',
];
const NAMES = [
  ...[
    'Accept',
    'Accept-Encoding',
    'Accept-Language',
    'User-Agent',
    'Cookie',
    'Referer',
    'Origin',
    'DNT',
    'Range',
  ],
  ...[
    'If-None-Match',
    'Cache-Control',
    'Authorization',
    'Content-Type',
    'sec-ch-ua',
    'Sec-Fetch-Mode',
    'Priority',
  ],
  ...['X-Forwarded-For', 'Forwarded', 'Via', 'traceparent', 'TE', 'Keep-Alive', 'X-Request-Id', 'Upgrade'],
  ...[
    'Content_Length',
    'Transfer_Encoding',
    'Content-Lengthy',
    'Transfer-Encodin',
    'X-Content-Length',
    'Hos',
  ],
];
const RESPONSE_NAMES = [
  ...['Server', 'Date', 'Set-Cookie', 'ETag', 'Vary', 'Location', 'Content-Type', 'Content-Encoding', 'Link'],
  ...[
    'Cache-Control',
    'Last-Modified',
    'Age',
    'Via',
    'Alt-Svc',
    'Keep-Alive',
    'Strict-Transport-Security',
    'Host',
  ],
];
const FAITHFUL_VALUES = [
  'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
  'gzip, deflate, br, zstd',
  '"Chromium";v="130", "Not?A_Brand";v="99"',
  'a=b; c="d e"; f=\xe4\xf6\xfc',
  'Tue, 24 Nov 2026 10:00:00 GMT',
  'chunked',
  '12',
  '',
];

const REASONS = ['OK', '', 'Not Found', 'Caf\xe9 ferm\xe9', 'a\tb', 'HTTP/1.1 200 OK', '  two spaces'];
const FINAL = [200, 200, 200, 201, 202, 206, 301, 302, 400, 401, 403, 404, 418, 429, 500, 502, 503, 599];

/** Letter case as clients differ in it. */
export function inSomeCase(random: Random, name: string): string {
  if (random.chance(0.7)) return name;
  if (random.chance(0.5)) return name.toLowerCase();
  if (random.chance(0.5)) return name.toUpperCase();
  return Array.from(name, (c) => (random.chance(0.5) ? c.toUpperCase() : c.toLowerCase())).join('');
}

/** One line: white space before and behind the value as RFC 9112 allows it. */
function field(random: Random, name: string, value: string): string {
  if (random.chance(0.6)) return `${name}: ${value}\r\n`;
  return `${name}:${random.text(' \t', 0, 3)}${value}${random.text(' \t', 0, 3)}\r\n`;
}

function value(random: Random): string {
  if (random.chance(0.6)) return random.pick(FAITHFUL_VALUES);
  const inner = random.text(random.chance(0.5) ? ALNUM : VALUES, 0, random.pick([8, 40, 300]));
  return inner.trim();
}

function others(random: Random, names: readonly string[]): string[] {
  const lines: string[] = [];
  for (let left = random.between(0, random.pick([2, 6, 12])); left > 0; left--) {
    const name = random.chance(0.8) ? random.pick(names) : `x${random.text(TOKENS, 0, 12)}`;
    lines.push(field(random, inSomeCase(random, name), value(random)));
  }
  return lines;
}

/** In any order. */
function shuffled(random: Random, lines: string[]): string {
  for (let i = lines.length - 1; i > 0; i--) {
    const j = random.between(0, i);
    [lines[i], lines[j]] = [lines[j] as string, lines[i] as string];
  }
  return lines.join('');
}

function payload(random: Random): string {
  if (random.chance(0.2)) return '';
  // Payload that looks like framing is what a parser that lost its place would trip over.
  if (random.chance(0.2))
    return random.pick(['0\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n', '\r\n\r\n', '5\r\nhello\r\n']);
  return random.text(random.chance(0.5) ? ALNUM : BYTES, 1, random.pick([4, 30, 30, 200]));
}

function hex(random: Random, size: number): string {
  const digits = size.toString(16);
  const padded = random.chance(0.15) ? digits.padStart(random.between(digits.length, 16), '0') : digits;
  return random.chance(0.5) ? padded.toUpperCase() : padded;
}

/** A body in chunked coding, with trailers now and then. */
function chunks(random: Random): string {
  let body = '';
  for (let left = random.between(0, 4); left > 0; left--) {
    const data = payload(random);
    if (data !== '') body += `${hex(random, data.length)}\r\n${data}\r\n`;
  }
  body += `${hex(random, 0)}\r\n`;
  if (random.chance(0.25))
    for (let left = random.between(1, 3); left > 0; left--)
      body += field(
        random,
        inSomeCase(random, random.pick(['X-Sum', 'ETag', 'Digest', 'Server-Timing'])),
        value(random),
      );
  return `${body}\r\n`;
}

/** A body that ends by itself, and its line for the head. */
function framed(random: Random, chunked: boolean): { line: string; body: string } {
  if (chunked)
    return {
      // No tab behind it: llhttp takes that for another coding, so the edge refuses it.
      line: field(random, inSomeCase(random, 'Transfer-Encoding'), inSomeCase(random, 'chunked')).replace(
        /\s*$/,
        '\r\n',
      ),
      body: chunks(random),
    };
  const body = payload(random);
  const digits = String(body.length);
  const length = random.chance(0.1) ? digits.padStart(random.between(1, 20), '0') : digits;
  return { line: field(random, inSomeCase(random, 'Content-Length'), length), body };
}

function target(random: Random, method: string): string {
  if (method === 'OPTIONS' && random.chance(0.3)) return '*';
  if (random.chance(0.3)) return '/';
  if (random.chance(0.4))
    return `/${random.text(`${ALNUM}/-_.`, 0, 30)}?${random.text(`${ALNUM}=&%+`, 0, 30)}`;
  return `/${random.text(TARGETS, 0, 40)}`;
}

/** @param last whether the connection may end with it: only then may it say so. */
function request(random: Random, last: boolean): string {
  const method = random.chance(0.85) ? random.pick(COMMON_METHODS) : random.pick(METHOD_LIST);
  const lines = others(
    random,
    NAMES.slice(0, last ? undefined : -7).filter((name) => name !== 'Upgrade'),
  );
  lines.push(field(random, inSomeCase(random, 'Host'), random.pick(HOSTS.slice(0, 5))));
  let body = '';
  const old = last && random.chance(0.1);
  if (random.chance(method === 'POST' || method === 'PUT' || method === 'PATCH' ? 0.9 : 0.1)) {
    const framing = framed(random, !old && random.chance(0.5));
    lines.push(framing.line);
    body = framing.body;
    if (random.chance(0.1) && !old) lines.push(field(random, 'Expect', inSomeCase(random, '100-continue')));
  }
  if (random.chance(0.3)) {
    const connection = last
      ? random.pick(['close', 'keep-alive', 'keep-alive, x-one', 'x-one,,Close'])
      : 'keep-alive';
    lines.push(field(random, inSomeCase(random, 'Connection'), inSomeCase(random, connection)));
  } else if (last && random.chance(0.2)) {
    lines.push(
      field(random, 'Connection', random.pick(['Upgrade', 'keep-alive, Upgrade', 'upgrade, HTTP2-Settings'])),
    );
    lines.push(field(random, 'Upgrade', random.pick(['websocket', 'h2c', 'foo/1, bar'])));
    body += random.text(BYTES, 0, 20);
  }
  const before = random.chance(0.05) ? '\r\n' : '';
  return `${before}${method} ${target(random, method)} HTTP/1.${old ? 0 : 1}\r\n${shuffled(random, lines)}\r\n${body}`;
}

/** An answer with what comes before it; `closes` where it lasts until the connection ends. */
function answer(
  random: Random,
  method: string,
  last: boolean,
): { text: string; closes: boolean; heads: number } {
  let text = '';
  let heads = 1;
  while (random.chance(0.1)) {
    text += random.pick([
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n',
    ]);
    heads++;
  }
  const lines = others(random, RESPONSE_NAMES);
  if (last && random.chance(0.1)) {
    lines.push('Connection: Upgrade\r\n', 'Upgrade: websocket\r\n');
    const head = `HTTP/1.1 101 Switching Protocols\r\n${shuffled(random, lines)}\r\n`;
    return { text: `${text}${head}${random.text(BYTES, 0, 20)}`, closes: false, heads };
  }
  const status = random.chance(0.8) ? random.pick(FINAL) : random.pick([204, 304]);
  const old = last && random.chance(0.1);
  let body = '';
  let closes = false;
  const bodiless = status === 204 || status === 304 || method === 'HEAD';
  if (bodiless) {
    if (status !== 204 && random.chance(0.6))
      lines.push(random.chance(0.5) || old ? 'Content-Length: 1234\r\n' : 'Transfer-Encoding: chunked\r\n');
  } else if (last && random.chance(0.3)) {
    body = payload(random);
    closes = true;
  } else {
    const framing = framed(random, !old && random.chance(0.5));
    lines.push(framing.line);
    body = framing.body;
  }
  if (last && random.chance(0.3))
    lines.push(field(random, 'Connection', random.pick(['close', 'Keep-Alive'])));
  const reason = random.pick(REASONS);
  const statusLine = `HTTP/1.${old ? 0 : 1} ${status}${reason === '' && random.chance(0.5) ? '' : ` ${reason}`}`;
  return { text: `${text}${statusLine}\r\n${shuffled(random, lines)}\r\n${body}`, closes, heads };
}

/** One to four requests in a row, all of which the edge must accept. */
export function validRequests(random: Random): Generated {
  const messages = random.pick([1, 1, 2, 3, 4]);
  let text = '';
  for (let i = 1; i <= messages; i++) text += request(random, i === messages);
  return { told: conversation('request', text), messages };
}

/** The answers to one to four requests, all of which the edge must accept. */
export function validResponses(random: Random): Generated {
  const count = random.pick([1, 1, 2, 3, 4]);
  const methods: string[] = [];
  let text = '';
  let closes = false;
  let messages = 0;
  for (let i = 1; i <= count; i++) {
    const method = random.pick(['GET', 'GET', 'POST', 'HEAD']);
    methods.push(method);
    const one = answer(random, method, i === count);
    text += one.text;
    closes = one.closes;
    messages += one.heads;
  }
  return { told: conversation('response', text, { methods, closes }), messages };
}
