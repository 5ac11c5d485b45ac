/** Keeps the edge knowing what each slot holds, and moves traffic; one write per service at a time. */
import type { EdgeService } from '../../edge/api.ts';
import { SLOTS, type Slot, type Weights } from '../../engine/slot.ts';
import { MorrowError } from '../../errors.ts';
import type { LocalContext } from './context.ts';
import { edgeServiceOf, sameJson, shownIn } from './edge-service.ts';
import { targetsOf } from './targets.ts';

export interface EdgeSync {
  /**
   * Has the edge hold what is written down of the service, its weights as they are.
   * @throws MorrowError `EDGE_UNREACHABLE`, `EDGE_EPOCH_STALE`, `EDGE_BAD_REQUEST`
   */
  sync(service: string, epoch: number): Promise<void>;
  /** Moves traffic at one stroke. @param whole send everything: what stands there may be out of date */
  route(
    service: string,
    weights: Weights | null,
    stable: Slot | null,
    epoch: number,
    whole: boolean,
  ): Promise<void>;
}

/** The writes of one platform to its edge. */
export function edgeSync(context: LocalContext): EdgeSync {
  const turns = new Map<string, Promise<unknown>>();

  // A write made of what the edge showed must not undo one that came between.
  const inTurn = <T>(service: string, body: () => Promise<T>): Promise<T> => {
    const result = (turns.get(service) ?? Promise.resolve()).then(body);
    turns.set(
      service,
      result.catch(() => undefined),
    );
    return result;
  };

  const put = async (service: string, epoch: number, traffic: Partial<EdgeService>): Promise<void> => {
    const shown = shownIn(await context.edge.state(), service)?.service ?? null;
    const records = targetsOf(context.layout, service).list();
    const wanted = edgeServiceOf(context.states.read(service), records, shown);
    if (wanted === null) return;
    const whole = { ...wanted, ...traffic };
    if (!sameJson(whole, shown)) await context.edge.putService(epoch, whole);
  };

  return {
    sync: (service, epoch) => inTurn(service, () => put(service, epoch, {})),
    route: (service, weights, stable, epoch, whole) =>
      inTurn(service, async () => {
        if (whole) return put(service, epoch, { weights, stable });
        try {
          await context.edge.putWeights(service, { epoch, weights, stable });
        } catch (error) {
          if (!knowsTooLittle(error)) throw error;
          await put(service, epoch, { weights, stable });
        }
      }),
  };
}

/** The edge has lost the service, or has not heard of a slot yet. */
const knowsTooLittle = (error: unknown): boolean =>
  error instanceof MorrowError && (error.code === 'UNKNOWN_SERVICE' || error.code === 'EDGE_BAD_REQUEST');

/** Slots that weights give traffic to. */
export const slotsWithTraffic = (weights: Weights | null): readonly Slot[] =>
  weights === null ? [] : SLOTS.filter((slot) => weights[slot] > 0);
