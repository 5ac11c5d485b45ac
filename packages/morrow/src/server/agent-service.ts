import { randomBytes } from 'node:crypto';
import { hasEnded } from '../engine/advance.ts';
import type { Placement, Rollout } from '../engine/types.ts';
import { MorrowError } from '../errors.ts';
import type { Platform } from '../platform/platform.ts';
import type { Clock } from '../runner/clock.ts';
import type { Controller } from '../runner/controller.ts';
import type { Begun, ServiceLoop } from '../runner/service-loop.ts';
import type { Store } from '../store/store.ts';
import type * as Api from './api.ts';
import { planView, type Revisions, rolloutView, serviceStatus } from './views.ts';

/** Shortest time between two views of a followed rollout, ms. */
const VIEW_MS = 200;
/** Longest wait for the smoke checks of `morrow smoke`, ms. */
const SMOKE_MS = 60_000;

export interface AgentServiceDeps {
  readonly environment: string;
  readonly controller: Controller;
  readonly platform: Platform;
  readonly store: Store;
  readonly clock: Clock;
  readonly startedAtMs: number;
  /** The edge's processes; null where it does not answer or there is none. */
  readonly edge: () => Promise<Api.StatusReport['edge']>;
}

/** What the agent answers: requests in, views out. Decides nothing by itself. */
export class AgentService {
  readonly #deps: AgentServiceDeps;

  constructor(deps: AgentServiceDeps) {
    this.#deps = deps;
  }

  async status(): Promise<Api.StatusReport> {
    const { environment, controller, clock, startedAtMs, edge } = this.#deps;
    const nowMs = clock.now();
    const services = controller.loops.map((loop) => this.#status(loop, nowMs));
    return {
      environment,
      agent: { pid: process.pid, startedAtMs, epoch: controller.epoch },
      edge: await edge(),
      nowMs,
      services: await Promise.all(services),
    };
  }

  async deploy({ revision, dryRun, by }: Api.DeployRequest): Promise<Api.DeployAnswer> {
    const loop = this.#deps.controller.loopFor(revision);
    if (!dryRun) return this.#answer(await loop.deploy(revision, by), revision.service, revision.id);
    const { decision, rollout } = await loop.dryRun(revision);
    const known = await this.#revisions([rollout.stable]);
    const plan = planView(rollout, (id) => (id === revision.id ? revision : known(id)));
    const text =
      decision.type === 'unchanged'
        ? `${revision.id} serves already: nothing would be done.`
        : decision.type === 'start'
          ? `This is what a deploy of ${revision.id} would do.`
          : `A rollout of ${revision.service} is under way; a deploy of ${revision.id} would ${decision.type === 'join' ? 'follow it' : 'wait for it or supersede it'}.`;
    return { decision: 'dry-run', text, rolloutId: null, plan: decision.type === 'unchanged' ? null : plan };
  }

  async command({ service, command, by }: Api.CommandRequest): Promise<Api.CommandAnswer> {
    const rollout = await this.#deps.controller.loop(service).command(command, by);
    return {
      rolloutId: rollout.id,
      phase: rollout.phase,
      text: [`${rollout.id} is ${rollout.phase}`, rollout.reason?.text ?? rollout.waitingFor]
        .filter(Boolean)
        .join(': '),
    };
  }

  async rollback({ service, to, force, by }: Api.RollbackRequest): Promise<Api.DeployAnswer> {
    const loop = this.#deps.controller.loop(service);
    return this.#answer(await loop.rollback(to, force, by), service, to ?? 'the revision before');
  }

  async restart({ service, by }: Api.RestartRequest): Promise<Api.DeployAnswer> {
    return this.#answer(
      await this.#deps.controller.loop(service).restart(by),
      service,
      'the present revision',
    );
  }

  /** Runs checks against what serves now, through the preview route. */
  async smoke({ service, checks }: Api.SmokeRequest): Promise<Api.SmokeAnswer> {
    const { platform, controller, clock } = this.#deps;
    const { stable } = controller.loop(service).snapshot().record;
    if (stable === null)
      throw new MorrowError('UNKNOWN_REVISION', `Nothing of ${service} serves yet.`, {
        hint: '`morrow deploy` ships it.',
      });
    const key = `smoke/${randomBytes(6).toString('hex')}`;
    await platform.probe(service, stable.slot, key, checks, { epoch: controller.epoch });
    const limit = AbortSignal.timeout(SMOKE_MS);
    while (!limit.aborted) {
      const result = (await platform.observe(service)).probes[key];
      if (result?.state === 'succeeded')
        return { ok: true, results: checks.map(({ name }) => ({ name, ok: true, text: 'as expected' })) };
      if (result?.state === 'failed')
        return { ok: false, results: [{ name: 'smoke', ok: false, text: result.text }] };
      await clock.sleep(50, limit);
    }
    return {
      ok: false,
      results: [{ name: 'smoke', ok: false, text: `the checks did not end within ${SMOKE_MS / 1000} s` }],
    };
  }

  async history(service: string | null, limit: number): Promise<readonly Api.RolloutView[]> {
    return Promise.all(
      (await this.#deps.store.history(service, limit)).map((rollout) => this.#view(rollout)),
    );
  }

  /** @param id a rollout's id or an unambiguous beginning of one */
  async rollout(id: string): Promise<Api.RolloutView> {
    return this.#view(await this.#find(id));
  }

  /** The rollout's view now and after each change, until it has ended; one that waits in the queue is followed from there. */
  async watch(id: string, signal: AbortSignal): Promise<AsyncIterable<Api.RolloutView>> {
    const loop = await this.#loopOf(id);
    const first = await this.#find(id);
    return this.#views(first.id, loop, signal);
  }

  async *#views(id: string, loop: ServiceLoop, signal: AbortSignal): AsyncGenerator<Api.RolloutView> {
    const { clock } = this.#deps;
    let alarm = new AbortController();
    const ended = new AbortController();
    const unwatch = loop.watch(() => {
      alarm.abort();
      if (loop.snapshot().last?.id === id) ended.abort();
    });
    try {
      while (!signal.aborted) {
        alarm = new AbortController();
        const rollout = await this.#find(id);
        yield await this.#view(rollout);
        if (hasEnded(rollout)) return;
        await clock.sleep(1000, AbortSignal.any([alarm.signal, ended.signal, signal]));
        // Changes come in bursts; the last of them is what people want to see. The end is shown at once.
        await clock.sleep(VIEW_MS, AbortSignal.any([ended.signal, signal]));
      }
    } finally {
      unwatch();
    }
  }

  async #loopOf(id: string): Promise<ServiceLoop> {
    const { service } = await this.#find(id);
    return this.#deps.controller.loop(service);
  }

  /** A rollout under way, waiting, or from the journal. */
  async #find(id: string): Promise<Rollout> {
    const { controller, store } = this.#deps;
    for (const loop of controller.loops) {
      const { rollout } = loop.snapshot();
      if (rollout?.id === id) return rollout;
      const queued = await loop.queuedRollout();
      if (queued?.id === id) return queued;
    }
    const stored = await store.rollout(id);
    if (stored !== null) return stored;
    const matches = (await store.history(null, 1000)).filter((rollout) => rollout.id.startsWith(id));
    const [only] = matches;
    if (matches.length === 1 && only !== undefined) return only;
    throw new MorrowError(
      'NO_ROLLOUT',
      matches.length === 0 ? `There is no rollout ${id}.` : `${id} fits ${matches.length} rollouts.`,
      {
        hint: '`morrow history` lists them.',
      },
    );
  }

  async #view(rollout: Rollout): Promise<Api.RolloutView> {
    const loop = this.#deps.controller.loops.find((one) => one.service === rollout.service);
    const snapshot = loop?.snapshot() ?? null;
    const present =
      snapshot?.rollout?.id === rollout.id ||
      (snapshot?.rollout === null && snapshot.last?.id === rollout.id);
    return rolloutView(
      rollout,
      present ? snapshot : null,
      await this.#revisions([rollout.stable, rollout.candidate]),
      this.#deps.clock.now(),
    );
  }

  async #status(loop: ServiceLoop, nowMs: number): Promise<Api.ServiceStatus> {
    const snapshot = loop.snapshot();
    const { record, rollout, last } = snapshot;
    return serviceStatus(
      snapshot,
      await this.#revisions([
        record.stable,
        rollout?.stable,
        rollout?.candidate,
        last?.stable,
        last?.candidate,
      ]),
      nowMs,
    );
  }

  /** Looks up just the revisions of these placements: a long history must not slow a view. */
  async #revisions(placements: readonly (Placement | null | undefined)[]): Promise<Revisions> {
    const ids = new Set(placements.map((placement) => placement?.revision).filter((id) => id !== undefined));
    const specs = await Promise.all([...ids].map((id) => this.#deps.store.revision(id)));
    return (id) => specs.find((spec) => spec?.id === id) ?? undefined;
  }

  #answer(begun: Begun, service: string, revision: string): Api.DeployAnswer {
    const { decision, rolloutId, behind } = begun;
    switch (decision) {
      case 'unchanged':
        return {
          decision: 'unchanged',
          text: `${service} serves ${revision} already.`,
          rolloutId: null,
          plan: null,
        };
      case 'join':
        return {
          decision: 'started',
          text: `A rollout of ${service} to that revision is under way: ${rolloutId}.`,
          rolloutId,
          plan: null,
        };
      case 'start':
        return { decision: 'started', text: `The rollout ${rolloutId} has begun.`, rolloutId, plan: null };
      case 'command':
        return { decision: 'command', text: `The rollout ${rolloutId} goes back.`, rolloutId, plan: null };
      case 'queue': {
        const superseded =
          behind !== null &&
          this.#deps.controller.loop(service).snapshot().rollout?.reason?.code === 'superseded';
        const text = superseded
          ? `The rollout ${behind.id} is superseded and goes back first; then ${rolloutId} begins.`
          : `The rollout ${rolloutId} waits until ${behind?.id} has ended.`;
        return { decision: superseded ? 'superseded' : 'queued', text, rolloutId, plan: null };
      }
    }
  }
}
