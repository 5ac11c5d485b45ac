import type { Random } from './random.testing.ts';
import { type Conversation, conversation } from './reading.testing.ts';
import { inSomeCase, validRequests, validResponses } from './valid.testing.ts';

/**
 * Lines and line ends from which request smuggling was built: CL.TE, TE.CL, TE.TE behind disguises, CL.CL, h2c and
 * WebSocket upgrades, folded fields, bare CR and LF, names and numbers that two parsers read differently.
 */
const FRAMING_FIELDS = [
  ...['Content-Length: 5', 'Content-Length: 0', 'Content-Length: 6', 'content-length: 5', 'Content-Length:5'],
  ...[
    'Content-Length: +5',
    'Content-Length: -5',
    'Content-Length: 0x5',
    'Content-Length: 5,5',
    'Content-Length: 5, 5',
  ],
  ...[
    'Content-Length: 05',
    'Content-Length: 5 ',
    'Content-Length: 5\t',
    'Content-Length: 5 5',
    'Content-Length:',
  ],
  ...[
    'Content-Length : 5',
    'Content-Length\t: 5',
    ' Content-Length: 5',
    'Content_Length: 5',
    'Content-Length: 5\x0b',
  ],
  ...[
    'Content-Length: 18446744073709551621',
    'Content-Length: 9007199254740993',
    'Content-Length: 4294967301',
  ],
  ...[
    'Content-Length: 5\r',
    'Content-Length\0: 5',
    'Content-Length: 5;',
    'Content-Length: "5"',
    'Content-Length: 5.0',
  ],
  ...['Content-Length: \r\n 5', 'Content-Length: 5\r\n 0', 'Content-Length: 5\r\n\t', 'Content-Length: 1e1'],
  ...['Content-Length: 00000000000000000000005', 'X: \nContent-Length: 5', 'X: \rContent-Length: 5'],
  ...[
    'Transfer-Encoding: chunked',
    'transfer-encoding: chunked',
    'Transfer-Encoding:chunked',
    'TRANSFER-ENCODING: CHUNKED',
  ],
  ...[
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding: chunkedx',
    'Transfer-Encoding : chunked',
    ' Transfer-Encoding: chunked',
  ],
  ...[
    'Transfer-Encoding:\tchunked',
    'Transfer-Encoding: chunked\t',
    'Transfer-Encoding: \x0bchunked',
    'Transfer-Encoding: "chunked"',
  ],
  ...[
    "Transfer-Encoding: 'chunked'",
    'Transfer-Encoding: chunked, identity',
    'Transfer-Encoding: identity, chunked',
  ],
  ...[
    'Transfer-Encoding: identity',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: chunked, chunked',
  ],
  ...[
    'Transfer-Encoding: chunked;q=1',
    'Transfer-Encoding: ,chunked',
    'Transfer-Encoding: chunked,',
    'Transfer-Encoding:',
  ],
  ...[
    'Transfer-Encoding\r\n : chunked',
    'Transfer-Encoding:\r\n chunked',
    'Transfer-Encoding: chunked\r\n , identity',
  ],
  ...[
    'X: X\nTransfer-Encoding: chunked',
    'X: X\rTransfer-Encoding: chunked',
    'Transfer_Encoding: chunked',
    'Transfer-Encoding: ch\x00unked',
  ],
  ...[
    'Transfer-Encoding: \xa0chunked',
    'Transfer-Encoding: chunked\x85',
    'Foo: bar\r\n\rTransfer-Encoding: chunked',
  ],
  ...[
    'Connection: close',
    'Connection: keep-alive',
    'Connection: Content-Length',
    'Connection: close, keep-alive',
  ],
  ...[
    'Connection: keep-alive, close',
    'Connection: Upgrade',
    'Connection: upgrade, HTTP2-Settings',
    'Connection: upgradex',
  ],
  ...[
    'Connection: up grade',
    'Connection: ,',
    'Connection:',
    'Connection: close\tupgrade',
    'Connection: "close"',
    'Connection:close',
  ],
  ...[
    'Connection: xclose',
    'Connection: close;x',
    'Connection: keep-alivex, upgrade',
    'Connection: a, close',
    'Connection: close ',
  ],
  ...[
    'Connection: \tclose\t',
    'Connection: close,',
    'Connection: ,close',
    'Connection: keep-alive,close',
    'Connection: CLOSE',
  ],
  ...[
    'Proxy-Connection: close',
    'Proxy-Connection: keep-alive',
    'Proxy-Connection: upgrade',
    'Proxy_Connection: close',
  ],
  ...[
    'Proxy-Connection: x, close',
    'Upgrade: h2c',
    'Upgrade: websocket',
    'Upgrade:',
    'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
  ],
  ...[
    'Expect: 100-continue',
    'Expect: 100-Continue',
    'Host: b.example',
    'Host:',
    'X',
    'X:',
    ':',
    ': x',
    'X: a\r\n b',
    'X: a\r\n\tb',
  ],
  ...[
    'X: \x7f',
    'X: \0',
    'X: \x1f',
    'X: \x80\xff',
    'X\x80: a',
    'X: a\r\r',
    'X(: a',
    'X"y": a',
    'X/y: a',
    'X y: a',
    'X-\xdf: a',
  ],
  ...[
    'Trailer: Content-Length',
    'TE: trailers',
    'Keep-Alive: timeout=5',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: cow',
  ],
];

const START_LINES = [
  ...[
    'POST / HTTP/1.1',
    'GET / HTTP/1.1',
    'HEAD / HTTP/1.1',
    'OPTIONS * HTTP/1.1',
    'POST / HTTP/1.0',
    'GET / HTTP/1.0',
  ],
  ...[
    'PUT /a?b HTTP/1.1',
    'DELETE / HTTP/1.1',
    'QUERY / HTTP/1.1',
    'M-SEARCH / HTTP/1.1',
    'PURGE / HTTP/1.1',
  ],
  ...[
    'GET http://a.example/ HTTP/1.1',
    'GET //a/b HTTP/1.1',
    'GET /%00 HTTP/1.1',
    'GET /a\\b HTTP/1.1',
    'GET /"<>^`{|} HTTP/1.1',
  ],
  ...[
    'GET  / HTTP/1.1',
    'GET / HTTP/1.1 ',
    'GET /\tHTTP/1.1',
    'GET / HTTP/2.0',
    'GET / HTTP/0.9',
    'GET /',
    'GET / HTTP/1.10',
  ],
  ...[
    'get / HTTP/1.1',
    'CONNECT a:1 HTTP/1.1',
    'PRI * HTTP/2.0',
    'GET /a b HTTP/1.1',
    'GET / HTTP/11',
    'GET / RTSP/1.0',
  ],
  ...[
    'SOURCE / ICE/1.0',
    'GET /\x80 HTTP/1.1',
    'GET /# HTTP/1.1',
    'GET /\x7f HTTP/1.1',
    '\r\nGET / HTTP/1.1',
    '\nGET / HTTP/1.1',
  ],
  ...[
    'GET * HTTP/1.1',
    'GET ? HTTP/1.1',
    'GE T / HTTP/1.1',
    'GET / HTTP/1.1\r',
    'ANNOUNCE / HTTP/1.1',
    'FLUSH / HTTP/1.1',
  ],
];

const STATUS_LINES = [
  ...[
    'HTTP/1.1 200 OK',
    'HTTP/1.1 200',
    'HTTP/1.1 200 ',
    'HTTP/1.0 200 OK',
    'HTTP/1.1 204 No Content',
    'HTTP/1.1 304 Not Modified',
  ],
  ...[
    'HTTP/1.1 100 Continue',
    'HTTP/1.0 100 Continue',
    'HTTP/1.1 101 Switching Protocols',
    'HTTP/1.0 101 Switching',
    'HTTP/1.1 103 Hints',
  ],
  ...[
    'HTTP/1.1 102 Processing',
    'HTTP/1.1 199 Odd',
    'HTTP/1.1 205 Reset Content',
    'HTTP/1.1 404 \xe4\t ',
    'HTTP/1.1 599 Odd',
    'HTTP/1.1 600 Odd',
  ],
  ...[
    'HTTP/1.1  200 OK',
    'HTTP/1.1 200\tOK',
    'HTTP/1.1 2000 OK',
    'HTTP/1.1 20 OK',
    'HTTP/1.1 099 OK',
    'HTTP/2 200 OK',
    'HTTP/1.2 200 OK',
  ],
  ...[
    'ICY 200 OK',
    'HTTP/0.9 200 OK',
    'http/1.1 200 OK',
    'HTTP/1.1 200OK',
    'HTTP/1.1 200 O\rK',
    'HTTP/1.1 200 O\0K',
    'HTTP/1.1 302 HTTP/1.1 200 OK',
  ],
];

const BODIES = [
  ...[
    '',
    'hello',
    '0\r\n\r\n',
    '5\r\nhello\r\n0\r\n\r\n',
    '5\r\nhello\r\n0\r\nX: y\r\n\r\n',
    '05\r\nhello\r\n00\r\n\r\n',
    '5\nhello\n0\n\n',
  ],
  ...[
    '5;a=b\r\nhello\r\n0\r\n\r\n',
    '5 \r\nhello\r\n0\r\n\r\n',
    '5\r\nhello0\r\n\r\n',
    '5\r\nhello\r0\r\n\r\n',
    '5\r\nhello\n0\r\n\r\n',
  ],
  ...[
    '0x5\r\nhello\r\n0\r\n\r\n',
    '+5\r\nhello\r\n0\r\n\r\n',
    '-5\r\nhello\r\n',
    '5\r\r\nhello\r\n0\r\n\r\n',
    '\r\n5\r\nhello\r\n0\r\n\r\n',
  ],
  ...[
    '10000000000000005\r\nhello\r\n0\r\n\r\n',
    '100000005\r\nhello\r\n',
    'fffffffffffffff\r\nhello',
    'FFFFFFFFFFFFFFFFF\r\nhello',
  ],
  ...[
    '0000000000000005\r\nhello\r\n0\r\n\r\n',
    '00000000000000005\r\nhello\r\n0\r\n\r\n',
    '20000000000000\r\nhello',
    '1fffffffffffff\r\nhello',
  ],
  ...[
    '5\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\nabc',
    '5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    '0\r\n X: y\r\n\r\n',
  ],
  ...[
    '0;\r\n\r\n',
    '0\r\n\n',
    '0\r\n\r\r\n',
    '0\r\nX\r\n\r\n',
    '0\r\nX: y\n\r\n',
    '0\r\nConnection: close\r\n\r\n',
    '0\r\nHost: x\r\n\r\n',
    '0\n\r\n',
  ],
  ...[
    '5\r\nhello\r\n\r\n0\r\n\r\n',
    '5\r\nhell',
    '5',
    '5\r',
    '0\r\n',
    '0\r\n\r',
    'a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n',
    'g\r\n',
  ],
  ...[
    '0\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    '0\r\nX: a\r\n b\r\n\r\n',
    '0\r\nX : a\r\n\r\n',
    '0\r\nTransfer_Encoding: a\r\n\r\n',
  ],
];

const RESPONSE_METHODS = ['GET', 'GET', 'GET', 'HEAD', 'POST', 'CONNECT'];

function built(random: Random, kind: 'request' | 'response'): string {
  const requests = kind === 'request';
  let text = random.pick(requests ? START_LINES.slice(0, random.chance(0.7) ? 6 : undefined) : STATUS_LINES);
  text += random.chance(0.97) ? '\r\n' : '\n';
  if (requests && random.chance(0.95)) text += 'Host: a\r\n';
  for (let left = random.pick([0, 1, 1, 2, 2, 3]); left > 0; left--)
    text += `${random.pick(FRAMING_FIELDS)}${random.chance(0.98) ? '\r\n' : '\n'}`;
  // What follows a message without a body shows best whether its end was found.
  return `${text}\r\n${random.chance(0.25) ? '' : random.pick(BODIES)}`;
}

const INSERTS = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  '\t',
  ' ',
  '\x0b',
  '\x0c',
  ':',
  ';',
  ',',
  '"',
  '\x7f',
  '\x80',
  '\xa0',
  '\xff',
  '0',
  'x',
  '\r\n\r\n',
];
const NUMBERS = [
  '0',
  '+1',
  '-1',
  '0x1',
  '1,1',
  '1, 1',
  '01',
  ' 1',
  '1 ',
  '1.0',
  '1e1',
  '99999999999999999999',
  'ffffffffffffffff',
  '8000000000000000',
  '',
];

/** Changes of a text at one place; each gives it back changed. */
const MUTATIONS: readonly ((random: Random, text: string, at: number) => string)[] = [
  // A byte becomes another.
  (random, text, at) => text.slice(0, at) + String.fromCharCode(random.between(0, 255)) + text.slice(at + 1),
  // One bit of it flips.
  (random, text, at) =>
    text.slice(0, at) +
    String.fromCharCode(text.charCodeAt(at) ^ (1 << random.between(0, 7))) +
    text.slice(at + 1),
  (random, text, at) => text.slice(0, at) + random.pick(INSERTS) + text.slice(at),
  (random, text, at) => text.slice(0, at) + text.slice(at + random.pick([1, 1, 1, 2, 8])),
  (random, text, at) => text.slice(0, at) + random.pick(INSERTS) + text.slice(at + 1),
  // A line is there twice, is gone, or stands elsewhere.
  (random, text) => overLines(random, text, (lines, i) => lines.splice(i, 0, lines[i] ?? '')),
  (random, text) => overLines(random, text, (lines, i) => lines.splice(i, 1)),
  (random, text) =>
    overLines(random, text, (lines, i) =>
      lines.splice(random.between(0, lines.length), 0, ...lines.splice(i, 1)),
    ),
  (random, text) => overLines(random, text, (lines, i) => lines.splice(i, 0, random.pick(FRAMING_FIELDS))),
  (random, text) =>
    overLines(random, text, (lines, i) => lines.splice(i, 1, inSomeCase(random, lines[i] ?? ''))),
  // One line end of another kind.
  (random, text, at) => {
    const end = text.indexOf('\r\n', at);
    return end < 0
      ? text
      : text.slice(0, end) +
          random.pick(['\n', '\r', '\r\r\n', '\r\n ', '\r\n\t', '\n\r', ' \r\n']) +
          text.slice(end + 2);
  },
  // A number becomes another.
  (random, text, at) => {
    const number = /[0-9a-fA-F]+/g;
    number.lastIndex = at;
    const found = number.exec(text);
    if (found === null) return text;
    return text.slice(0, found.index) + random.pick(NUMBERS) + text.slice(found.index + found[0].length);
  },
  // It ends early.
  (_, text, at) => text.slice(0, at + 1),
];

function overLines(random: Random, text: string, change: (lines: string[], at: number) => void): string {
  const lines = text.split('\r\n');
  change(lines, random.between(0, Math.max(0, lines.length - 1)));
  return lines.join('\r\n');
}

/** Bytes that may be anything from valid to hopeless; most are near the border, where parsers differ. */
export function hostile(random: Random): Conversation {
  const kind = random.chance(0.6) ? 'request' : 'response';
  let text: string;
  let methods: readonly string[] = [];
  let closes = random.chance(0.3);
  if (random.chance(0.55)) {
    text = built(random, kind);
    if (random.chance(0.5)) text += random.chance(0.5) ? built(random, kind) : text;
    if (kind === 'response')
      methods = [random.pick(RESPONSE_METHODS.slice(0, 5)), random.pick(RESPONSE_METHODS.slice(0, 5))];
  } else {
    const { told } = kind === 'request' ? validRequests(random) : validResponses(random);
    text = told.bytes.toString('latin1');
    methods = told.methods;
    closes ||= told.closes;
  }
  for (let left = random.pick([0, 1, 1, 1, 2, 3]); left > 0 && text !== ''; left--)
    text = random.pick(MUTATIONS)(random, text, random.between(0, text.length - 1));
  const limits = random.chance(0.06)
    ? { headBytes: random.between(20, 300), targetBytes: random.between(1, 40), fields: random.between(1, 8) }
    : null;
  return conversation(kind, text, { methods, closes, limits, asksUpgrade: random.chance(0.8) });
}
