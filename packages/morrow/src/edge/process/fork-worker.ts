import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { programPath } from '../../programs.ts';

const ahead: ChildProcess[] = [];

/** Number of workers where none is given: one per core, but at least two, so that one may die. */
export const defaultWorkers = (): number => Math.max(2, Math.min(4, availableParallelism()));

/**
 * Starts workers before it is known what they are to serve: while they load their code the master loads its own,
 * and after a kill every tenth of a second counts. They end by themselves if nobody makes use of them.
 */
export function forkAhead(count: number): void {
  for (let n = 0; n < count; n += 1) ahead.push(forkNew());
}

/** A worker process: one that was started ahead and still lives, or a new one. */
export function forkWorker(): ChildProcess {
  for (let child = ahead.shift(); child; child = ahead.shift()) if (child.connected) return child;
  return forkNew();
}

const forkNew = (): ChildProcess =>
  fork(programPath('edge'), ['worker'], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: process.execArgv.filter((argument) => !argument.startsWith('--inspect')),
  });
