/** The state of one environment on this machine. */
import { accessSync, constants, lstatSync } from 'node:fs';
import type { ResolvedConfig, ResolvedService } from '../../config/resolved.ts';
import type { EdgeState } from '../../edge/api.ts';
import { MorrowError } from '../../errors.ts';
import { checkSocketFolder, type EnvironmentPaths } from '../../paths.ts';
import type { StatusReport } from '../../server/api.ts';
import { whyNotFree } from '../ports.ts';
import { bad, type Finding, note, ok } from './finding.ts';

/** Whether the state folder is ours, private and writable. */
export function checkState(paths: EnvironmentPaths): Finding[] {
  const stat = lstatSync(paths.state, { throwIfNoEntry: false });
  if (!stat) return [ok('state', `${paths.state} is made by the first \`morrow up\``)];
  const findings: Finding[] = [];
  const uid = process.getuid?.();
  if (uid !== undefined && stat.uid !== uid) {
    findings.push(
      bad('state', `${paths.state} belongs to another user (uid ${stat.uid})`, 'Run Morrow as that user.'),
    );
  } else if ((stat.mode & 0o077) !== 0) {
    findings.push(bad('state', `${paths.state} is open to other users`, `chmod 700 ${paths.state}`));
  } else if (!writable(paths.state)) {
    findings.push(bad('state', `${paths.state} cannot be written`, `chmod 700 ${paths.state}`));
  } else {
    findings.push(ok('state', `${paths.state} is private and writable`));
  }
  if (paths.sockets !== paths.state) findings.push(checkSockets(paths));
  return findings;
}

function checkSockets(paths: EnvironmentPaths): Finding {
  try {
    checkSocketFolder(paths);
    return ok('sockets', `in ${paths.sockets}, because the path of the project is too long for a socket`);
  } catch (error) {
    if (!(error instanceof MorrowError)) throw error;
    return bad('sockets', error.message, error.hint);
  }
}

function writable(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface Running {
  /** Whether the environment is meant to be up. */
  readonly wanted: boolean;
  readonly agent: StatusReport | null;
  readonly edge: EdgeState | null;
}

/** Whether agent and edge are as they are meant to be, and what the agent finds wrong. */
export function checkRunning(environment: string, { wanted, agent, edge }: Running): Finding[] {
  const todo = `morrow up ${environment}`;
  const one = (name: 'agent' | 'edge', pid: number | null): Finding => {
    if (pid !== null) return ok(name, `runs (pid ${pid})`);
    return wanted
      ? bad(name, `does not answer although ${environment} is meant to be up`, todo)
      : ok(name, 'is not up');
  };
  const problems = agent?.services.flatMap((service) =>
    service.problems.map((text) => bad(service.service, text, `morrow status ${environment}`)),
  );
  return [one('edge', edge?.pid ?? null), one('agent', agent?.agent.pid ?? null), ...(problems ?? [])];
}

/** Folders and ports of the services. */
export async function checkServices(
  config: ResolvedConfig,
  absent: readonly ResolvedService[],
  edge: EdgeState | null,
): Promise<Finding[]> {
  const missing = new Set(absent.map((service) => service.name));
  const findings: Finding[] = [];
  for (const service of config.services) {
    const { name, listen, folder } = service;
    if (missing.has(name)) {
      findings.push(
        note(name, `its folder ${folder} does not exist`, 'It is left out until the folder is there.'),
      );
      continue;
    }
    const ours = edge?.services.find((one) => one.service.listen.port === listen.port);
    const free = ours ? null : await whyNotFree(listen.port, listen.address);
    const problem = ours ? ours.listenProblem : free && portWords(listen.port, free);
    if (problem === null)
      findings.push(ok(name, `port ${listen.port} ${ours ? 'is listened on by the edge' : 'is free'}`));
    else findings.push(bad(name, problem, 'Stop that program or change `listen.port`.'));
  }
  return findings;
}

const portWords = (port: number, problem: string): string =>
  problem === 'EADDRINUSE'
    ? `port ${port} is in use by another program`
    : `port ${port} cannot be used: ${problem}`;
