/** How a process ended, in words. */
import type { RunExit } from './runtime.ts';

/** For example `exit code 1`, `signal SIGSEGV`. */
export function exitWords(exit: RunExit): string {
  if (exit.signal !== null) return `signal ${exit.signal}`;
  switch (exit.code) {
    case null:
      return 'it is gone, and how it ended is unknown';
    case 126:
      return 'exit code 126 (the start command is not executable)';
    case 127:
      return 'exit code 127 (the start command was not found)';
    default:
      return `exit code ${exit.code}`;
  }
}

/** For example `memory limit of 256 MiB exceeded (killed)`. */
export const memoryWords = (limitBytes: number): string =>
  `memory limit of ${sizeWords(limitBytes)} exceeded (killed)`;

/** For example `did not answer /health/live for 10 s`. */
export const hungWords = (path: string, ms: number): string =>
  `did not answer ${path} for ${Math.round(ms / 1000)} s`;

/** For example `was not healthy within 60 s (answered 503)`. */
export const neverHealthyWords = (ms: number, problem: string | null): string =>
  `was not healthy within ${Math.round(ms / 100) / 10} s${problem === null ? '' : ` (${problem})`}`;

function sizeWords(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${Math.round(size * 10) / 10} ${units[unit]}`;
}
