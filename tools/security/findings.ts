/** The part of package-lock.json that matters here. */
export interface Lockfile {
  readonly packages: Readonly<
    Record<
      string,
      { version?: string; integrity?: string; resolved?: string; link?: boolean; hasInstallScript?: boolean }
    >
  >;
}

/** Install scripts that were read and may run; none of them is needed, they only save time. */
const AGREED_SCRIPTS = new Set(['@swc/core', 'fsevents']);

/** What is wrong with a lockfile by itself, a sentence for each. */
export function lockfileProblems(lockfile: Lockfile): string[] {
  const problems: string[] = [];
  for (const [path, entry] of Object.entries(lockfile.packages)) {
    const name = path.split('node_modules/').at(-1) ?? '';
    if (!path.includes('node_modules/') || entry.link) continue;
    if (!entry.integrity) problems.push(`${name} is not pinned by a hash.`);
    if (entry.resolved) problems.push(`${name} names the address that it was downloaded from.`);
    if (entry.hasInstallScript && !AGREED_SCRIPTS.has(name)) {
      problems.push(`${name} runs a script when it is installed; read it, then add it to the agreed ones.`);
    }
  }
  return problems;
}

export type Vulnerabilities =
  | { readonly state: 'known'; readonly lines: readonly string[]; readonly serious: boolean }
  | { readonly state: 'unknown'; readonly reason: string };

interface AuditReport {
  readonly message?: string;
  readonly vulnerabilities?: Readonly<
    Record<string, { name: string; severity: string; range: string; fixAvailable: unknown }>
  >;
}

/**
 * Reads what `npm audit --json` printed. From `high` on a vulnerability is serious.
 * A registry without an audit service, or no answer at all, is `unknown`, never "none".
 */
export function vulnerabilities(output: string): Vulnerabilities {
  let report: AuditReport;
  try {
    report = JSON.parse(output) as AuditReport;
  } catch {
    return { state: 'unknown', reason: 'npm gave no answer that can be read' };
  }
  if (!report.vulnerabilities) {
    const refused = /^40[45] /.test(report.message ?? '');
    return {
      state: 'unknown',
      reason: refused ? 'the package registry has no audit service' : 'the package registry did not answer',
    };
  }
  const all = Object.values(report.vulnerabilities);
  return {
    state: 'known',
    lines: all.map(
      (one) => `${one.severity}: ${one.name} ${one.range}${one.fixAvailable ? ' (npm audit fix)' : ''}`,
    ),
    serious: all.some((one) => one.severity === 'high' || one.severity === 'critical'),
  };
}
