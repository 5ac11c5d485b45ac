import { type ErrorCode, MorrowError } from '../errors.ts';

/** A request to the edge that is not carried out, with the HTTP status of the answer. */
export class EdgeRefusal extends MorrowError {
  readonly status: number;
  /** The epoch in force, where the request's own was stale. */
  readonly epoch: number | null;

  constructor(
    status: number,
    code: ErrorCode,
    message: string,
    options: { hint?: string; epoch?: number } = {},
  ) {
    super(code, message, options.hint === undefined ? {} : { hint: options.hint });
    this.status = status;
    this.epoch = options.epoch ?? null;
  }
}

/** A request that is malformed or makes no sense: status 400. */
export const badRequest = (message: string, hint = ''): EdgeRefusal =>
  new EdgeRefusal(400, 'EDGE_BAD_REQUEST', message, { hint });

/** A write by a controller that has been succeeded: status 409. */
export const staleEpoch = (epoch: number, inForce: number): EdgeRefusal =>
  new EdgeRefusal(
    409,
    'EDGE_EPOCH_STALE',
    `This controller's epoch ${epoch} is older than ${inForce}, which the edge has seen.`,
    {
      hint: 'A newer controller or the failsafe has acted since: take the lease again, with a higher epoch.',
      epoch: inForce,
    },
  );
