import { parseArgs } from 'node:util';

/** What the generator does. */
export interface LoadOptions {
  /** Base URL, for example `http://127.0.0.1:8080`; paths are put behind it. */
  readonly url: string;
  /** Requests per second, sent on time whatever the answers do (open loop). */
  readonly rate: number;
  /** How long, s. Null: until it is stopped. */
  readonly seconds: number | null;
  /** WebSockets kept open, each of which sends a message a second and expects it back. */
  readonly webSockets: number;
  /** Share of requests (0–1) that open a connection of their own. */
  readonly newShare: number;
  /** Kept connections that the other requests go round. */
  readonly kept: number;
  /** Share of requests (0–1) that POST a body; its answer must be that body. */
  readonly postShare: number;
  /** Share of requests (0–1) that get the large body. */
  readonly largeShare: number;
  readonly getPath: string;
  readonly postPath: string;
  readonly largePath: string;
  /** What the large answer must measure, bytes. */
  readonly largeBytes: number;
  /** Bytes of a POST's body. */
  readonly postBytes: number;
  readonly webSocketPath: string;
  /** From start to last byte, ms; also for a WebSocket's handshake and echo. */
  readonly timeoutMs: number;
  /** Requests under way at most; one that would be more is written down as `not-sent`. */
  readonly maxInFlight: number;
  /** Host header, where the URL's own won't do. */
  readonly host: string | null;
  /** Where records go. Null: nowhere. */
  readonly log: string | null;
}

/** What is used where nothing else is said. */
export const DEFAULTS: Omit<LoadOptions, 'url'> = {
  rate: 500,
  seconds: null,
  webSockets: 20,
  newShare: 0.2,
  kept: 32,
  postShare: 0.15,
  largeShare: 0.05,
  getPath: '/',
  postPath: '/echo',
  largePath: '/bytes/100000',
  largeBytes: 100_000,
  postBytes: 512,
  webSocketPath: '/ws',
  timeoutMs: 10_000,
  maxInFlight: 4000,
  host: null,
  log: null,
};

/** Options with defaults filled in. */
export const loadOptions = (given: Partial<LoadOptions> & { url: string }): LoadOptions => ({
  ...DEFAULTS,
  ...given,
});

/** How `main.ts` is called. */
export const USAGE = `node bench/load/main.ts URL [options]
  --rate N              requests per second (${DEFAULTS.rate})
  --seconds N           how long; without it until SIGINT or SIGTERM
  --web-sockets N       WebSockets, one message a second each (${DEFAULTS.webSockets})
  --new-share X         share of requests over new connections (${DEFAULTS.newShare})
  --kept N              kept connections (${DEFAULTS.kept})
  --post-share X        share of POSTs with a body that must come back (${DEFAULTS.postShare})
  --large-share X       share of GETs of the large body (${DEFAULTS.largeShare})
  --get-path, --post-path, --large-path, --web-socket-path PATH
  --large-bytes N, --post-bytes N
  --timeout-ms N        from start to last byte (${DEFAULTS.timeoutMs})
  --max-in-flight N     requests under way at most (${DEFAULTS.maxInFlight})
  --host NAME           Host header
  --log FILE            one JSON object per request`;

/** `--some-name` of an option. */
const flagOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/**
 * Reads the command line.
 * @throws TypeError with a sentence for a person
 */
export function parseCommandLine(args: readonly string[]): LoadOptions {
  const names = Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[];
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: Object.fromEntries(names.map((name) => [flagOf(name), { type: 'string' as const }])),
  });
  const url = positionals[0];
  if (url === undefined || positionals.length > 1) throw new TypeError('Exactly one URL is needed.');
  if (!/^http:\/\//.test(url)) throw new TypeError(`The URL must begin with http://, not ${url}`);
  const given: Record<string, unknown> = {};
  for (const name of names) {
    const text = values[flagOf(name)];
    if (typeof text !== 'string') continue;
    given[name] = isNumeric(name) ? numberOf(flagOf(name), text) : text;
  }
  return loadOptions({ ...given, url });
}

const isNumeric = (name: keyof typeof DEFAULTS): boolean =>
  typeof DEFAULTS[name] === 'number' || name === 'seconds';

function numberOf(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
    throw new TypeError(`--${flag} takes a number, not ${text}`);
  }
  if (flag.endsWith('-share') && value > 1)
    throw new TypeError(`--${flag} is a share from 0 to 1, not ${text}`);
  return value;
}
