import { nameFrom } from '../resolve.ts';
import { detectDocker, dockerfileOf } from './docker.ts';
import { below, type Detected, type Detector, type FolderFacts } from './facts.ts';
import { detectNode } from './node.ts';
import { detectGo, detectProcfile, detectStatic } from './others.ts';
import { detectPython } from './python.ts';

/** A service that can be configured. */
export interface Proposal {
  readonly name: string;
  /** Seen from the configuration; null: its own. */
  readonly folder: string | null;
  readonly build: string | null;
  readonly start: string;
  readonly port: number;
  /** Null: as the default. */
  readonly health: string | null;
  readonly ignore: readonly string[];
  /** What a person should know, one sentence each. */
  readonly notes: readonly string[];
}

/** The surest first: somebody's own words before guesses, programs before files. */
const DETECTORS: readonly Detector[] = [
  detectNode,
  detectPython,
  detectGo,
  detectProcfile,
  detectDocker,
  detectStatic,
];

/** Folders that hold several services, each in a folder of its own. */
const GROUPS = ['', 'app/', 'apps/', 'services/', 'packages/'];

/** The services of a folder: the one that it is, else those in the folders below; none where nothing is known. */
export function detectServices(facts: FolderFacts): Proposal[] {
  const own = proposalOf(facts, null);
  if (own !== null) return [own];
  const folders = new Set(
    facts.files.flatMap((file) =>
      GROUPS.flatMap((group) => new RegExp(`^(${group}[^/]+)/`).exec(file)?.[1] ?? []),
    ),
  );
  const found = [...folders].toSorted().flatMap((folder) => proposalOf(below(facts, folder), folder) ?? []);
  return distinct(found);
}

function proposalOf(facts: FolderFacts, folder: string | null): Proposal | null {
  const detectors = folder === null ? DETECTORS : DETECTORS.filter((one) => one !== detectStatic);
  for (const detector of detectors) {
    const detected = detector(facts);
    if (detected !== null) return propose(facts, detected, folder);
  }
  return null;
}

function propose(facts: FolderFacts, detected: Detected, folder: string | null): Proposal {
  const { health, note } = healthOf(facts);
  const listens = detected.listensOnPort === true || mentionsPort(facts);
  return {
    name: nameOf(facts),
    folder,
    build: detected.build ?? null,
    start: detected.start,
    port: portOf(facts, detected),
    health,
    ignore: detected.ignore ?? [],
    notes: [
      `${nameOf(facts)}: \`${detected.start}\`, from ${detected.from}.`,
      ...(detected.notes ?? []),
      ...(listens
        ? []
        : [`${nameOf(facts)} must listen on the port in the variable PORT; no file of it mentions that.`]),
      ...(note === null ? [] : [note]),
    ],
  };
}

function nameOf({ name, texts }: FolderFacts): string {
  const named = /"name"\s*:\s*"(?:@[^/"]+\/)?([^"]+)"/.exec(texts.get('package.json') ?? '')?.[1];
  return nameFrom(named ?? name, 'web', 24);
}

const SOURCE = /\.(m?[jt]sx?|cjs|py|go)$/;

function sourcesOf({ texts }: FolderFacts): string[] {
  return [...texts].filter(([file]) => SOURCE.test(file)).map(([, text]) => text);
}

function mentionsPort(facts: FolderFacts): boolean {
  return sourcesOf(facts).some((text) => /\bPORT\b/.test(text));
}

/** Where people are used to find it: Docker's port, else one that the sources fall back on. */
function portOf(facts: FolderFacts, { port }: Detected): number {
  const written = sourcesOf(facts).flatMap((text) => [
    ...text.matchAll(/\bPORT\b['"\]),\s]*(?:\|\||\?\?|or|,)\s*(?:Number\(|int\()?['"]?(\d{2,5})\b/g),
    ...text.matchAll(/\b(?:listen|run)\(\s*(?:port\s*=\s*)?(\d{2,5})\b/g),
  ]);
  const found = [port, dockerfileOf(facts)?.port, ...written.map(([, digits]) => Number(digits))];
  // Below 1024 only root may listen.
  return found.find((one) => one != null && one >= 1024 && one <= 65_535) ?? 8080;
}

function healthOf(facts: FolderFacts): { health: string | null; note: string | null } {
  const sources = sourcesOf(facts);
  const mentions = (path: string) => sources.some((text) => new RegExp(`['"\`]${path}['"\`/?]`).test(text));
  if (mentions('/health') && mentions('/health/live')) return { health: null, note: null };
  for (const path of ['/health', '/healthz', '/api/health', '/ready', '/readyz', '/up', '/ping']) {
    if (mentions(path)) return { health: path, note: null };
  }
  return {
    health: '/',
    note: `${nameOf(facts)} counts as healthy when / answers 2xx; a path of its own, such as /health, would say more.`,
  };
}

/** Services may not share a name or a port. */
function distinct(proposals: readonly Proposal[]): Proposal[] {
  const names = new Set<string>();
  const ports = new Set<number>();
  return proposals.map((proposal) => {
    let { name, port } = proposal;
    for (let n = 2; names.has(name); n += 1) name = `${proposal.name.slice(0, 20)}-${n}`;
    while (ports.has(port)) port += 1;
    names.add(name);
    ports.add(port);
    return { ...proposal, name, port };
  });
}
