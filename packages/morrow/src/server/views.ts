import { describePlan } from '../engine/describe-plan.ts';
import { exitCodeOf } from '../engine/exit-code.ts';
import { otherSlot, type Slot } from '../engine/slot.ts';
import type { Observation, Rollout } from '../engine/types.ts';
import type { RevisionSpec } from '../platform/platform.ts';
import { sideLive } from '../runner/live.ts';
import type { ServiceSnapshot } from '../runner/service-state.ts';
import type { PlanView, RevisionView, RolloutView, ServiceStatus, SideView } from './api.ts';

/** Looks up a revision by its id; undefined where the journal has forgotten it. */
export type Revisions = (id: string) => RevisionSpec | undefined;

function revisionView(id: string, revisions: Revisions): RevisionView {
  const spec = revisions(id);
  return { id, artifact: spec?.artifact ?? '', createdAtMs: spec?.createdAtMs ?? 0 };
}

interface SideContext {
  readonly observation: Observation | null;
  readonly snapshot: ServiceSnapshot | null;
  readonly revisions: Revisions;
  readonly nowMs: number;
}

function sideView(slot: Slot, revision: string, context: SideContext): SideView {
  const seen = context.observation?.slots[slot];
  const shown = seen?.revision === revision ? seen : undefined;
  return {
    slot,
    revision: revisionView(revision, context.revisions),
    weightPct: shown === undefined ? 0 : (context.observation?.weights?.[slot] ?? 0),
    wanted: shown?.wanted ?? 0,
    running: shown?.running ?? 0,
    healthy: shown?.healthy ?? 0,
    exits: shown?.exits ?? [],
    live: context.snapshot === null ? null : sideLive(context.snapshot.tally, slot, context.nowMs),
  };
}

/**
 * A rollout as people see it.
 * @param snapshot the service's present state when the rollout is the one under way or has just ended; else null
 */
export function rolloutView(
  rollout: Rollout,
  snapshot: ServiceSnapshot | null,
  revisions: Revisions,
  nowMs: number,
): RolloutView {
  const context: SideContext = { observation: snapshot?.observation ?? null, snapshot, revisions, nowMs };
  const { stable, candidate, settings } = rollout;
  return {
    id: rollout.id,
    service: rollout.service,
    environment: rollout.environment,
    createdAtMs: rollout.createdAtMs,
    nowMs,
    phase: rollout.phase,
    phaseSinceMs: rollout.phaseSinceMs,
    step: rollout.step,
    steps: settings.steps,
    waitingFor: rollout.waitingFor,
    reason: rollout.reason,
    weights: context.observation?.weights ?? rollout.weights,
    stable: stable === null ? null : sideView(stable.slot, stable.revision, context),
    candidate: sideView(candidate.slot, candidate.revision, context),
    outcome: rollout.outcome,
    queued: snapshot?.record.queued?.rolloutId ?? null,
    exitCode: exitCodeOf(rollout),
  };
}

/** What `status` says of a service. */
export function serviceStatus(snapshot: ServiceSnapshot, revisions: Revisions, nowMs: number): ServiceStatus {
  const { record, rollout, last, observation } = snapshot;
  const { stable } = record;
  const context: SideContext = {
    observation,
    snapshot: rollout === null ? null : snapshot,
    revisions,
    nowMs,
  };
  const known = revisions(stable?.revision ?? rollout?.candidate.revision ?? last?.candidate.revision ?? '');
  return {
    service: record.service,
    kind: known?.settings.kind ?? 'http',
    url: known === undefined ? null : urlOf(known),
    serving: stable === null ? null : sideView(stable.slot, stable.revision, context),
    rollout: rollout === null ? null : rolloutView(rollout, snapshot, revisions, nowMs),
    last: last === null ? null : rolloutView(last, null, revisions, nowMs),
    problems: problemsOf(snapshot, known),
  };
}

function problemsOf(
  { record, rollout, observation, problems }: ServiceSnapshot,
  known: RevisionSpec | undefined,
): readonly string[] {
  const all = [...problems];
  const { stable } = record;
  if (observation !== null && stable !== null && rollout === null) {
    const side = observation.slots[stable.slot];
    const count = known?.settings.rollout.count ?? 0;
    if (side.healthy < count) {
      const why = side.problem?.text ?? side.unhealthyReason;
      all.push(`${side.healthy} of ${count} targets are healthy${why === null ? '' : `: ${why}`}`);
    }
    const other = observation.slots[otherSlot(stable.slot)];
    if (other.draining) all.push(`the earlier revision ${other.revision ?? ''} is draining`);
  }
  return all;
}

function urlOf(spec: RevisionSpec): string | null {
  if (spec.settings.kind !== 'http') return null;
  const { address, port, hosts, pathPrefix } = spec.settings.listen;
  const host = hosts[0] ?? (['0.0.0.0', '::'].includes(address) ? 'localhost' : address);
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}${pathPrefix}`;
}

/** The plan of a rollout that would start, in data and in words. */
export function planView(rollout: Rollout, revisions: Revisions): PlanView {
  const described = describePlan(rollout);
  return {
    service: rollout.service,
    environment: rollout.environment,
    from: rollout.stable === null ? null : revisionView(rollout.stable.revision, revisions),
    to: revisionView(rollout.candidate.revision, revisions),
    candidateSlot: rollout.candidate.slot,
    steps: rollout.settings.steps,
    lines: described.lines,
    leastMs: described.leastMs,
  };
}
