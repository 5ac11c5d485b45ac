import type { EdgeAnswer } from './edge-answer.ts';
import type { SlotCounter } from './slot-counter.ts';
import type { SlotState } from './slot-state.ts';
import type { Target } from './target.ts';
import type { Timed } from './timer-wheel.ts';
import type { ClientSocket } from './types.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

/** The connection that an exchange's request came on. */
export interface ExchangeClient extends Timed {
  readonly socket: ClientSocket;
  /** The answer is whole. `keeps`: another request may follow. */
  exchangeDone(keeps: boolean): void;
  /** The exchange came to nothing; the edge answers. */
  exchangeFailed(answer: EdgeAnswer, keeps: boolean): void;
  /** The connection ends here, so that the client notices; `abruptly` where an ordinary end would look like success. */
  exchangeCut(abruptly: boolean): void;
  /** The target agreed to speak WebSocket; `first` came right behind its head, and is only lent. */
  exchangeUpgraded(
    upstream: UpstreamConnection,
    target: Target,
    first: Buffer,
    from: { readonly slot: SlotState; readonly counter: SlotCounter },
  ): void;
}

/** What is known of a request when its exchange begins. */
export interface ExchangeRequest {
  readonly head: string;
  readonly headBytes: number;
  readonly startMs: number;
  /** Lines that name request and revision in the answer. */
  readonly names: string;
  readonly webSocket: boolean;
  /** Where it is counted. */
  readonly counter: SlotCounter;
}
