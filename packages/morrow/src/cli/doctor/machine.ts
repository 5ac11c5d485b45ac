/** What the machine has to offer. */
import { existsSync, statfsSync } from 'node:fs';
import { connect } from 'node:net';
import { bad, type Finding, note, ok } from './finding.ts';

const NODE_MAJOR = 24;
const MIB = 1024 * 1024;
const LEAST_BYTES = 200 * MIB;
const FEW_BYTES = 2048 * MIB;
const DOCKER_SOCKET = '/var/run/docker.sock';
const DOCKER_MS = 2_000;

export function checkNode(version: string): Finding {
  const major = Number(version.split('.')[0]);
  return major >= NODE_MAJOR
    ? ok('node', `Node ${version}`)
    : bad(
        'node',
        `Node ${version} is too old`,
        `Install Node ${NODE_MAJOR} or newer from https://nodejs.org.`,
      );
}

export function checkSystem(platform: string): Finding {
  if (platform === 'linux' || platform === 'darwin')
    return ok('system', platform === 'linux' ? 'Linux' : 'macOS');
  return bad('system', `${platform} is not supported`, 'Use Linux or macOS (on Windows: WSL 2).');
}

/** @param folder an existing folder on the disk that matters */
export function checkDisk(folder: string, free: number = freeBytes(folder)): Finding {
  const text = `${free < FEW_BYTES ? `${Math.round(free / MIB)} MiB` : `${Math.round(free / MIB / 1024)} GiB`} free in ${folder}`;
  if (free < LEAST_BYTES) return bad('disk', text, 'Free some: snapshots, logs and the journal need room.');
  return free < FEW_BYTES
    ? note('disk', text, 'Snapshots of several revisions may need more.')
    : ok('disk', text);
}

/** Docker is no condition: services run as processes without it. */
export async function checkDocker(socket = DOCKER_SOCKET): Promise<Finding> {
  const without = 'services run as processes, which needs no Docker';
  if (!existsSync(socket)) return ok('docker', `no engine here; ${without}`);
  const problem = await new Promise<string | null>((resolve) => {
    const client = connect(socket);
    const end = (answer: string | null): void => {
      client.destroy();
      resolve(answer);
    };
    client.setTimeout(DOCKER_MS, () => end('does not answer'));
    client.once('connect', () => end(null));
    client.once('error', (error: NodeJS.ErrnoException) =>
      end(error.code === 'EACCES' ? 'may not be used by this user' : 'does not run'),
    );
  });
  return problem
    ? note('docker', `the engine ${problem}; ${without}`)
    : ok('docker', `an engine answers; ${without}`);
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
