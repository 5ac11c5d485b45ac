import type { ProxyContext } from './context.ts';
import type { SlotCounter } from './slot-counter.ts';
import type { SlotState } from './slot-state.ts';
import type { Target } from './target.ts';
import { Timed } from './timer-wheel.ts';
import type { ClientSocket } from './types.ts';
import type { UpstreamConnection, UpstreamUser } from './upstream-connection.ts';
import { closeFrame, FrameTracker, SERVICE_RESTART } from './websocket-frames.ts';

/** The connection of the client. */
export interface TunnelOwner {
  readonly socket: ClientSocket;
  /** Nothing more comes from the target. */
  tunnelOver(): void;
}

/**
 * A WebSocket between a client and a target: bytes go both ways as they are.
 *
 * When its slot drains, the client gets a Close frame (1012) at the next end of a frame, and nothing of the target
 * after it. What the client still sends, its own Close above all, goes on to the target, so that both ends see
 * an orderly close. If the client does not answer in time, the target gets a Close frame as well and both are cut.
 * There is no idle limit: TCP keep-alive finds peers that vanished.
 */
export class Tunnel extends Timed implements UpstreamUser {
  readonly slot: SlotState;
  readonly #client: ClientSocket;
  readonly #owner: TunnelOwner;
  readonly #upstream: UpstreamConnection;
  readonly target: Target;
  readonly #context: ProxyContext;
  readonly #counter: SlotCounter;
  readonly #fromTarget = new FrameTracker();
  readonly #fromClient = new FrameTracker();
  #closing: 'no' | 'wanted' | 'sent' = 'no';
  #over = false;

  constructor(
    owner: TunnelOwner,
    upstream: UpstreamConnection,
    target: Target,
    from: { readonly slot: SlotState; readonly counter: SlotCounter },
    context: ProxyContext,
  ) {
    super();
    this.#owner = owner;
    this.#client = owner.socket;
    this.#upstream = upstream;
    this.target = target;
    this.slot = from.slot;
    this.#counter = from.counter;
    this.#context = context;
    upstream.use(this);
  }

  /** Bytes from the client. */
  clientData(chunk: Buffer): void {
    if (this.#over) return;
    this.#counter.bytes(chunk.length, 0);
    this.#fromClient.follow(chunk, false);
    if (!this.#upstream.socket.write(chunk) && this.#upstream.socket.writableLength > 0) this.#client.pause();
  }

  upstreamData(chunk: Buffer): boolean {
    if (this.#over || this.#closing === 'sent') return false;
    let paused = false;
    const end = this.#fromTarget.follow(chunk, this.#closing === 'wanted');
    const passed = this.#closing === 'wanted' ? chunk.subarray(0, end) : chunk;
    if (passed.length > 0) {
      this.#counter.bytes(0, passed.length);
      paused = !this.#client.write(passed) && this.#client.writableLength > 0;
      if (paused) this.#upstream.socket.pause();
    }
    if (this.#closing === 'wanted') this.#sendClose();
    return this.#client.writableLength > 0 && !paused;
  }

  /** The client sent its FIN. */
  clientEnded(): void {
    if (this.#over) return;
    this.#upstream.socket.end();
    this.#armForClose();
  }

  upstreamEnded(): void {
    this.#client.end();
    this.#armForClose();
  }

  clientDrained(): void {
    if (!this.#over) this.#upstream.socket.resume();
  }

  upstreamDrained(): void {
    this.#client.resume();
  }

  /** Never: a tunnel begins on a connection that stands. */
  upstreamConnected(): void {}

  upstreamClosed(): void {
    if (this.#over) return;
    this.#finish();
    this.#owner.tunnelOver();
  }

  /** The client's connection is gone. */
  clientGone(): void {
    if (this.#over) return;
    this.#finish();
    this.#upstream.socket.destroySoon();
  }

  /** Its slot drains, or the whole proxy. */
  drain(): void {
    if (this.#over || this.#closing !== 'no') return;
    this.#closing = 'wanted';
    this.#armForClose();
    this.#sendClose();
  }

  #armForClose(): void {
    this.#context.wheel.arm(this, this.#context.monotonicMs(), this.#context.limits.webSocketCloseMs);
  }

  #sendClose(): void {
    if (!this.#fromTarget.atBoundary || this.#closing !== 'wanted') return;
    this.#closing = 'sent';
    // The target closes by itself; nothing to add.
    if (!this.#fromTarget.closed) this.#client.write(closeFrame(SERVICE_RESTART, false));
  }

  /** One side did not answer a Close frame or a FIN in time, or the frame could not even be sent. */
  expired(): void {
    this.cut();
  }

  /** Ends both sides now. */
  cut(): void {
    if (this.#over) return;
    this.#finish();
    const { socket } = this.#upstream;
    // Should the target not even read what is left, its connection is cut all the same.
    this.#context.wheel.arm(
      this.#upstream,
      this.#context.monotonicMs(),
      this.#context.limits.webSocketCloseMs,
    );
    if (this.#fromClient.atBoundary && !this.#fromClient.closed)
      socket.write(closeFrame(SERVICE_RESTART, true));
    socket.destroySoon();
    this.#owner.tunnelOver();
  }

  #finish(): void {
    this.#over = true;
    this.#context.wheel.remove(this);
    this.#upstream.user = null;
    // Should the target not even read what is left for it, its connection is cut all the same.
    this.#context.wheel.arm(
      this.#upstream,
      this.#context.monotonicMs(),
      this.#context.limits.webSocketCloseMs,
    );
    this.target.inFlight--;
    this.slot.end();
  }
}
