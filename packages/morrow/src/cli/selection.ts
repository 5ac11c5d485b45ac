import type { ResolvedConfig, ResolvedService } from '../config/resolved.ts';
import { MorrowError } from '../errors.ts';
import type { Context } from './context.ts';
import type { Project } from './pieces.ts';
import { chooseEnvironment, knownService } from './where.ts';

export interface Selection {
  readonly config: ResolvedConfig;
  /** What to ship, dependencies first. */
  readonly services: readonly ResolvedService[];
}

/**
 * Loads the configuration and picks the services of `[env] [service]`: the one named, else all whose folder is
 * there. Says which are left out.
 * @throws MorrowError `SERVICE_FOLDER_ABSENT`, `UNKNOWN_SERVICE`, `NOT_SUPPORTED`
 */
export async function selectServices(context: Context): Promise<Selection> {
  const { args, out, pieces } = context;
  const project: Project = await pieces.loadProject(context.cwd);
  const environment = chooseEnvironment(context, project, args[0]);
  const config = project.resolve(environment);
  for (const warning of project.warnings) out.say(out.errorLook.style.yellow(`warning: ${warning}`));
  const { freezes } = config.extras;
  if (Array.isArray(freezes) && freezes.length > 0)
    out.say(out.errorLook.style.yellow('warning: freezes: they are not heeded yet'));
  const absent = new Set(project.absent(config).map((service) => service.name));
  const named = args[1];
  if (named !== undefined) {
    const name = knownService(
      named,
      config.services.map((service) => service.name),
      environment,
    );
    const service = config.services.find((one) => one.name === name);
    if (!service || absent.has(name)) throw folderAbsent(name, service?.folder);
    return { config, services: [supported(service)] };
  }
  const present = config.services.filter((service) => !absent.has(service.name));
  for (const service of config.services.filter((one) => absent.has(one.name))) {
    out.say(
      out.errorLook.style.yellow(`${service.name} is left out: its folder ${service.folder} does not exist.`),
    );
  }
  const [first] = config.services;
  if (present.length === 0) throw folderAbsent(first?.name ?? 'any service', first?.folder);
  return { config, services: present.map(supported) };
}

function folderAbsent(name: string, folder: string | undefined): MorrowError {
  return new MorrowError(
    'SERVICE_FOLDER_ABSENT',
    `The folder of ${name}${folder ? `, ${folder},` : ''} does not exist.`,
    {
      hint: '`folder` in the configuration says where it is, seen from the configuration.',
    },
  );
}

function supported(service: ResolvedService): ResolvedService {
  if (service.kind !== 'http') {
    throw new MorrowError(
      'NOT_SUPPORTED',
      `${service.name} is a ${service.kind}: so far only http services can be shipped.`,
    );
  }
  if (service.runtime === 'docker') {
    throw new MorrowError(
      'NOT_SUPPORTED',
      `${service.name} asks for a container: so far services run as processes.`,
      {
        hint: "`runtime: 'auto'` or `'process'` ships it.",
      },
    );
  }
  return service;
}
