import { describe, expect, test } from 'vitest';
import type { FailureCode } from './failure.ts';
import { Known, knownField } from './known-fields.ts';
import { type ReadOptions, type ReadResult, readAll } from './read-all.testing.ts';
import { RequestReader } from './request-reader.ts';
import { ResponseReader } from './response-reader.ts';

/** Reads the bytes whole, cut in two everywhere, and byte by byte: the outcome must always be the same. */
function readEveryWay(text: string, options: ReadOptions): ReadResult {
  const bytes = Buffer.from(text, 'latin1');
  const whole = readAll(bytes, [], options);
  for (let cut = 0; cut <= bytes.length; cut++)
    expect(readAll(bytes, [cut], options), `cut at ${cut}`).toEqual(whole);
  const each = Array.from({ length: bytes.length }, (_, i) => i);
  expect(readAll(bytes, each, options), 'byte by byte').toEqual(whole);
  return whole;
}

const requests = (text: string, more: Partial<ReadOptions> = {}) =>
  readEveryWay(text, { kind: 'request', ...more });
const responses = (text: string, more: Partial<ReadOptions> = {}) =>
  readEveryWay(text, { kind: 'response', ...more });
const HOST = 'Host: a.example\r\n';

describe('what clients send', () => {
  test('a browser head is read with its fields in order', () => {
    const { messages, rest } = requests(
      'GET /path?q=1&r=%20#'.replace('#', '') +
        ' HTTP/1.1\r\nHost: localhost:8080\r\nConnection: keep-alive\r\nsec-ch-ua: "Chromium";v="130"\r\nAccept-Encoding:gzip, br \t\r\nCookie:\r\nX-\xe4: caf\xe9\r\n\r\n'.replace(
          'X-\xe4',
          'X-Latin',
        ),
    );
    expect(messages).toHaveLength(1);
    expect(messages[0]?.start).toBe('GET /path?q=1&r=%20 1.1');
    expect(messages[0]?.fields).toEqual([
      'Host=localhost:8080',
      'Connection=keep-alive',
      'sec-ch-ua="Chromium";v="130"',
      'Accept-Encoding=gzip, br',
      'Cookie=',
      'X-Latin=caf\xe9',
    ]);
    expect(rest).toBe('idle');
  });

  test('pipelined requests with bodies of every kind end where they end', () => {
    const one = `POST /a HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello`;
    const two = `POST /b HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n00A\r\n0123456789\r\n0\r\n\r\n`;
    const three = `GET /c HTTP/1.0\r\n\r\n`;
    const { messages } = requests(one + two + three);
    expect(messages.map((m) => [m.start, m.body, m.end])).toEqual([
      ['POST /a 1.1', 'hello', one.length],
      ['POST /b 1.1', 'hello0123456789', one.length + two.length],
      ['GET /c 1.0', '', one.length + two.length + three.length],
    ]);
  });

  test('a framed body step covers the chunk framing up to the last chunk', () => {
    const framing = '5\r\nhello\r\n0a\r\n0123456789\r\n000\r\n';
    const text = `POST /b HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${framing}X-Sum: 1\r\n\r\n`;
    const { messages } = requests(text, { framed: true });
    expect(messages[0]?.body).toBe(framing);
    expect(messages[0]?.trailers).toEqual(['X-Sum=1']);
    expect(messages[0]?.end).toBe(text.length);
  });

  test('one empty line before a request is passed over, not two', () => {
    expect(requests(`\r\nGET / HTTP/1.1\r\n${HOST}\r\n`).messages).toHaveLength(1);
    expect(requests(`\r\n\r\nGET / HTTP/1.1\r\n${HOST}\r\n`).failure).toBe('START_LINE');
  });

  test('an upgrade ends the reading behind the head', () => {
    const text = `GET /ws HTTP/1.1\r\n${HOST}Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n`;
    const { messages, rest } = requests(`${text}\x81\x00`);
    expect(messages[0]?.end).toBe(text.length);
    expect(rest).toBe('ended');
  });

  test('OPTIONS may ask for *, no other method may', () => {
    expect(requests(`OPTIONS * HTTP/1.1\r\n${HOST}\r\n`).failure).toBeNull();
    expect(requests(`GET * HTTP/1.1\r\n${HOST}\r\n`).failure).toBe('TARGET_FORM');
  });
});

describe('requests that are refused, under every split', () => {
  const get = 'GET / HTTP/1.1\r\n';
  const post = `POST / HTTP/1.1\r\n${HOST}`;
  const chunked = `${post}Transfer-Encoding: chunked\r\n\r\n`;
  const cases: readonly [name: string, bytes: string, code: FailureCode][] = [
    [
      'Content-Length beside Transfer-Encoding',
      `${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
      'LENGTH_AND_CODING',
    ],
    [
      'Transfer-Encoding beside Content-Length',
      `${post}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n`,
      'LENGTH_AND_CODING',
    ],
    [
      'two equal Content-Lengths',
      `${post}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`,
      'LENGTH_TWICE',
    ],
    [
      'two Content-Lengths that differ',
      `${post}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`,
      'LENGTH_TWICE',
    ],
    ['a list as Content-Length', `${post}Content-Length: 5, 5\r\n\r\nhello`, 'LENGTH'],
    ['a Content-Length with a sign', `${post}Content-Length: +5\r\n\r\nhello`, 'LENGTH'],
    ['a negative Content-Length', `${post}Content-Length: -5\r\n\r\nhello`, 'LENGTH'],
    ['a hexadecimal Content-Length', `${post}Content-Length: 0x5\r\n\r\nhello`, 'LENGTH'],
    ['an empty Content-Length', `${post}Content-Length:\r\n\r\nhello`, 'LENGTH'],
    ['a Content-Length beyond what is exact', `${post}Content-Length: 9007199254740992\r\n\r\n`, 'LENGTH'],
    [
      'Transfer-Encoding in HTTP/1.0',
      `POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`,
      'CODING_IN_1_0',
    ],
    ['a coding that is not chunked', `${post}Transfer-Encoding: gzip\r\n\r\n`, 'CODING'],
    ['chunked after another coding', `${post}Transfer-Encoding: gzip, chunked\r\n\r\n`, 'CODING'],
    ['chunked twice', `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`, 'CODING'],
    ['identity as coding', `${post}Transfer-Encoding: identity\r\n\r\n`, 'CODING'],
    ['a coding behind a vertical tab', `${post}Transfer-Encoding: \x0bchunked\r\n\r\n`, 'FIELD_VALUE'],
    ['a quoted coding', `${post}Transfer-Encoding: "chunked"\r\n\r\n`, 'CODING'],
    ['an empty coding', `${post}Transfer-Encoding:\r\n\r\n`, 'CODING'],
    ['a folded field', `${get}${HOST}X: a\r\n b\r\n\r\n`, 'FIELD_FOLDED'],
    ['a folded field with a tab', `${get}${HOST}X: a\r\n\tb\r\n\r\n`, 'FIELD_FOLDED'],
    ['white space before the first field', `${get} ${HOST}\r\n`, 'FIELD_FOLDED'],
    ['a bare LF after the request line', `GET / HTTP/1.1\n${HOST}\r\n`, 'LINE_END'],
    ['a bare LF after a field', `${get}Host: a\n\r\n`, 'LINE_END'],
    ['a bare LF as the empty line', `${get}${HOST}\n`, 'LINE_END'],
    ['a bare CR within a value', `${get}${HOST}X: a\rb\r\n\r\n`, 'LINE_END'],
    ['a bare CR within the request line', `GET /\r HTTP/1.1\r\n${HOST}\r\n`, 'START_LINE'],
    ['a bare CR as the empty line', `${get}${HOST}\rGET`, 'LINE_END'],
    ['a bare LF before the request', `\nGET / HTTP/1.1\r\n${HOST}\r\n`, 'LINE_END'],
    ['NUL in a value', `${get}${HOST}X: a\0b\r\n\r\n`, 'FIELD_VALUE'],
    ['NUL in a name', `${get}${HOST}X\0: b\r\n\r\n`, 'FIELD_NAME'],
    ['NUL in the target', `GET /\0 HTTP/1.1\r\n${HOST}\r\n`, 'START_LINE'],
    ['DEL in a value', `${get}${HOST}X: a\x7f\r\n\r\n`, 'FIELD_VALUE'],
    ['a space before the colon', `${get}${HOST}X : a\r\n\r\n`, 'FIELD_NAME'],
    ['a tab before the colon', `${get}${HOST}X\t: a\r\n\r\n`, 'FIELD_NAME'],
    ['an empty name', `${get}${HOST}: a\r\n\r\n`, 'FIELD_NAME'],
    ['a line without a colon', `${get}${HOST}nothing\r\n\r\n`, 'FIELD_NAME'],
    ['a name with a bracket', `${get}${HOST}X[]: a\r\n\r\n`, 'FIELD_NAME'],
    ['a name beyond ASCII', `${get}${HOST}X\xe4: a\r\n\r\n`, 'FIELD_NAME'],
    ['no Host', `${get}X: a\r\n\r\n`, 'HOST_MISSING'],
    ['two Hosts', `${get}${HOST}Host: b.example\r\n\r\n`, 'HOST_TWICE'],
    ['two equal Hosts', `${get}${HOST}${HOST}\r\n`, 'HOST_TWICE'],
    ['two Hosts in HTTP/1.0', `GET / HTTP/1.0\r\n${HOST}${HOST}\r\n`, 'HOST_TWICE'],
    ['an empty Host', `${get}Host:\r\n\r\n`, 'HOST'],
    ['a Host with a path', `${get}Host: a/b\r\n\r\n`, 'HOST'],
    ['a Host with a user', `${get}Host: a@b\r\n\r\n`, 'HOST'],
    ['a Host with a space', `${get}Host: a b\r\n\r\n`, 'HOST'],
    ['a Host with a list', `${get}Host: a, b\r\n\r\n`, 'HOST'],
    ['a Host with a port that is no number', `${get}Host: a:b\r\n\r\n`, 'HOST'],
    ['the absolute form', `GET http://a.example/ HTTP/1.1\r\n${HOST}\r\n`, 'TARGET_FORM'],
    ['CONNECT and the authority form', `CONNECT a.example:443 HTTP/1.1\r\n${HOST}\r\n`, 'METHOD'],
    ['a fragment in the target', `GET /a#b HTTP/1.1\r\n${HOST}\r\n`, 'TARGET'],
    ['a target beyond ASCII', `GET /\xe4 HTTP/1.1\r\n${HOST}\r\n`, 'TARGET'],
    ['a target with a tab', `GET /\ta HTTP/1.1\r\n${HOST}\r\n`, 'TARGET'],
    ['two spaces before the target', `GET  / HTTP/1.1\r\n${HOST}\r\n`, 'START_LINE'],
    ['two spaces before the version', `GET /  HTTP/1.1\r\n${HOST}\r\n`, 'START_LINE'],
    ['a space behind the version', `GET / HTTP/1.1 \r\n${HOST}\r\n`, 'START_LINE'],
    ['a space before the method', ` GET / HTTP/1.1\r\n${HOST}\r\n`, 'START_LINE'],
    ['HTTP/0.9', 'GET /\r\n', 'START_LINE'],
    ['HTTP/1.2', `GET / HTTP/1.2\r\n${HOST}\r\n`, 'VERSION'],
    ['a version in lower case', `GET / http/1.1\r\n${HOST}\r\n`, 'START_LINE'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'VERSION'],
    ['a method in lower case', `get / HTTP/1.1\r\n${HOST}\r\n`, 'METHOD'],
    ['a method that nobody knows', `BREW / HTTP/1.1\r\n${HOST}\r\n`, 'METHOD'],
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'START_LINE'],
    ['an Expect that nobody knows', `${post}Expect: 200-ok\r\n\r\n`, 'EXPECT'],
    ['a Connection that holds no token', `${get}${HOST}Connection: a b\r\n\r\n`, 'CONNECTION'],
    ['an empty chunk size', `${chunked}\r\nhello\r\n`, 'CHUNK_SIZE'],
    ['a chunk size that is no number', `${chunked}xyz\r\n`, 'CHUNK_SIZE'],
    ['a chunk size with a sign', `${chunked}+5\r\nhello\r\n`, 'CHUNK_SIZE'],
    ['a negative chunk size', `${chunked}-5\r\nhello\r\n`, 'CHUNK_SIZE'],
    ['a chunk size with a prefix', `${chunked}0x5\r\nhello\r\n`, 'CHUNK_SIZE'],
    ['a chunk size with a space before it', `${chunked} 5\r\nhello\r\n`, 'CHUNK_SIZE'],
    ['a chunk size with a space behind it', `${chunked}5 \r\nhello\r\n`, 'CHUNK_SIZE'],
    ['a chunk size beyond what is exact', `${chunked}20000000000000\r\n`, 'CHUNK_SIZE'],
    ['a chunk size that would overflow 64 bits', `${chunked}10000000000000005\r\nhello\r\n`, 'CHUNK_SIZE'],
    ['a chunk size of many zeros', `${chunked}00000000000000005\r\nhello\r\n`, 'CHUNK_SIZE'],
    ['a chunk extension', `${chunked}5;a=b\r\nhello\r\n`, 'CHUNK_EXTENSION'],
    ['a chunk extension on the last chunk', `${chunked}0;a\r\n\r\n`, 'CHUNK_EXTENSION'],
    ['a bare LF behind a chunk size', `${chunked}5\nhello\r\n`, 'CHUNK_SIZE'],
    ['a bare CR behind a chunk size', `${chunked}5\rhello\r\n`, 'LINE_END'],
    ['a chunk longer than its size', `${chunked}5\r\nhello!\r\n`, 'CHUNK_END'],
    ['a chunk that ends with a bare LF', `${chunked}5\r\nhello\n0\r\n\r\n`, 'CHUNK_END'],
    ['a chunk that ends with a bare CR', `${chunked}5\r\nhello\r0\r\n\r\n`, 'CHUNK_END'],
    ['a bare LF at the end of the chunks', `${chunked}0\r\n\n`, 'LINE_END'],
    ['a bare CR at the end of the chunks', `${chunked}0\r\n\rX`, 'LINE_END'],
    ['a Content-Length in the trailers', `${chunked}0\r\nContent-Length: 5\r\n\r\n`, 'TRAILER'],
    ['a Transfer-Encoding in the trailers', `${chunked}0\r\nTransfer-Encoding: chunked\r\n\r\n`, 'TRAILER'],
    ['a Host in the trailers', `${chunked}0\r\nHost: b\r\n\r\n`, 'TRAILER'],
    ['a folded trailer', `${chunked}0\r\nX: a\r\n b\r\n\r\n`, 'FIELD_FOLDED'],
  ];
  test.each(cases)('%s', (_, bytes, code) => {
    const result = requests(bytes);
    expect(result.failure).toBe(code);
    expect(requests(bytes, { framed: true }).failure).toBe(code);
  });

  test('a target beyond the limit is too long, whole or not', () => {
    const limits = { headBytes: 2_000, targetBytes: 100, fields: 10 };
    const ok = `GET /${'a'.repeat(99)} HTTP/1.1\r\n${HOST}\r\n`;
    expect(requests(ok, { limits }).failure).toBeNull();
    expect(requests(`GET /${'a'.repeat(100)} HTTP/1.1\r\n${HOST}\r\n`, { limits }).failure).toBe(
      'TARGET_TOO_LONG',
    );
    expect(requests(`GET /${'a'.repeat(200)}`, { limits }).failure).toBe('TARGET_TOO_LONG');
  });

  test('a head beyond the limit is too large, whole or not; one at the limit is not', () => {
    const limits = { headBytes: 500, targetBytes: 100, fields: 10 };
    const head = (size: number) => {
      const begin = `GET / HTTP/1.1\r\n${HOST}X: `;
      return `${begin}${'a'.repeat(size - begin.length - 4)}\r\n\r\n`;
    };
    expect(head(500)).toHaveLength(500);
    expect(requests(head(500), { limits }).failure).toBeNull();
    expect(requests(head(501), { limits }).failure).toBe('HEAD_TOO_LARGE');
    expect(requests(head(900).slice(0, 600), { limits }).failure).toBe('HEAD_TOO_LARGE');
  });

  test('too many fields are refused', () => {
    const limits = { headBytes: 5_000, targetBytes: 100, fields: 10 };
    const head = (count: number) => `GET / HTTP/1.1\r\n${HOST}${'X: a\r\n'.repeat(count - 1)}\r\n`;
    expect(requests(head(10), { limits }).failure).toBeNull();
    expect(requests(head(11), { limits }).failure).toBe('TOO_MANY_FIELDS');
  });
});

describe('what servers answer', () => {
  test('answers to HEAD, 204 and 304 have no body, whatever their Content-Length', () => {
    const one = 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n';
    const two = 'HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n';
    const three = 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n';
    const four = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
    const { messages, rest } = responses(one + two + three + four, {
      methods: ['HEAD', 'GET', 'GET', 'HEAD'],
    });
    expect(messages.map((m) => m.start)).toEqual(['200 OK', '304 Not Modified', '204 No Content', '200 OK']);
    expect(rest).toBe('idle');
  });

  test('heads of 1xx come before the answer and do not use up the request', () => {
    const text =
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n';
    const { messages, rest } = responses(text, { methods: ['HEAD', 'GET'] });
    expect(messages.map((m) => m.start)).toEqual(['100 Continue', '103 Early Hints', '200 OK']);
    expect(rest).toBe('idle');
  });

  test('an answer without a length lasts until the close', () => {
    const { messages, rest } = responses('HTTP/1.1 200 OK\r\n\r\nsome bytes', { closes: true });
    expect(messages[0]?.body).toBe('some bytes');
    expect(rest).toBe('idle');
  });

  test('an answer that is cut off is noticed', () => {
    for (const text of [
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n',
      'HTTP/1.1 200 OK\r\nContent-Le',
      'HT',
    ])
      expect(responses(text, { closes: true }).failure, text).toBe('CUT_OFF');
  });

  test('the reason may be missing, and the space before it', () => {
    expect(responses('HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n').messages[0]?.start).toBe('200 ');
    expect(responses('HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n').messages[0]?.start).toBe('200 ');
    expect(responses('HTTP/1.0 404 Not\tFound \xfc\r\nContent-Length: 0\r\n\r\n').messages[0]?.start).toBe(
      '404 Not\tFound \xfc',
    );
  });

  test('101 ends the reading behind the head', () => {
    const head = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
    const { messages, rest } = responses(`${head}\x81\x01a`, { asksUpgrade: true });
    expect(messages[0]?.end).toBe(head.length);
    expect(rest).toBe('ended');
  });

  const ok = 'HTTP/1.1 200 OK\r\n';
  const cases: readonly [name: string, bytes: string, code: FailureCode][] = [
    ['two lengths', `${ok}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`, 'LENGTH_TWICE'],
    ['two equal lengths', `${ok}Content-Length: 5\r\nContent-Length: 5\r\n\r\n`, 'LENGTH_TWICE'],
    [
      'a length beside a coding',
      `${ok}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n`,
      'LENGTH_AND_CODING',
    ],
    ['a coding that is not chunked', `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n`, 'CODING'],
    ['a coding in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'CODING_IN_1_0'],
    ['a folded field', `${ok}X: a\r\n b\r\n\r\n`, 'FIELD_FOLDED'],
    ['a bare LF', `${ok}X: a\n\r\n`, 'LINE_END'],
    ['a bare LF behind the status line', 'HTTP/1.1 200 OK\nX: a\r\n\r\n', 'LINE_END'],
    ['a bare CR in a value', `${ok}X: a\rSet-Cookie: b\r\n\r\n`, 'LINE_END'],
    ['NUL in a value', `${ok}X: \0\r\n\r\n`, 'FIELD_VALUE'],
    ['a space before the colon', `${ok}Content-Length : 5\r\n\r\n`, 'FIELD_NAME'],
    ['an empty line before the status line', `\r\n${ok}\r\n`, 'START_LINE'],
    ['a body behind 204', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n', 'BODY_FORBIDDEN'],
    ['chunks behind 204', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n', 'BODY_FORBIDDEN'],
    ['a body behind 1xx', 'HTTP/1.1 103 Hints\r\nContent-Length: 5\r\n\r\n', 'BODY_FORBIDDEN'],
    ['101 that nobody asked for', 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n', 'UNEXPECTED_UPGRADE'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'START_LINE'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n', 'START_LINE'],
    ['a status of 600', 'HTTP/1.1 600 Odd\r\n\r\n', 'STATUS'],
    ['a status of 099', 'HTTP/1.1 099 Odd\r\n\r\n', 'STATUS'],
    ['another protocol', 'ICY 200 OK\r\n\r\n', 'START_LINE'],
    ['HTTP/2', 'HTTP/2 200 OK\r\n\r\n', 'VERSION'],
    ['a body without a head', 'hello\r\n\r\n', 'START_LINE'],
    ['a chunk extension', `${ok}Transfer-Encoding: chunked\r\n\r\n5;a\r\nhello\r\n`, 'CHUNK_EXTENSION'],
    ['a bad chunk size', `${ok}Transfer-Encoding: chunked\r\n\r\n5g\r\nhello\r\n`, 'CHUNK_SIZE'],
  ];
  test.each(cases)('an answer with %s is refused', (_, bytes, code) => {
    expect(responses(bytes).failure).toBe(code);
    expect(responses(bytes, { framed: true }).failure).toBe(code);
  });
});

test('a known field is found in any letter case, and in disguise', () => {
  const look = (name: string) => knownField(Buffer.from(name), 0, name.length);
  expect(look('Content-Length')).toBe(Known.ContentLength);
  expect(look('CONTENT-LENGTH')).toBe(Known.ContentLength);
  expect(look('te')).toBe(Known.Te);
  expect(look('content_length')).toBe(Known.Disguised);
  expect(look('X_Forwarded-For')).toBe(Known.Disguised);
  expect(look('content-lengtx')).toBe(Known.Other);
  expect(look('a')).toBe(Known.Other);
});

test('a head that says keep-alive or close is heeded by version', () => {
  const keeps = (head: string) => {
    const reader = new RequestReader();
    reader.read(Buffer.from(head), 0);
    return reader.head.keepAlive;
  };
  expect(keeps(`GET / HTTP/1.1\r\n${HOST}\r\n`)).toBe(true);
  expect(keeps(`GET / HTTP/1.1\r\n${HOST}Connection: Close\r\n\r\n`)).toBe(false);
  expect(keeps(`GET / HTTP/1.1\r\n${HOST}Connection: x, close\r\n\r\n`)).toBe(false);
  expect(keeps(`GET / HTTP/1.0\r\n${HOST}\r\n`)).toBe(false);
  expect(keeps(`GET / HTTP/1.0\r\n${HOST}Connection: keep-alive\r\n\r\n`)).toBe(true);
  const reader = new ResponseReader();
  reader.answers('GET', false);
  reader.read(Buffer.from('HTTP/1.1 200 OK\r\nConnection: x-private\r\nContent-Length: 0\r\n\r\n'), 0);
  expect(reader.head.keepAlive).toBe(true);
  expect(reader.head.nominated).toEqual(['x-private']);
});
