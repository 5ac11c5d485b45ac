import type { Run } from './context.ts';

/** The code behind each verb, loaded only when it is called. */
const LOADERS: Readonly<Record<string, () => Promise<{ readonly run: Run }>>> = {
  deploy: () => import('./commands/deploy.ts'),
  plan: () => import('./commands/plan.ts'),
  rollback: () => import('./commands/rollback.ts'),
  restart: () => import('./commands/restart.ts'),
  status: () => import('./commands/status.ts'),
  watch: () => import('./commands/watch.ts'),
  history: () => import('./commands/history.ts'),
  'history show': () => import('./commands/history-show.ts'),
  logs: () => import('./commands/logs.ts'),
  health: () => import('./commands/health.ts'),
  smoke: () => import('./commands/smoke.ts'),
  pause: () => import('./commands/pause.ts'),
  resume: () => import('./commands/resume.ts'),
  promote: () => import('./commands/promote.ts'),
  abort: () => import('./commands/abort.ts'),
  up: () => import('./commands/up.ts'),
  down: () => import('./commands/down.ts'),
  'agent logs': () => import('./commands/agent-logs.ts'),
  doctor: () => import('./commands/doctor.ts'),
  init: () => import('./commands/init.ts'),
  config: () => import('./commands/config.ts'),
  completion: () => import('./commands/completion.ts'),
};

/** The function behind a verb of the table. */
export async function loadCommand(name: string): Promise<Run> {
  const load = LOADERS[name];
  if (!load) throw new Error(`no code for the verb ${name}`);
  return (await load()).run;
}
