/**
 * Where an environment on this machine keeps its state: `<root>/.morrow/<environment>/`, mode 0700, ignored by git.
 * Agent, edge and command line find each other by these paths alone, so all three take them from here.
 */
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { MorrowError } from './errors.ts';

/** Folder, below the project's root, that holds the state of every environment. */
export const STATE_FOLDER = '.morrow';

/** Longest path of a Unix socket in bytes: macOS takes 103, Linux 107. */
const SOCKET_PATH_LIMIT = 100;

/** Always there, and the same for everybody who asks: TMPDIR differs from one login to the next. */
const SHORT_FOLDER_BASE = '/tmp';

export interface EnvironmentPaths {
  /** The project's folder, absolute. */
  readonly root: string;
  readonly environment: string;
  /** `<root>/.morrow/<environment>`. */
  readonly state: string;
  /** Folder of the two sockets: `state`, or a short one elsewhere where the path would be too long for a socket. */
  readonly sockets: string;
  readonly agentSocket: string;
  readonly edgeSocket: string;
  /** The edge's own folder. */
  readonly edgeState: string;
  readonly agentLog: string;
  readonly edgeLog: string;
  /** Written by `up`, removed by `down`: whether the environment is meant to run. */
  readonly upMarker: string;
}

/**
 * The paths of an environment; touches nothing.
 * @param root the project's folder, absolute and without symbolic links
 */
export function environmentPaths(root: string, environment: string): EnvironmentPaths {
  const state = join(root, STATE_FOLDER, environment);
  const sockets = socketFolder(state);
  return {
    root,
    environment,
    state,
    sockets,
    agentSocket: join(sockets, 'agent.sock'),
    edgeSocket: join(sockets, 'edge.sock'),
    edgeState: join(state, 'edge'),
    agentLog: join(state, 'agent.log'),
    edgeLog: join(state, 'edge.log'),
    upMarker: join(state, 'up.json'),
  };
}

/** The paths of the environment whose state lies in `state` (`<root>/.morrow/<environment>`, absolute). */
export function pathsOfState(state: string): EnvironmentPaths {
  return environmentPaths(dirname(dirname(state)), basename(state));
}

/**
 * Makes the folders that are missing: private to this user, and invisible to git.
 * @throws MorrowError `PERMISSION_DENIED` where somebody else's folder stands in the way
 */
export function prepareStateFolder(paths: EnvironmentPaths): void {
  const base = join(paths.root, STATE_FOLDER);
  mkdirSync(base, { recursive: true, mode: 0o700 });
  const ignore = join(base, '.gitignore');
  if (!existsSync(ignore)) writeFileSync(ignore, '*\n');
  mkdirSync(paths.state, { recursive: true, mode: 0o700 });
  if (paths.sockets !== paths.state) {
    mkdirSync(paths.sockets, { recursive: true, mode: 0o700 });
    checkSocketFolder(paths);
  }
}

/**
 * A folder outside the project lies where everybody may write: one that somebody else made there first must not
 * be trusted with our sockets. Call it before talking to a socket in it; a folder that is absent passes.
 * @throws MorrowError `PERMISSION_DENIED`
 */
export function checkSocketFolder(paths: EnvironmentPaths): void {
  if (paths.sockets === paths.state) return;
  const stat = lstatSync(paths.sockets, { throwIfNoEntry: false });
  if (!stat) return;
  const ours = process.getuid === undefined || stat.uid === process.getuid();
  if (stat.isDirectory() && ours && (stat.mode & 0o077) === 0) return;
  throw new MorrowError(
    'PERMISSION_DENIED',
    `${paths.sockets} belongs to somebody else or is open to others.`,
    {
      hint: `Look who made it, remove it, then run the command again.`,
    },
  );
}

function socketFolder(state: string): string {
  if (Buffer.byteLength(join(state, 'agent.sock')) <= SOCKET_PATH_LIMIT) return state;
  const user = process.getuid?.() ?? 0;
  const hash = createHash('sha256').update(state).digest('hex').slice(0, 16);
  return join(SHORT_FOLDER_BASE, `morrow-${user}-${hash}`);
}
