/** Services of one environment that would get each other's requests. */
import { sourceOf } from '../merge.ts';
import type { Mistake } from '../mistakes.ts';
import { environmentsOf, resolveTraffic } from '../resolve.ts';
import { everywhere, type Seen, type Whole } from './check.ts';

/** Two services at one port, host and path; or two addresses for one port. */
export function checkListening(whole: Whole): Mistake[] {
  const seen = everywhere(whole).filter(({ service }) => (service.kind ?? 'http') === 'http');
  return environmentsOf(whole.config).flatMap((environment) => {
    const onAws = whole.config.environments?.[environment]?.platform === 'aws';
    const here = seen.filter((one) => one.environment === environment);
    return here.flatMap((later, index) => {
      return here.slice(0, index).flatMap((earlier) => clash(earlier, later, onAws));
    });
  });
}

function clash(earlier: Seen, later: Seen, onAws: boolean): Mistake[] {
  const a = resolveTraffic(earlier.service).listen;
  const b = resolveTraffic(later.service).listen;
  // A load balancer has one port for all; on a machine each port is a world of its own.
  if (!onAws && a.port !== b.port) return [];
  const path = sourceOf(later.layers, ['listen']);
  const where = `in ${later.environment}`;
  const rivals =
    a.hosts.length === 0 && b.hosts.length === 0 ? [''] : a.hosts.filter((host) => b.hosts.includes(host));
  if (rivals.length > 0 && a.pathPrefix === b.pathPrefix) {
    const host = rivals[0] === '' ? 'every host' : `host ${rivals[0]}`;
    const port = onAws ? '' : `port ${b.port}, `;
    const text = `${earlier.name} and ${later.name} both take ${port}${host} and path ${b.pathPrefix} ${where}; one needs another ${onAws ? 'host or path' : 'port, host or path'}`;
    return [{ path, text }];
  }
  if (onAws || a.address === b.address) return [];
  const text = `${earlier.name} and ${later.name} share port ${b.port} ${where}, so they need the same address; found ${a.address} and ${b.address}`;
  return [{ path, text }];
}
