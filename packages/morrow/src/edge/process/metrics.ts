/** Prometheus' text format (0.0.4) of what the edge has counted since its start. */
import { SLOTS } from '../../engine/slot.ts';
import type { EdgeService, EdgeSlotCounts, EdgeState, LatencyCounts } from '../api.ts';
import { countAbove, lowerBoundUs, totalCount, upperBoundUs } from '../histogram.ts';
import { addCounts, noCounts } from './counts.ts';
import type { Interval } from './cuts.ts';

/** Upper bounds of the latency histogram, seconds. */
const LE_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;
const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;
/** Counters of a revision that has left its slot are shown this much longer. */
const KEPT_MS = 15 * 60_000;

type Labels = Readonly<Record<string, string | number>>;

interface Total {
  readonly service: string;
  readonly slot: string;
  counts: EdgeSlotCounts;
  /** Sum of the latencies, seconds; each taken as the middle of its histogram bucket. */
  seconds: number;
  lastHeldMs: number;
}

/** Sums up the intervals. */
export class Metrics {
  readonly #totals = new Map<string, Total>();
  readonly #refused = new Map<string, number>();

  add({ services, answers, toMs }: Interval): void {
    for (const service of services) {
      for (const slot of SLOTS) {
        const revision = service.slots[slot]?.revision;
        if (revision !== undefined) this.#total(service.name, slot, revision).lastHeldMs = toMs;
      }
    }
    for (const { counts } of answers) {
      for (const part of counts.slots) {
        const total = this.#total(part.service, part.slot, part.counts.revision);
        total.counts = addCounts(total.counts, { ...part.counts, waiting: [] });
        total.seconds += secondsOf(part.counts.latency);
        total.lastHeldMs = Math.max(total.lastHeldMs, toMs);
      }
      for (const [code, times] of Object.entries(counts.refused))
        this.#refused.set(code, (this.#refused.get(code) ?? 0) + times);
    }
    for (const [key, total] of this.#totals) if (total.lastHeldMs < toMs - KEPT_MS) this.#totals.delete(key);
  }

  text(state: EdgeState): string {
    const totals = [...this.#totals.values()];
    const counter = (name: string, help: string, of: (counts: EdgeSlotCounts) => number) =>
      family(
        name,
        'counter',
        help,
        totals.map((total) => [labelsOf(total), of(total.counts)] as const),
      );
    return [
      family(
        'morrow_edge_requests_total',
        'counter',
        'Requests ended, by class of the status.',
        totals.flatMap(byClass),
      ),
      counter(
        'morrow_edge_errors_total',
        'Errors of the revision: 5xx, resets and timeouts.',
        (c) => c.errors,
      ),
      counter('morrow_edge_resets_total', 'Answers that the target broke off.', (c) => c.resets),
      counter('morrow_edge_timeouts_total', 'Answers that did not come in time.', (c) => c.timeouts),
      counter('morrow_edge_client_aborts_total', 'Requests that the client gave up.', (c) => c.clientAborts),
      counter('morrow_edge_retries_total', 'Attempts on a further target.', (c) => c.retries),
      counter('morrow_edge_received_bytes_total', 'Bytes of requests from clients.', (c) => c.bytesIn),
      counter('morrow_edge_sent_bytes_total', 'Bytes of answers to clients.', (c) => c.bytesOut),
      histogram(totals),
      family(
        'morrow_edge_refused_total',
        'counter',
        'Requests that reached no revision, by code of the answer.',
        [...this.#refused].map(([code, times]) => [{ code }, times] as const),
      ),
      gauges(state),
    ].join('');
  }

  #total(service: string, slot: string, revision: string): Total {
    const key = JSON.stringify([service, slot, revision]);
    const known = this.#totals.get(key);
    if (known) return known;
    const made = { service, slot, counts: noCounts(revision), seconds: 0, lastHeldMs: 0 };
    this.#totals.set(key, made);
    return made;
  }
}

const labelsOf = ({ service, slot, counts }: Total): Labels => ({ service, slot, revision: counts.revision });

function byClass(total: Total): (readonly [Labels, number])[] {
  const answered = total.counts.status.reduce((sum, count) => sum + count, 0);
  const rows = CLASSES.map(
    (name, at) => [{ ...labelsOf(total), class: name }, total.counts.status[at] ?? 0] as const,
  );
  return [...rows, [{ ...labelsOf(total), class: 'none' }, Math.max(0, total.counts.requests - answered)]];
}

function histogram(totals: readonly Total[]): string {
  const name = 'morrow_edge_request_duration_seconds';
  const lines = totals.flatMap((total) => {
    const { latency } = total.counts;
    const all = totalCount(latency);
    return [
      ...LE_SECONDS.map((le) =>
        sample(`${name}_bucket`, { ...labelsOf(total), le }, all - countAbove(latency, le * 1e6)),
      ),
      sample(`${name}_bucket`, { ...labelsOf(total), le: '+Inf' }, all),
      sample(`${name}_sum`, labelsOf(total), total.seconds),
      sample(`${name}_count`, labelsOf(total), all),
    ];
  });
  return (
    head(name, 'histogram', 'From the head of a request to the last byte of its answer.') + lines.join('')
  );
}

function gauges(state: EdgeState): string {
  const perSlot = (of: (service: EdgeState['services'][number], slot: 'blue' | 'green') => number) =>
    state.services.flatMap((service) =>
      SLOTS.filter((slot) => service.service.slots[slot]).map(
        (slot) => [slotLabels(service.service, slot), of(service, slot)] as const,
      ),
    );
  const healthy = perSlot(
    (service, slot) => service.targets.filter((t) => t.slot === slot && t.health === 'healthy').length,
  );
  return [
    family(
      'morrow_edge_in_flight',
      'gauge',
      'Requests and long-lived connections under way.',
      perSlot((s, slot) => s.inFlight[slot]),
    ),
    family(
      'morrow_edge_targets',
      'gauge',
      'Targets of a slot.',
      perSlot((s, slot) => s.service.slots[slot]?.targets.length ?? 0),
    ),
    family('morrow_edge_healthy_targets', 'gauge', 'Healthy targets of a slot.', healthy),
    family(
      'morrow_edge_weight_percent',
      'gauge',
      'Share of the traffic, per cent.',
      perSlot((s, slot) => s.service.weights?.[slot] ?? 0),
    ),
    family(
      'morrow_edge_listening',
      'gauge',
      'Whether the port of a service could be opened.',
      state.services.map((s) => [{ service: s.service.name }, s.listenProblem ? 0 : 1] as const),
    ),
    family('morrow_edge_workers', 'gauge', 'Worker processes that serve.', [[{}, state.workers.length]]),
    family('morrow_edge_epoch', 'gauge', 'Highest epoch of a controller seen.', [[{}, state.epoch]]),
    family('morrow_edge_generation', 'counter', 'Changes of what is served.', [[{}, state.generation]]),
    family(
      'morrow_edge_failsafes_total',
      'counter',
      'Times the edge gave traffic back to stable by itself.',
      [[{}, state.failsafes.length]],
    ),
    family('morrow_edge_start_time_seconds', 'gauge', 'Start of the edge, seconds since 1970.', [
      [{}, state.startedAtMs / 1000],
    ]),
  ].join('');
}

const slotLabels = (service: EdgeService, slot: 'blue' | 'green'): Labels => ({
  service: service.name,
  slot,
  revision: service.slots[slot]?.revision ?? '',
});

const secondsOf = (latency: LatencyCounts): number => {
  let us = 0;
  for (const [bucket, count] of latency) us += count * ((lowerBoundUs(bucket) + upperBoundUs(bucket)) / 2);
  return us / 1e6;
};

const head = (name: string, type: string, help: string): string =>
  `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;

function family(
  name: string,
  type: string,
  help: string,
  samples: readonly (readonly [Labels, number])[],
): string {
  return head(name, type, help) + samples.map(([labels, value]) => sample(name, labels, value)).join('');
}

function sample(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(String(text))}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`;
}

const escapeLabel = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
