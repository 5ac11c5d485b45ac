import type { Run } from '../context.ts';
import { planServices } from '../plan-services.ts';

/** `morrow plan [env] [service]`: what `deploy` would do; changes nothing. */
export const run: Run = planServices;
