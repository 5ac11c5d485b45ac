import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process, so described that another one which got the same id later is not mistaken for it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in whatever form the system tells. */
  readonly started: string;
}

/** Identity of a living process; null if there is none of that id (a zombie is none). */
export function identify(pid: number): ProcessIdentity | null {
  const started = process.platform === 'linux' ? startedOnLinux(pid) : startedByPs(pid);
  return started === null ? null : { pid, started };
}

/** Whether that very process still lives. */
export const stillLives = (process: ProcessIdentity): boolean =>
  identify(process.pid)?.started === process.started;

function startedOnLinux(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name stands in parentheses and may hold anything; what follows is split by spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    // The start is told in ticks since the boot, so the boot belongs to it.
    return `${fields[19]}@${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}`;
  } catch {
    return null;
  }
}

function startedByPs(pid: number): string | null {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return line === '' || line.startsWith('Z') ? null : line.replace(/^\S+\s+/, '');
  } catch {
    return null;
  }
}
