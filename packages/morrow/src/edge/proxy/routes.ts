import type { EdgeListen } from '../api.ts';

/** Something that can be reached under an {@link EdgeListen}. */
export interface Routed {
  readonly name: string;
  readonly listen: EdgeListen;
}

interface Route<Service> {
  readonly service: Service;
  readonly hosts: ReadonlySet<string>;
  /** `.example.org` for `*.example.org`. */
  readonly suffixes: readonly string[];
  /** Without a slash at the end; `` for `/`. */
  readonly prefix: string;
}

/** How exactly a route's hosts name the host; 0: not at all. */
function hostRank(route: Route<unknown>, host: string): 0 | 1 | 2 | 3 {
  if (route.hosts.has(host)) return 3;
  for (const suffix of route.suffixes) {
    const label = host.length - suffix.length;
    if (label > 0 && host.endsWith(suffix) && host.lastIndexOf('.', label - 1) < 0) return 2;
  }
  return route.hosts.size === 0 && route.suffixes.length === 0 ? 1 : 0;
}

/** Whether the prefix ends at a segment of the path: `/api` is one of `/api`, `/api/x` and `/api?x`, not of `/apix`. */
function hasPrefix(target: string, prefix: string): boolean {
  if (prefix === '') return true;
  if (!target.startsWith(prefix)) return false;
  const next = target.charCodeAt(prefix.length);
  return Number.isNaN(next) || next === 0x2f || next === 0x3f;
}

/** Host name for routing: lower case, without port and without a dot at its end. */
export function routingHost(host: string): string {
  const end = host.startsWith('[') ? host.indexOf(']') + 1 : host.indexOf(':');
  const name = (end > 0 ? host.substring(0, end) : host).toLowerCase();
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

/**
 * Which service a request is for: by port, then the longest path prefix among those whose host matches;
 * of equally long ones an exact host goes before a wildcard, and that before none.
 */
export class RouteTable<Service extends Routed> {
  readonly #byPort = new Map<number, Route<Service>[]>();
  /** Ports with one service for every host and path, which is the common case. */
  readonly #only = new Map<number, Service>();

  constructor(services: Iterable<Service>) {
    for (const service of services) {
      const { port, hosts, pathPrefix } = service.listen;
      const route = {
        service,
        hosts: new Set(hosts.filter((host) => !host.startsWith('*.')).map(routingHost)),
        suffixes: hosts.filter((host) => host.startsWith('*.')).map((host) => routingHost(host.slice(1))),
        prefix: pathPrefix.replace(/\/+$/, ''),
      };
      this.#byPort.set(port, [...(this.#byPort.get(port) ?? []), route]);
    }
    for (const [port, routes] of this.#byPort) {
      const [route] = routes;
      const anyHost = route !== undefined && hostRank(route, '') === 1;
      if (routes.length === 1 && anyHost && route.prefix === '') this.#only.set(port, route.service);
    }
  }

  /**
   * @param host value of the Host field, or null
   * @param target request target
   * @returns null where no service is meant
   */
  find(port: number, host: string | null, target: string): Service | null {
    return this.#only.get(port) ?? best(this.#byPort.get(port) ?? [], host, target);
  }

  /** The same over all ports: for the preview listener. */
  findOnAnyPort(host: string | null, target: string): Service | null {
    return best([...this.#byPort.values()].flat(), host, target);
  }
}

function best<Service>(
  routes: readonly Route<Service>[],
  host: string | null,
  target: string,
): Service | null {
  const name = host === null ? '' : routingHost(host);
  let found: Route<Service> | null = null;
  let foundRank = 0;
  for (const route of routes) {
    const rank = hostRank(route, name);
    if (rank === 0 || !hasPrefix(target, route.prefix)) continue;
    const longer = found === null || route.prefix.length > found.prefix.length;
    const asLong = found !== null && route.prefix.length === found.prefix.length;
    if (longer || (asLong && rank > foundRank)) {
      found = route;
      foundRank = rank;
    }
  }
  return found?.service ?? null;
}
