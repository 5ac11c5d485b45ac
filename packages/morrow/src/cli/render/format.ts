/** Numbers, times and names as people read them. */

/** `12,345`. */
export const count = (value: number): string => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');

/** `1 request`, `2 requests`. */
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

/** A duration: `340 ms`, `2.5 s`, `1 min 5 s`, `2 h 10 min`, `3 d`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 9_950) return `${trimZero((ms / 1000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return withRest(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return withRest(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(minutes / 60);
  return withRest(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** A latency: `0.8 ms`, `12 ms`, `1.2 s`; `-` where nothing was measured. */
export function latency(ms: number | null): string {
  if (ms === null) return '-';
  return ms < 9.95 ? `${trimZero(ms.toFixed(1))} ms` : duration(ms);
}

/** A share in per cent: `0.5 %`, `12 %`. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return '0 %';
  const value = (100 * part) / whole;
  if (value > 0 && value < 0.1) return '<0.1 %';
  return `${value < 10 ? trimZero(value.toFixed(1)) : Math.round(value)} %`;
}

/** `sha256:0123456789ab`, as much of a digest as tells one from another. */
export function shortDigest(artifact: string): string {
  const colon = artifact.indexOf(':');
  return artifact.slice(0, colon + 1 + 12);
}

/** Clock time of a moment, local, `14:03:59`. */
export function clockTime(atMs: number): string {
  const date = new Date(atMs);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
}

/** Date and time of a moment, local, `2026-11-24 14:03:59`. */
export function dateTime(atMs: number): string {
  const date = new Date(atMs);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clockTime(atMs)}`;
}

/** How long ago: `12 s ago`, `just now`. */
export const ago = (atMs: number, nowMs: number): string =>
  nowMs - atMs < 1000 ? 'just now' : `${duration(Math.floor((nowMs - atMs) / 1000) * 1000)} ago`;

const two = (value: number): string => String(value).padStart(2, '0');

const trimZero = (text: string): string => text.replace(/\.0$/, '');

const withRest = (whole: number, unit: string, rest: number, restUnit: string): string =>
  rest === 0 ? `${whole} ${unit}` : `${whole} ${unit} ${rest} ${restUnit}`;
