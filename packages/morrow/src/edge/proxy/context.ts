import type { HeadLimits } from '../http1/types.ts';
import type { EdgeAnswerCode } from './edge-answer.ts';
import type { TimerWheel } from './timer-wheel.ts';
import type { ProxyLimits } from './types.ts';

/** What everything within one proxy shares. */
export interface ProxyContext {
  readonly limits: ProxyLimits;
  readonly headLimits: HeadLimits;
  readonly wheel: TimerWheel;
  readonly random: () => number;
  readonly monotonicMs: () => number;
  readonly trusted: (address: string) => boolean;
  readonly suspect: (targetId: string, problem: string) => void;
  /** A request ended that no slot was chosen for. */
  readonly refused: (code: EdgeAnswerCode | string) => void;
  /** The proxy is ending: connections are not kept. */
  ending: boolean;
}
