/**
 * Starts the controller again when it is gone. It counts as gone when no event stream has been open for a second:
 * a controller keeps one open as long as it lives, and the system closes it however the controller dies.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PutController } from '../api.ts';
import { identify, type ProcessIdentity, stillLives } from './process-identity.ts';

type Command = NonNullable<PutController['controller']>;

const SILENCE_MS = 1_000;
/** After the edge's own start a controller that lives gets this much longer to find it, ms. */
const OWN_START_MS = 1_000;
const TICK_MS = 100;
/** A controller that stays connected so long has started well: the next one is started without a pause. */
const SETTLED_MS = 5_000;

/** What decides whether the controller is started now; times on one monotonic clock, ms. */
export interface WatchState {
  /** Since when no event stream is open; null while one is. */
  readonly silentSinceMs: number | null;
  /** Whether one that the edge started still lives; a look at the system, so asked last. */
  readonly childLives: () => boolean;
  /** Starts since a controller last settled. */
  readonly attempts: number;
  /** When the last start was made. */
  readonly startedAtMs: number;
}

/** Pause from one start to the next, ms: none before the first, then 1 s, 2 s, 4 s, … at most 15 s. */
export const pauseMs = (attempts: number): number =>
  attempts === 0 ? 0 : Math.min(15_000, 1_000 * 2 ** (attempts - 1));

/** Whether to start the controller now. */
export function startDue(state: WatchState, nowMs: number): boolean {
  if (state.silentSinceMs === null || nowMs - state.silentSinceMs < SILENCE_MS) return false;
  return nowMs - state.startedAtMs >= pauseMs(state.attempts) && !state.childLives();
}

/** Watches over one controller. */
export class ControllerWatch {
  readonly #pidFile: string;
  readonly #log: (sentence: string) => void;
  #command: Command | null = null;
  #streams = 0;
  #connectedAtMs = 0;
  #silentSinceMs: number | null = performance.now() + OWN_START_MS;
  #child: ProcessIdentity | null;
  #attempts = 0;
  #startedAtMs = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param dir holds a note about the controller that was started, so that a restart of the edge starts no second one */
  constructor(dir: string, log: (sentence: string) => void) {
    this.#pidFile = join(dir, 'controller.json');
    this.#log = log;
    this.#child = readIdentity(this.#pidFile);
  }

  /** How to start the controller; null: leave it be. */
  watch(command: Command | null): void {
    this.#command = command;
    if (command && !this.#timer) this.#timer = setInterval(() => this.#tick(), TICK_MS);
    if (!command) this.stop();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  streamOpened(): void {
    if (this.#streams === 0) this.#connectedAtMs = performance.now();
    this.#streams += 1;
    this.#silentSinceMs = null;
  }

  streamClosed(): void {
    this.#streams -= 1;
    if (this.#streams > 0) return;
    this.#silentSinceMs = performance.now();
    if (this.#silentSinceMs - this.#connectedAtMs >= SETTLED_MS) this.#attempts = 0;
  }

  #tick(): void {
    const now = performance.now();
    const state = {
      silentSinceMs: this.#silentSinceMs,
      childLives: () => this.#child !== null && stillLives(this.#child),
      attempts: this.#attempts,
      startedAtMs: this.#startedAtMs,
    };
    if (!this.#command || !startDue(state, now)) return;
    this.#start(this.#command);
    this.#attempts += 1;
    this.#startedAtMs = now;
  }

  #start({ command, cwd, logFile }: Command): void {
    const [program = '', ...parameters] = command;
    this.#child = null;
    try {
      const output = openSync(logFile, 'a', 0o600);
      const child = spawn(program, parameters, {
        cwd,
        detached: true,
        stdio: ['ignore', output, output],
        env: withoutChannel(process.env),
      });
      closeSync(output);
      child.on('error', (error) => this.#log(`The controller can't be started: ${error.message}.`));
      child.on('exit', (code, signal) =>
        this.#log(`The controller ended (${signal ?? `exit code ${code}`}).`),
      );
      child.unref();
      if (child.pid === undefined) return;
      this.#log(`No controller is connected; started one (process ${child.pid}).`);
      this.#child = identify(child.pid);
      writeFileSync(this.#pidFile, JSON.stringify(this.#child), { mode: 0o600 });
    } catch (error) {
      this.#log(`The controller can't be started: ${(error as Error).message}.`);
    }
  }
}

/** The environment for a child that must not inherit the channel to our own parent. */
function withoutChannel(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_CHANNEL_FD: _fd, NODE_CHANNEL_SERIALIZATION_MODE: _mode, ...rest } = env;
  return rest;
}

function readIdentity(path: string): ProcessIdentity | null {
  try {
    const found = JSON.parse(readFileSync(path, 'utf8')) as ProcessIdentity | null;
    return Number.isInteger(found?.pid) ? found : null;
  } catch {
    return null;
  }
}
