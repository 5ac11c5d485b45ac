/** A request's header fields as a browser sends them: 13 lines with the first, about 600 bytes. */
export const BROWSER_FIELDS: Readonly<Record<string, string>> = {
  Host: 'shop.example.com',
  Connection: 'keep-alive',
  'Cache-Control': 'max-age=0',
  'Upgrade-Insecure-Requests': '1',
  'User-Agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Sec-Fetch-Site': 'same-origin',
  'Sec-Fetch-Mode': 'navigate',
  Referer: 'https://shop.example.com/products/1842',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'Accept-Language': 'en-GB,en;q=0.9',
  Cookie: 'session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; consent=all',
};

/** The head of a GET with those fields. */
export const browserHead = (path: string): Buffer =>
  Buffer.from(
    `GET ${path} HTTP/1.1\r\n${Object.entries(BROWSER_FIELDS)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}\r\n`,
    'latin1',
  );
