/** Runs as processes of this machine, each through the shim, each in a process group of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MorrowError } from '../../errors.ts';
import { codeOf, readJson, readText, refusedBySystem, writeJson } from './files.ts';
import type { ProcessInfo, ProcessTable } from './process-table.ts';
import type { RunExit, RunRef, RunSpec, Runtime, Vital } from './runtime.ts';
import { installShim, SHELL } from './shim.ts';

/** Environment variable by which a process that left its group is still told to be of a run. */
export const RUN_VARIABLE = 'MORROW_RUN';

/** What stands in `started` where a controller cancelled the run before it began. */
const CANCELLED = 'cancelled';

/** How long a shim may take to write how its command ended, and how often is looked, ms. */
const VERDICT_MS = 200;
const VERDICT_STEP_MS = 5;

/** Slack between the time of a file and the start of a process, ms: `ps` knows whole seconds only. */
const SLACK_MS = 2000;

/** How long `started` may exist before what it says is in it, ms. */
const UNCLEAR_MS = 5000;

interface Identity {
  readonly pid: number;
  readonly started: string;
}

/** The processes of a run that can be told for certain, kept in `identity.json`. */
interface Known {
  readonly shim: Identity;
  /** The command itself; null until it was seen. */
  readonly main: Identity | null;
}

export interface ProcessRuntimeOptions {
  /** Where the shim's script is put. */
  readonly shimPath: string;
  readonly table: ProcessTable;
  /** Called when a run that this controller began has ended; a hint. */
  readonly onExit: (dir: string) => void;
}

/** Makes the runtime; starts nothing. */
export function processRuntime(options: ProcessRuntimeOptions): Runtime {
  return new ProcessRuntime(options);
}

class ProcessRuntime implements Runtime {
  readonly #options: ProcessRuntimeOptions;
  readonly #table: ProcessTable;
  /** Shims that this controller began and that have not ended. */
  readonly #children = new Map<string, ChildProcess>();
  readonly #known = new Map<string, Known>();

  constructor(options: ProcessRuntimeOptions) {
    this.#options = options;
    this.#table = options.table;
  }

  async start(run: RunSpec): Promise<void> {
    let log: number | null = null;
    try {
      installShim(this.#options.shimPath);
      log = openSync(run.logFile, 'a', 0o600);
      await this.#spawn(run, log);
    } catch (error) {
      this.cancel(run);
      throw (
        refusedBySystem(error, `starting \`${run.command}\``) ??
        new MorrowError('INTERNAL', `\`${run.command}\` could not be started (${codeOf(error) || error}).`, {
          cause: error,
        })
      );
    } finally {
      if (log !== null) closeSync(log);
    }
  }

  async #spawn(run: RunSpec, log: number): Promise<void> {
    const child = spawn(SHELL, [this.#options.shimPath, run.dir, run.nonce, run.command], {
      cwd: run.cwd,
      env: { ...run.env, [RUN_VARIABLE]: run.nonce },
      detached: true,
      stdio: ['ignore', log, log],
    });
    this.#children.set(run.dir, child);
    child.once('exit', () => {
      this.#children.delete(run.dir);
      this.#options.onExit(run.dir);
    });
    child.unref();
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => {
        this.#children.delete(run.dir);
        reject(error);
      });
    });
  }

  cancel(ref: RunRef): boolean {
    try {
      writeFileSync(join(ref.dir, 'started'), CANCELLED, { flag: 'wx' });
      return true;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return true;
      return readText(join(ref.dir, 'started')) === CANCELLED;
    }
  }

  forget(ref: RunRef): void {
    this.#known.delete(ref.dir);
  }

  async look(ref: RunRef): Promise<Vital> {
    const begun = begunBy(ref);
    if (begun === 'unclear') return { state: 'starting' };
    if (begun === 'broken') return { state: 'ended', exit: UNSEEN };
    if (begun === 'no') return { state: this.#children.has(ref.dir) ? 'starting' : 'not-started' };
    const shimPid = begun;
    const known = await this.#identify(ref, shimPid);
    if (exitOf(ref) === null && known !== null && (await this.#goesOn(ref, known)))
      return { state: 'running' };
    // The shim may have written the end between our two looks.
    const end = exitOf(ref) ?? UNSEEN;
    const left = await this.#leftovers(ref, shimPid, known, end);
    return { state: left.length > 0 ? 'leftovers' : 'ended', exit: end };
  }

  /** Whether the command lives. Where it has just died its shim is given a moment to say how. */
  async #goesOn(ref: RunRef, known: Known): Promise<boolean> {
    // Somebody may have killed the shim alone: the command goes on, only the way it ends will be unknown.
    if (await this.#mainLives(known)) return true;
    for (let waitedMs = 0; waitedMs < VERDICT_MS; waitedMs += VERDICT_STEP_MS) {
      if (!(await this.#lives(known.shim)) || exitOf(ref) !== null) return false;
      // The command was not seen yet, so it can't be missed: the shim speaks for it.
      if (known.main === null) return true;
      await sleep(VERDICT_STEP_MS);
    }
    return true;
  }

  async signal(ref: RunRef, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const shimPid = begunBy(ref);
    if (typeof shimPid === 'string') return;
    const known = await this.#identify(ref, shimPid);
    const ours = known !== null && ((await this.#lives(known.shim)) || (await this.#mainLives(known)));
    if (ours) send(-shimPid, signal);
    // Those that have left the group are not asked to end, only made to, at the last.
    if (ours && signal === 'SIGTERM') return;
    const end = exitOf(ref) ?? UNSEEN;
    for (const left of await this.#leftovers(ref, shimPid, known, end)) send(left.pid, signal);
  }

  async memoryBytes(refs: readonly RunRef[]): Promise<ReadonlyMap<string, number>> {
    const all = await this.#table.list();
    const used = new Map<string, number>();
    for (const ref of refs) {
      const known = this.#known.get(ref.dir);
      const there = (one: Identity | null | undefined): boolean =>
        all.some((info) => info.pid === one?.pid && this.#table.same(info.started, one.started));
      // A number that is somebody else's by now must not be counted as ours.
      if (known === undefined || !(there(known.shim) || there(known.main))) continue;
      const members = familyOf(all, known.shim.pid).filter((info) => info.pid !== known.shim.pid);
      if (members.length > 0)
        used.set(
          ref.dir,
          members.reduce((sum, info) => sum + info.rssBytes, 0),
        );
    }
    return used;
  }

  /** The run's processes, from memory, from its file, or from the process table where the nonce proves them. */
  async #identify(ref: RunRef, shimPid: number): Promise<Known | null> {
    const path = join(ref.dir, 'identity.json');
    const before = this.#known.get(ref.dir) ?? readJson<Known>(path);
    if (before !== null && before.shim.pid !== shimPid) return null;
    if (before?.main) {
      this.#known.set(ref.dir, before);
      return before;
    }
    const shim = before?.shim ?? (await this.#proven(shimPid, ref.nonce));
    if (shim === null) return null;
    const child = (await this.#table.list()).find(
      (info) => info.parent === shimPid && info.group === shimPid,
    );
    const lives = child !== undefined && (await this.#lives(shim));
    const known = { shim, main: lives ? { pid: child.pid, started: child.started } : null };
    this.#known.set(ref.dir, known);
    if (known.main !== null || before === null) keep(path, known);
    return known;
  }

  async #proven(pid: number, nonce: string): Promise<Identity | null> {
    const info = await this.#table.find(pid);
    if (info === null || !(await this.#table.commandLine(pid)).split(' ').includes(nonce)) return null;
    return { pid, started: info.started };
  }

  async #find(identity: Identity): Promise<ProcessInfo | null> {
    const info = await this.#table.find(identity.pid);
    return info !== null && this.#table.same(info.started, identity.started) ? info : null;
  }

  async #lives(identity: Identity): Promise<boolean> {
    return (await this.#find(identity)) !== null;
  }

  async #mainLives(known: Known): Promise<boolean> {
    return known.main !== null && (await this.#find(known.main))?.group === known.shim.pid;
  }

  /**
   * What is left of a run whose command has ended. While a group has members its number is nobody else's, so whoever
   * is in it and began between the run's begin and its end belongs to the run. Those outside of it are told by their
   * environment.
   */
  async #leftovers(
    ref: RunRef,
    shimPid: number,
    known: Known | null,
    exit: RunExit,
  ): Promise<readonly ProcessInfo[]> {
    const marked = new Set(await this.#table.withEnvironment(`${RUN_VARIABLE}=${ref.nonce}`));
    const begunAtMs = statSync(join(ref.dir, 'started')).mtimeMs - SLACK_MS;
    const endAtMs = exit.atMs === null ? null : exit.atMs + SLACK_MS;
    return (await this.#table.list()).filter((info) => {
      if (info.pid === known?.shim.pid && this.#table.same(info.started, known.shim.started)) return false;
      if (marked.has(info.pid)) return true;
      const meanwhile = endAtMs !== null && info.startedAtMs >= begunAtMs && info.startedAtMs <= endAtMs;
      return meanwhile && info.group === shimPid;
    });
  }
}

/** Written so that the next controller knows as well; looking must not fail because the disk is full. */
function keep(path: string, known: Known): void {
  try {
    writeJson(path, known);
  } catch (error) {
    if (!(error instanceof MorrowError)) throw error;
  }
}

const UNSEEN: RunExit = { code: null, signal: null, atMs: null };

/** The shim's pid, or why there is none: not begun or cancelled, about to be written, never written (a full disk). */
function begunBy(ref: RunRef): number | 'no' | 'unclear' | 'broken' {
  const path = join(ref.dir, 'started');
  const text = readText(path)?.trim();
  if (text === undefined || text === CANCELLED) return 'no';
  const [nonce, pid] = text.split(' ');
  if (nonce === ref.nonce && Number(pid) > 1) return Number(pid);
  return Date.now() - statSync(path).mtimeMs < UNCLEAR_MS ? 'unclear' : 'broken';
}

function exitOf(ref: RunRef): RunExit | null {
  const path = join(ref.dir, 'exit');
  const text = readText(path)?.trim() ?? '';
  if (!/^\d+$/.test(text)) return null;
  const code = Number(text);
  const signal = signalOf(code);
  return { code: signal === null ? code : null, signal, atMs: statSync(path).mtimeMs };
}

/** A shell tells a signal as 128 + its number. A program that itself ends with such a code can't be told apart. */
function signalOf(code: number): string | null {
  const found = Object.entries(constants.signals).find(([, number]) => number === code - 128);
  return found === undefined ? null : found[0];
}

/** A process with all its descendants, and everybody in its group. */
function familyOf(all: readonly ProcessInfo[], pid: number): readonly ProcessInfo[] {
  const family = new Map(all.filter((info) => info.pid === pid || info.group === pid).map((i) => [i.pid, i]));
  for (let before = -1; before !== family.size; ) {
    before = family.size;
    for (const info of all) if (family.has(info.parent)) family.set(info.pid, info);
  }
  return [...family.values()];
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It has just ended by itself, or took another user's identity: then it isn't ours to end.
    if (codeOf(error) !== 'ESRCH' && codeOf(error) !== 'EPERM') throw error;
  }
}
