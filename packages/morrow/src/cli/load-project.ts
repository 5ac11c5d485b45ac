import { absentFolders } from '../config/folders.ts';
import { loadConfig } from '../config/load.ts';
import { formatPath } from '../config/mistakes.ts';
import { environmentsOf, resolveConfig } from '../config/resolve.ts';
import type { Project } from './pieces.ts';

/** The project at or above `cwd`; see {@link loadConfig} for what is thrown. */
export async function loadProject(cwd: string): Promise<Project> {
  const source = await loadConfig(cwd);
  const { config, file, root, warnings } = source;
  return {
    root,
    file,
    environments: environmentsOf(config).map((name) => ({
      name,
      platform: resolveConfig(source, name).platform,
    })),
    services: Object.keys(config.services),
    warnings: warnings.map(({ path, text }) => `${formatPath(path)}: ${text}`),
    resolve: (environment) => resolveConfig(source, environment),
    absent(config) {
      const folders = absentFolders(config).map((absent) => absent.service);
      return config.services.filter((service) => folders.includes(service.name));
    },
  };
}
