/** What the parts of the local platform share. */
import type { EdgeClient } from '../../edge/client.ts';
import type { Epochs } from './epochs.ts';
import type { Layout } from './layout.ts';
import type { PortRange } from './ports.ts';
import type { Runtime } from './runtime.ts';
import type { ServiceStates } from './service-state.ts';

/** What the local platform needs of the edge; {@link EdgeClient} is one. */
export type EdgePort = Pick<
  EdgeClient,
  'state' | 'putService' | 'putWeights' | 'heartbeat' | 'blocks' | 'events'
>;

export interface LocalContext {
  readonly environment: string;
  readonly layout: Layout;
  readonly states: ServiceStates;
  readonly epochs: Epochs;
  readonly runtime: Runtime;
  readonly edge: EdgePort;
  readonly ports: PortRange;
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
  readonly log: (line: string) => void;
  readonly secret: (service: string, name: string) => string | null;
  /**
   * The epoch that this platform acts with: the last that a caller has proven.
   * @throws MorrowError `LEASE_LOST` where a newer controller has acted since
   */
  readonly actingEpoch: () => number;
  /** Tells listeners that `observe` would show something new. */
  readonly changed: (service: string) => void;
}
