/** What an order is made of. */
export interface Ordered {
  readonly name: string;
  readonly dependsOn: readonly string[];
}

/**
 * The services in the order in which they are deployed: each after those that it depends on, otherwise as given.
 * Names that are not among them are ignored, and so is what closes a cycle: {@link cycleIn} finds those.
 */
export function deploymentOrder<T extends Ordered>(services: readonly T[]): T[] {
  const byName = new Map(services.map((service) => [service.name, service]));
  const ordered = new Set<T>();
  const visiting = new Set<T>();
  const visit = (service: T): void => {
    if (ordered.has(service) || visiting.has(service)) return;
    visiting.add(service);
    for (const name of service.dependsOn) {
      const dependency = byName.get(name);
      if (dependency !== undefined) visit(dependency);
    }
    ordered.add(service);
  };
  for (const service of services) visit(service);
  return [...ordered];
}

/** Names of services that depend on each other in a circle, the first one again at the end; null: there is no circle. */
export function cycleIn(services: readonly Ordered[]): string[] | null {
  const byName = new Map(services.map((service) => [service.name, service]));
  const done = new Set<string>();
  const visit = (name: string, trail: readonly string[]): string[] | null => {
    const begin = trail.indexOf(name);
    if (begin !== -1) return [...trail.slice(begin), name];
    if (done.has(name)) return null;
    for (const dependency of byName.get(name)?.dependsOn ?? []) {
      const cycle = byName.has(dependency) ? visit(dependency, [...trail, name]) : null;
      if (cycle !== null) return cycle;
    }
    done.add(name);
    return null;
  };
  for (const { name } of services) {
    const cycle = visit(name, []);
    if (cycle !== null) return cycle;
  }
  return null;
}
