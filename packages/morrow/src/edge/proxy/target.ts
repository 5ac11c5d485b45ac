import type { EdgeTarget } from '../api.ts';
import { IdlePool } from './idle-pool.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

/** What the proxy knows of one target. */
export class Target {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  healthy = false;
  /** Requests and long-lived connections under way. */
  inFlight = 0;
  /** Monotonic, ms: passed over until then, if another can be had. */
  suspectUntilMs = 0;
  readonly idle = new IdlePool<UpstreamConnection>();

  constructor(target: EdgeTarget) {
    this.id = target.id;
    this.host = target.host;
    this.port = target.port;
  }
}

/**
 * The less busy of two targets drawn at random. Among `healthy`, without those in `tried`, and without suspects
 * unless there are no others; null where none is left.
 */
export function pickTarget(
  healthy: readonly Target[],
  tried: readonly Target[],
  nowMs: number,
  random: () => number,
): Target | null {
  const first = draw(healthy, random);
  if (first === null || (tried.length === 0 && first.suspectUntilMs <= nowMs)) return first;
  const untried = healthy.filter((target) => !tried.includes(target));
  const sound = untried.filter((target) => target.suspectUntilMs <= nowMs);
  return draw(sound.length > 0 ? sound : untried, random);
}

function draw(targets: readonly Target[], random: () => number): Target | null {
  const { length } = targets;
  if (length < 2) return targets[0] ?? null;
  const i = Math.floor(random() * length);
  const other = Math.floor(random() * (length - 1));
  const one = targets[i] as Target;
  const two = targets[other >= i ? other + 1 : other] as Target;
  return two.inFlight < one.inFlight ? two : one;
}
