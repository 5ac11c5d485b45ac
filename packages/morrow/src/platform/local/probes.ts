/** Checks of a revision through the edge's preview listener, which reaches it whatever its weight. */
import { request } from 'node:http';
import type { EdgeListen } from '../../edge/api.ts';
import type { Check, CheckResult, TaskView } from '../../engine/types.ts';

/** How much of an answer is read to look for a text, bytes. */
const BODY_BYTES = 1024 * 1024;

/** Probes whose results are remembered. */
const KEPT = 200;

export interface ProbeRequest {
  readonly service: string;
  readonly revision: string;
  readonly listen: EdgeListen;
  readonly previewPort: number;
  readonly checks: readonly Check[];
}

/**
 * The probes of this controller, by key. They are kept in memory: one that is lost with the controller is asked for
 * again, and asking twice does no harm.
 */
export class Probes {
  readonly #views = new Map<string, { service: string; view: TaskView }>();

  has(key: string): boolean {
    return this.#views.has(key);
  }

  /** Begins a probe; `lastLines` is asked for once it has failed, `done` called when it has ended. */
  begin(key: string, probe: ProbeRequest, lastLines: () => readonly string[], done: () => void): void {
    const { service } = probe;
    const oldest = this.#views.keys().next().value;
    if (oldest !== undefined && this.#views.size >= KEPT) this.#views.delete(oldest);
    this.#views.set(key, { service, view: { state: 'running' } });
    void this.#run(probe).then((results) => {
      const failed = results.filter(({ ok }) => !ok);
      const text = failed.map(({ name, text }) => `${name}: ${text}`).join('; ');
      const view: TaskView =
        failed.length === 0 ? { state: 'succeeded' } : { state: 'failed', text, lastLines: lastLines() };
      this.#views.set(key, { service, view });
      done();
    });
  }

  views(service: string): Readonly<Record<string, TaskView>> {
    const mine = [...this.#views].filter(([, probe]) => probe.service === service);
    return Object.fromEntries(mine.map(([key, { view }]) => [key, view]));
  }

  async #run(probe: ProbeRequest): Promise<readonly CheckResult[]> {
    const results: CheckResult[] = [];
    // One after the other: a smoke test may build on what the one before it did.
    for (const check of probe.checks) results.push(await runCheck(probe, check));
    return results;
  }
}

/** Sends one check and compares the answer with what it expects. Never rejects: a failure is a result. */
export function runCheck(probe: ProbeRequest, check: Check): Promise<CheckResult> {
  const { name, expect } = check;
  const { promise, resolve } = Promise.withResolvers<CheckResult>();
  const fail = (text: string): void => resolve({ name, ok: false, text });
  const host = probe.listen.hosts.find((known) => !known.startsWith('*')) ?? 'localhost';
  const asked = request(
    {
      host: '127.0.0.1',
      port: probe.previewPort,
      method: check.method,
      path: check.path,
      agent: false,
      headers: {
        host,
        ...check.headers,
        ...(check.body === null ? {} : { 'content-length': Buffer.byteLength(check.body) }),
        'x-morrow-revision': probe.revision,
        'x-morrow-service': probe.service,
      },
    },
    (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (text: string) => {
        if (body.length < BODY_BYTES) body += text;
      });
      answer.on('end', () => resolve(judge(check, answer.statusCode ?? 0, body)));
      answer.on('error', (error) => fail(`the answer broke off (${error.message})`));
    },
  );
  const timer = setTimeout(() => {
    fail(`no answer within ${expect.withinMs} ms`);
    asked.destroy();
  }, expect.withinMs);
  asked.on('error', (error) => fail(`no answer (${error.message})`));
  asked.end(check.body ?? undefined);
  return promise.finally(() => clearTimeout(timer));
}

function judge({ name, method, path, expect }: Check, status: number, body: string): CheckResult {
  const answered = `${method} ${path} answered ${status}`;
  const right = expect.status.length === 0 ? status >= 200 && status < 300 : expect.status.includes(status);
  if (!right) {
    const wanted = expect.status.length === 0 ? 'a status from 200 to 299' : expect.status.join(' or ');
    return { name, ok: false, text: `${answered}, expected ${wanted}` };
  }
  if (expect.bodyIncludes !== null && !body.includes(expect.bodyIncludes)) {
    return {
      name,
      ok: false,
      text: `${answered}, but without the text ${JSON.stringify(expect.bodyIncludes)}`,
    };
  }
  return { name, ok: true, text: answered };
}
