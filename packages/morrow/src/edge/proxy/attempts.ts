import type { ProxyContext } from './context.ts';
import type { SlotState } from './slot-state.ts';
import { pickTarget, type Target } from './target.ts';
import { UpstreamConnection, type UpstreamUser } from './upstream-connection.ts';

/** A request that cannot be sent again does not go on a connection that was idle longer: its target may be closing it. */
const UNREPEATABLE_IDLE_MS = 1_000;

/** The attempts to get one request to a target of its slot: which targets, on which connections. */
export class Attempts {
  /** That of the present attempt. */
  target: Target | null = null;
  upstream: UpstreamConnection | null = null;
  made = 0;
  readonly #context: ProxyContext;
  readonly #slot: SlotState;
  readonly #tried: Target[] = [];

  constructor(context: ProxyContext, slot: SlotState) {
    this.#context = context;
    this.#slot = slot;
  }

  /**
   * Chooses a target and takes or opens a connection to it.
   * @param repeatable whether the request may be sent again should the connection turn out to be closed
   * @returns null where no target is left
   */
  begin(user: UpstreamUser, nowMs: number, repeatable: boolean): UpstreamConnection | null {
    const { wheel, random, headLimits, limits } = this.#context;
    const target = pickTarget(this.#slot.healthy, this.#tried, nowMs, random);
    if (target === null) return null;
    this.made++;
    this.target = target;
    target.inFlight++;
    this.upstream =
      target.idle.take(nowMs, repeatable ? Number.POSITIVE_INFINITY : UNREPEATABLE_IDLE_MS) ??
      new UpstreamConnection(target, target.idle, { wheel, limits: headLimits, idleMs: limits.targetIdleMs });
    this.upstream.use(user);
    return this.upstream;
  }

  /** Whether one more is allowed. */
  get left(): boolean {
    return this.made < this.#context.limits.attempts && this.#slot.healthy.length > 0;
  }

  /**
   * No connection came about: the target is passed over for a while, and not tried again.
   * @returns whether one more is allowed and another target is there for it
   */
  refused(problem: string): boolean {
    const target = this.target as Target;
    target.suspectUntilMs = this.#context.monotonicMs() + this.#context.limits.suspectMs;
    this.#context.suspect(target.id, problem);
    this.#tried.push(target);
    return this.left && this.#slot.healthy.some((other) => !this.#tried.includes(other));
  }

  /**
   * A kept connection turned out to be closed: the others to the same target probably are as well.
   * @returns whether one more is allowed
   */
  stale(): boolean {
    this.target?.idle.clear();
    return this.left;
  }

  /** The present one is over; what becomes of its connection is the caller's business. */
  end(): void {
    if (this.target !== null) this.target.inFlight--;
    this.target = null;
  }
}
