import { on, type Run } from '../context.ts';
import { chooseEnvironment } from '../where.ts';

/** `morrow config [env] [--json | --schema]`: the configuration as Morrow reads it, defaults filled in. */
export const run: Run = async (context) => {
  const { out, options, pieces, args, env } = context;
  if (on(options, 'schema')) {
    out.raw(`${JSON.stringify(await pieces.configSchema(), null, 2)}\n`);
    return 0;
  }
  const project = await pieces.loadProject(context.cwd);
  // Unlike other verbs this one also reads environments that are not on this machine.
  const named = args[0] ?? (env['MORROW_ENVIRONMENT'] || undefined);
  const config = project.resolve(named ?? chooseEnvironment(context, project, undefined));
  for (const warning of project.warnings) out.say(out.errorLook.style.yellow(`warning: ${warning}`));
  if (out.json) {
    out.document(config);
    return 0;
  }
  for (const service of project.absent(config)) {
    out.say(out.errorLook.style.yellow(`${service.name}: its folder ${service.folder} does not exist.`));
  }
  out.raw(await pieces.yaml(config));
  return 0;
};
