import type { TLSSocket } from 'node:tls';
import type { Failure } from '../http1/failure.ts';
import { Known } from '../http1/known-fields.ts';
import { RequestReader } from '../http1/request-reader.ts';
import { Step } from '../http1/types.ts';
import type { ProxyContext } from './context.ts';
import { type EdgeAnswer, edgeAnswer, prefersJson, writeEdgeAnswer } from './edge-answer.ts';
import { Exchange } from './exchange.ts';
import type { ExchangeClient } from './exchange-types.ts';
import { firstOf, type Origin, plainAddress, requestId, writeRequestHead } from './request-head.ts';
import type { SlotCounter } from './slot-counter.ts';
import { SlotState } from './slot-state.ts';
import type { Target } from './target.ts';
import { Timed } from './timer-wheel.ts';
import { Tunnel, type TunnelOwner } from './tunnel.ts';
import type { ClientSocket } from './types.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

/** Pipelined bytes kept while a request is under way; beyond it the socket is not read. */
const WAITING_BYTES = 65_536;
/** After the last answer the client's bytes are read and dropped for so long, lest a reset take the answer with it. */
const LINGER_MS = 2_000;
/** How often that is repeated while the answer is still on its way to a slow client. */
const LINGERINGS = 30;
/** When the proxy ends, a kept connection gets this long to send the request that may be on its way. */
const ENDING_GRACE_MS = 1_000;

/** How the requests of a connection are routed and counted. */
export interface Entrance {
  /** The slot that the request goes to, or the answer that says why to none. */
  route(head: RequestReader['head']): SlotState | EdgeAnswer;
  /** Where requests to that slot are counted. */
  counterOf(slot: SlotState): SlotCounter;
}

/** One connection of a client: its requests one after the other, the answers in the same order. */
export class ClientConnection extends Timed implements ExchangeClient, TunnelOwner {
  readonly socket: ClientSocket;
  readonly #context: ProxyContext;
  readonly #entrance: Entrance;
  readonly #onClosed: (connection: ClientConnection) => void;
  readonly #reader: RequestReader;
  readonly #origin: Origin;
  #exchange: Exchange | null = null;
  #tunnel: Tunnel | null = null;
  /** Came behind the request under way. */
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** The answers so far are not read; no further request is begun. */
  #blocked = false;
  /** The last answer was written; only the client's FIN is waited for. */
  #lingering = false;
  #lingerings = 0;
  /** Id of the request under way; null until its head is whole. */
  #id: string | null = null;
  /** The time for the present head is running. */
  #headTimed = true;

  constructor(
    socket: ClientSocket,
    context: ProxyContext,
    entrance: Entrance,
    onClosed: (connection: ClientConnection) => void,
  ) {
    super();
    this.socket = socket;
    this.#context = context;
    this.#entrance = entrance;
    this.#onClosed = onClosed;
    this.#reader = new RequestReader(context.headLimits);
    const address = plainAddress(socket.remoteAddress ?? 'unknown');
    const proto = (socket as TLSSocket).encrypted === true ? 'https' : 'http';
    this.#origin = { address, proto, trusted: context.trusted(address) };
    this.#arm(context.limits.headMs);
    this.#listen();
  }

  /** The request that waits for its answer to begin; null: none does. */
  get waiting(): Exchange | null {
    return this.#exchange?.waitingSinceMs == null ? null : this.#exchange;
  }

  /** The slot of the request or WebSocket under way. */
  get slot(): SlotState | null {
    return this.#tunnel?.slot ?? this.#exchange?.slot ?? null;
  }

  /** Whether what is under way is on that target. */
  uses(target: Target): boolean {
    return (this.#tunnel ?? this.#exchange)?.target === target;
  }

  #listen(): void {
    const { socket } = this;
    socket.on('data', (chunk: Buffer) => this.#data(chunk));
    socket.on('drain', () => this.#drained());
    socket.on('end', () => this.#ended());
    // What went wrong does not matter: `close` follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#context.wheel.remove(this);
      this.#gone();
      this.#waiting = [];
      this.#onClosed(this);
    });
  }

  #data(chunk: Buffer): void {
    if (this.#tunnel !== null) {
      this.#tunnel.clientData(chunk);
      return;
    }
    if (this.#lingering) return;
    const busy = this.#exchange !== null && !this.#reader.within;
    if (busy || this.#blocked) this.#wait(chunk);
    else this.#consume(chunk);
  }

  #wait(chunk: Buffer): void {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes > WAITING_BYTES) this.socket.pause();
  }

  #consume(chunk: Buffer): void {
    const reader = this.#reader;
    let at = 0;
    while (!this.#lingering) {
      const step = reader.read(chunk, at);
      at = reader.offset;
      if (step === Step.More) {
        this.#more();
        return;
      }
      if (step === Step.Failed) {
        this.#unreadable();
        return;
      }
      if (step === Step.Head) this.#begin();
      else if (step === Step.Body) this.#exchange?.requestBody(reader, chunk);
      else if (this.#exchange !== null) {
        if (at < chunk.length) this.#wait(chunk.subarray(at));
        this.#exchange.requestEnded(reader);
        return;
      } else {
        // Answered by the edge itself.
        reader.next();
        this.#idle();
        if (at === chunk.length) return;
      }
    }
  }

  /** All of the chunk is used up, and the request is not whole. */
  #more(): void {
    if (this.#exchange !== null) this.#exchange.flushRequest();
    else if (this.#reader.within && !this.#headTimed) {
      // Once per head, however slowly it comes.
      this.#headTimed = true;
      this.#arm(this.#context.limits.headMs);
    }
  }

  #begin(): void {
    const { head } = this.#reader;
    const startMs = this.#context.monotonicMs();
    this.#id = requestId(head.fields);
    const webSocket = head.upgrade && firstOf(head.fields, Known.Upgrade)?.toLowerCase() === 'websocket';
    if (webSocket && (head.method !== 'GET' || head.minor !== 1 || head.hasBody)) {
      this.#refuse(edgeAnswer('UPGRADE_MALFORMED'), false);
      return;
    }
    const slot = this.#entrance.route(head);
    if (!(slot instanceof SlotState)) {
      this.#refuse(slot, !head.hasBody);
      return;
    }
    if (slot.maxBodyBytes !== null && head.contentLength > slot.maxBodyBytes) {
      this.#refuse(edgeAnswer('BODY_TOO_LARGE', `more than ${slot.maxBodyBytes} bytes`), false);
      return;
    }
    const counter = this.#entrance.counterOf(slot);
    if (slot.healthy.length === 0) {
      counter.ended('answered', 503, 0);
      this.#answer(edgeAnswer('NO_TARGET'), slot.revision, !head.hasBody);
      return;
    }
    this.#reader.framed = true;
    this.#exchange = new Exchange(this, this.#context, slot, head, {
      head: writeRequestHead(head, this.#origin, this.#id, slot.service, webSocket),
      headBytes: head.fields.text.length,
      startMs,
      names: `X-Request-Id: ${this.#id}\r\n${slot.revisionLine}`,
      webSocket,
      counter,
    });
    this.#exchange.start();
  }

  /** The bytes are no request, or no body: answered once, and the connection ends. */
  #unreadable(): void {
    const failure = this.#reader.failure as Failure;
    if (this.#exchange !== null) this.#exchange.requestUnreadable(failure);
    else this.#refuse(failure, false);
  }

  /** Answers a request that no slot was chosen for. */
  #refuse(answer: EdgeAnswer, keeps: boolean): void {
    this.#context.refused(answer.code);
    this.#answer(answer, null, keeps);
  }

  /** @param keeps whether the connection may be kept, if the client wants to */
  #answer(answer: EdgeAnswer, revision: string | null, keeps: boolean): void {
    const { head } = this.#reader;
    const known = this.#id !== null;
    const kept = keeps && known && head.keepAlive && !this.#context.ending;
    const text = writeEdgeAnswer(answer, {
      requestId: this.#id,
      revision,
      json: known && prefersJson(firstOf(head.fields, Known.Accept)),
      bodiless: known && head.method === 'HEAD',
      connection: kept ? (head.minor === 0 ? 'keep-alive' : null) : 'close',
    });
    this.socket.write(text, 'latin1');
    if (!kept) this.#linger();
  }

  /** Ready for the next request. */
  #idle(): void {
    this.#id = null;
    this.#headTimed = false;
    this.#arm(this.#context.limits.keepAliveMs);
  }

  exchangeDone(keeps: boolean): void {
    this.#exchange = null;
    if (!keeps) {
      this.#linger();
      return;
    }
    this.#reader.next();
    this.#idle();
    if (this.#context.ending) this.#arm(ENDING_GRACE_MS);
    if (this.socket.writableLength > 0 && this.socket.writableNeedDrain) this.#blocked = true;
    else this.#goOn();
  }

  exchangeFailed(answer: EdgeAnswer, keeps: boolean): void {
    const revision = this.#exchange?.slot.revision ?? null;
    this.#exchange = null;
    this.#answer(answer, revision, keeps);
    if (!this.#lingering) this.exchangeDone(true);
  }

  exchangeCut(abruptly: boolean): void {
    this.#exchange = null;
    this.#lingering = true;
    if (abruptly && (this.socket as TLSSocket).encrypted !== true) this.socket.resetAndDestroy();
    else this.socket.destroy();
  }

  exchangeUpgraded(
    upstream: UpstreamConnection,
    target: Target,
    first: Buffer,
    from: { readonly slot: SlotState; readonly counter: SlotCounter },
  ): void {
    this.#exchange = null;
    this.#context.wheel.disarm(this);
    const tunnel = new Tunnel(this, upstream, target, from, this.#context);
    this.#tunnel = tunnel;
    if (first.length > 0) tunnel.upstreamData(Buffer.from(first));
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.socket.resume();
    for (const chunk of waiting) tunnel.clientData(chunk);
    if (tunnel.slot.draining || this.#context.ending) tunnel.drain();
  }

  tunnelOver(): void {
    this.#tunnel = null;
    this.#linger();
  }

  /** Goes on with what came behind the last request. */
  #goOn(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const bytes = this.#waiting.length === 1 ? first : Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (this.socket.isPaused()) this.socket.resume();
    this.#consume(bytes);
  }

  #drained(): void {
    if (this.#tunnel !== null) {
      this.#tunnel.clientDrained();
      return;
    }
    this.#exchange?.clientDrained();
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#goOn();
  }

  /** The client sent its FIN. While it waits for an answer it counts as having gone, as with other proxies. */
  #ended(): void {
    if (this.#tunnel !== null) {
      this.#tunnel.clientEnded();
      return;
    }
    if (this.#exchange === null) this.socket.end();
    else {
      this.#gone();
      this.socket.destroy();
    }
  }

  #gone(): void {
    this.#lingering = true;
    this.#exchange?.clientGone();
    this.#exchange = null;
    this.#tunnel?.clientGone();
  }

  /** No request follows: sends the FIN behind what is written, and waits a while for that of the client. */
  #linger(): void {
    this.#lingering = true;
    this.#waiting = [];
    this.socket.end();
    this.socket.resume();
    this.#arm(LINGER_MS);
  }

  expired(): void {
    if (this.#lingering) {
      this.#lingerings++;
      if (this.socket.writableLength > 0 && this.#lingerings < LINGERINGS) this.#arm(LINGER_MS);
      else this.socket.destroy();
    } else if (this.#exchange !== null) this.#exchange.expired();
    else if (this.#reader.within) this.#refuse(edgeAnswer('HEAD_TIMEOUT'), false);
    else this.#linger();
  }

  /** The slot of what is under way drains: long-lived connections get their signal to close. */
  drain(): void {
    this.#tunnel?.drain();
    this.#exchange?.drain();
  }

  /** The proxy ends: as {@link drain}, and no request follows the one under way. */
  end(): void {
    this.drain();
    const idle = this.#exchange === null && this.#tunnel === null && !this.#lingering && !this.#reader.within;
    if (idle) this.#arm(ENDING_GRACE_MS);
  }

  /** What is under way took too long to end by itself. */
  cut(): void {
    this.#tunnel?.cut();
    this.#exchange?.cut();
  }

  /** Ends at once, whatever is under way. */
  destroy(): void {
    this.socket.destroy();
  }

  #arm(ms: number): void {
    this.#context.wheel.arm(this, this.#context.monotonicMs(), ms);
  }
}
