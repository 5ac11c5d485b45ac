/**
 * Finds the targets that live and do not serve. The edge takes an unhealthy target out of rotation; here it is
 * replaced, once it is sure that the process itself is at fault: what a target cannot help (its database is down)
 * must not have it restarted, so its live check alone decides.
 */
import { get } from 'node:http';
import type { EdgeHealth, EdgeState, EdgeTargetState } from '../../edge/api.ts';
import { SLOTS } from '../../engine/slot.ts';
import type { LocalContext } from './context.ts';
import { shownIn } from './edge-service.ts';
import type { SlotState } from './service-state.ts';
import { recordsIn } from './slot-plan.ts';
import { condemn } from './stopping.ts';
import { isServing, type TargetRecord, targetsOf } from './targets.ts';
import { hungWords, neverHealthyWords } from './words.ts';

/** How long a target may fail its live check before it is replaced, ms. */
export const HUNG_MS = 10_000;

/** How often an unhealthy target is asked whether it lives, ms. */
const ASK_MS = 1000;

interface Doubt {
  /** Since when it has not answered its live check; null: it did, the last time. */
  failingSinceMs: number | null;
  askedAtMs: number;
  asking: boolean;
}

/** The targets under doubt; kept in memory, since a new controller may well ask again from the beginning. */
export class HealthWatch {
  readonly #context: LocalContext;
  readonly #hungMs: number;
  readonly #doubts = new Map<string, Doubt>();

  constructor(context: LocalContext, hungMs = HUNG_MS) {
    this.#context = context;
    this.#hungMs = hungMs;
  }

  /** Takes note of what the edge sees, and has the targets replaced that hang or never became healthy. */
  look(service: string, edge: EdgeState): void {
    const states = new Map((shownIn(edge, service)?.targets ?? []).map((one) => [one.id, one]));
    const { slots } = this.#context.states.read(service);
    const records = targetsOf(this.#context.layout, service).list();
    for (const slot of SLOTS) {
      const held = slots[slot];
      if (held === null) continue;
      for (const record of recordsIn(records, slot, held.revision.id).filter(isServing)) {
        const state = states.get(record.id);
        if (state !== undefined) this.#judge(record, state, held);
      }
    }
    const present = new Set(records.filter(isServing).map(({ id }) => id));
    for (const [id] of this.#doubts)
      if (!present.has(id) && id.startsWith(`${service}-`)) this.#doubts.delete(id);
  }

  #judge(record: TargetRecord, state: EdgeTargetState, held: SlotState): void {
    const { settings } = held.revision;
    const now = this.#context.now();
    if (state.health === 'healthy') {
      this.#doubts.delete(record.id);
      if (record.healthyAtMs !== null) return;
      targetsOf(this.#context.layout, record.service).write({ ...record, healthyAtMs: now });
      this.#context.changed(record.service);
      return;
    }
    if (record.healthyAtMs === null) {
      if (now - record.createdAtMs < settings.startTimeoutMs) return;
      condemn(
        this.#context,
        record,
        neverHealthyWords(settings.startTimeoutMs, state.problem),
        settings.stopGraceMs,
      );
      return;
    }
    const doubt = this.#doubts.get(record.id) ?? { failingSinceMs: null, askedAtMs: 0, asking: false };
    this.#doubts.set(record.id, doubt);
    if (doubt.failingSinceMs !== null && now - doubt.failingSinceMs >= this.#hungMs) {
      condemn(this.#context, record, hungWords(settings.health.livePath, this.#hungMs), settings.stopGraceMs);
    } else if (!doubt.asking && now - doubt.askedAtMs >= ASK_MS) {
      void this.#ask(record, settings.health, doubt);
    }
  }

  async #ask(record: TargetRecord, health: EdgeHealth, doubt: Doubt): Promise<void> {
    doubt.asking = true;
    doubt.askedAtMs = this.#context.now();
    const answers = await isLive(record, health);
    doubt.asking = false;
    if (answers) doubt.failingSinceMs = null;
    else doubt.failingSinceMs ??= doubt.askedAtMs;
  }
}

/** Whether the target answers its live check with success. */
function isLive({ host, port }: TargetRecord, { livePath, timeoutMs }: EdgeHealth): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = get({ host, port, path: livePath, agent: false }, (answer) => {
      answer.resume();
      const status = answer.statusCode ?? 0;
      resolve(status >= 200 && status < 400);
      asked.destroy();
    });
    const timer = setTimeout(() => asked.destroy(), timeoutMs);
    asked.on('error', () => resolve(false));
    asked.on('close', () => {
      clearTimeout(timer);
      resolve(false);
    });
  });
}
