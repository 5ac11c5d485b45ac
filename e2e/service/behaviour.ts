/** What the test service does; everything is well by default. */
export interface Behaviour {
  /** Tells revisions apart. */
  readonly name: string;
  /** Before it listens, ms. */
  readonly startMs: number;
  /** Whether `/health` says that it is ready. */
  readonly ready: boolean;
  readonly crashAtStart: boolean;
  /** Exits with code 42 once this file exists; empty: never. */
  readonly crashWhen: string;
  /** Spins for ever once this file exists; empty: never. */
  readonly hangWhen: string;
  readonly leakMiBPerSecond: number;
  /** Every N-th request of a process is answered 500; 0: none. */
  readonly failEvery: number;
  /** Every N-th request of a process is never answered; 0: none. */
  readonly hangEvery: number;
  readonly failSmoke: boolean;
}

export const DEFAULT_BEHAVIOUR: Behaviour = {
  name: 'one',
  startMs: 0,
  ready: true,
  crashAtStart: false,
  crashWhen: '',
  hangWhen: '',
  leakMiBPerSecond: 0,
  failEvery: 0,
  hangEvery: 0,
  failSmoke: false,
};
