import type { Failure } from '../http1/failure.ts';
import { Known } from '../http1/known-fields.ts';
import { isIdempotent } from '../http1/methods.ts';
import type { ParsedRequest, RequestReader } from '../http1/request-reader.ts';
import { Step } from '../http1/types.ts';
import { writeInformational } from './answer-head.ts';
import { AnswerRelay } from './answer-relay.ts';
import { Attempts } from './attempts.ts';
import type { ProxyContext } from './context.ts';
import { type EdgeAnswer, edgeAnswer } from './edge-answer.ts';
import type { ExchangeClient, ExchangeRequest } from './exchange-types.ts';
import { firstOf } from './request-head.ts';
import { RequestSender } from './request-sender.ts';
import type { Outcome, SlotCounter } from './slot-counter.ts';
import type { SlotState } from './slot-state.ts';
import type { Target } from './target.ts';
import type { UpstreamConnection, UpstreamUser } from './upstream-connection.ts';

/** One request and its answer: from the choice of a target, over retries, to the last byte. */
export class Exchange implements UpstreamUser {
  readonly slot: SlotState;
  readonly #client: ExchangeClient;
  readonly #context: ProxyContext;
  readonly #request: ExchangeRequest;
  readonly #method: string;
  readonly #minor: 0 | 1;
  readonly #keeps: boolean;
  readonly #repeatable: boolean;
  readonly #expectsContinue: boolean;
  readonly #sender: RequestSender;
  readonly #relay: AnswerRelay;
  readonly #attempts: Attempts;
  #over = false;
  /** The target sent something. */
  #heard = false;
  #clientPaused = false;
  #upstreamPaused = false;
  /** When the whole request was here, by the monotonic clock, ms; null: more of its body is to come. */
  #wholeMs: number | null = null;
  /** Of an event stream: when its head came. */
  #latencyMs: number | null = null;

  constructor(
    client: ExchangeClient,
    context: ProxyContext,
    slot: SlotState,
    head: ParsedRequest,
    request: ExchangeRequest,
  ) {
    this.#client = client;
    this.#context = context;
    this.slot = slot;
    this.#request = request;
    this.#method = head.method;
    this.#minor = head.minor;
    this.#keeps = head.keepAlive;
    this.#repeatable = !head.hasBody && isIdempotent(head.method);
    this.#expectsContinue = head.expectsContinue;
    this.#sender = new RequestSender(request.head, head.chunked, request.headBytes);
    this.#relay = new AnswerRelay(client.socket);
    this.#attempts = new Attempts(context, slot);
    slot.begin();
  }

  /** The one that has the request at present. */
  get target(): Target | null {
    return this.#attempts.target;
  }

  get #upstream(): UpstreamConnection | null {
    return this.#attempts.upstream;
  }

  /** Since when nothing but the target is waited for, by the monotonic clock, ms; null: it has begun to answer. */
  get waitingSinceMs(): number | null {
    return this.#over || this.#heard ? null : this.#wholeMs;
  }

  get counter(): SlotCounter {
    return this.#request.counter;
  }

  /** Goes to a target, for the first time or again. */
  start(): void {
    const { wheel, monotonicMs } = this.#context;
    const again = this.#attempts.made > 0;
    const nowMs = again ? monotonicMs() : this.#request.startMs;
    const upstream = this.#attempts.begin(this, nowMs, this.#repeatable);
    if (upstream === null) {
      this.#fail(edgeAnswer('NO_TARGET'), 'answered');
      return;
    }
    upstream.reader.answers(this.#method, this.#request.webSocket);
    if (!upstream.connected) wheel.arm(this.#client, nowMs, this.slot.timeouts.connectMs);
    else if (again) this.flushRequest();
  }

  /** A piece of the request's body. */
  requestBody(reader: RequestReader, chunk: Buffer): void {
    if (this.#over) return;
    const { maxBodyBytes } = this.slot;
    if (maxBodyBytes !== null && reader.bodyBytes > maxBodyBytes) {
      this.#fail(edgeAnswer('BODY_TOO_LARGE', `more than ${maxBodyBytes} bytes`), 'answered');
      return;
    }
    if (!this.#sender.body(chunk, reader.bodyStart, reader.bodyEnd, this.#upstream)) this.#pauseClient();
  }

  /** The request is whole. */
  requestEnded(reader: RequestReader): void {
    if (this.#over) return;
    this.#wholeMs = this.#context.monotonicMs();
    this.#sender.end(reader.trailers, this.#upstream);
    this.flushRequest();
  }

  /** What follows the head is no body. */
  requestUnreadable(failure: Failure): void {
    this.#fail(failure, 'client-abort');
  }

  /** Sends what came so far, if there is a connection. */
  flushRequest(): void {
    const upstream = this.#upstream;
    if (this.#over || upstream === null || !upstream.connected) return;
    if (!this.#sender.flush(upstream)) this.#pauseClient();
    this.#armForProgress();
  }

  upstreamConnected(): void {
    this.flushRequest();
    if (this.#upstream?.socket.writableNeedDrain !== true) this.#resumeClient();
  }

  upstreamDrained(): void {
    this.#resumeClient();
    this.#armForProgress();
  }

  /** The client's socket takes more again. */
  clientDrained(): void {
    if (!this.#upstreamPaused) return;
    this.#upstreamPaused = false;
    this.#upstream?.socket.resume();
    this.#armForProgress();
  }

  upstreamData(chunk: Buffer): boolean {
    const upstream = this.#upstream as UpstreamConnection;
    const { reader } = upstream;
    const relay = this.#relay;
    this.#heard = true;
    let at = 0;
    for (;;) {
      const step = reader.read(chunk, at);
      at = reader.offset;
      if (step === Step.Body) relay.body(chunk, reader.bodyStart, reader.bodyEnd);
      else if (step === Step.Head) this.#answerHead(upstream);
      else if (step !== Step.End || !reader.head.informational) {
        this.#answerStep(upstream, step, chunk, at);
        // While nothing more is read, the bytes that wait stay as they are.
        return relay.keepsBytes && !this.#upstreamPaused;
      } else reader.next();
    }
  }

  /** The chunk is used up, or the answer is over. */
  #answerStep(upstream: UpstreamConnection, step: Step, chunk: Buffer, at: number): void {
    const { reader } = upstream;
    if (step === Step.More || step === Step.Failed) {
      this.#relay.flush();
      if (step === Step.More) this.#answerGoesOn();
      else this.#fail(edgeAnswer('TARGET_MALFORMED', reader.failure?.sentence), 'reset');
    } else if (reader.head.upgrade) this.#upgraded(upstream, chunk.subarray(at));
    else {
      this.#relay.end(reader.trailers);
      this.#answered(at === chunk.length);
    }
  }

  #answerHead(upstream: UpstreamConnection): void {
    const { head } = upstream.reader;
    if (head.informational) {
      const wanted = head.status === 100 ? this.#expectsContinue : true;
      if (wanted && this.#minor === 1) this.#relay.add(writeInformational(head));
      return;
    }
    if (!upstream.reused) {
      const keepAlive = firstOf(head.fields, Known.KeepAlive);
      if (keepAlive !== null) upstream.heedKeepAlive(keepAlive);
    }
    const keeps = this.#keeps && this.#sender.whole && !this.#context.ending;
    const request = { method: this.#method, minor: this.#minor, keeps };
    this.#relay.begin(upstream.reader, request, this.#request.names);
    if (this.#relay.eventStream) this.#latencyMs = this.#context.monotonicMs() - this.#request.startMs;
  }

  #answerGoesOn(): void {
    if (!this.#relay.ready && !this.#upstreamPaused) {
      this.#upstreamPaused = true;
      this.#upstream?.socket.pause();
    }
    if (this.#relay.eventStream && (this.slot.draining || this.#context.ending)) this.drain();
    else this.#armForProgress();
  }

  #answered(clean: boolean): void {
    const upstream = this.#upstream as UpstreamConnection;
    const reusable =
      clean &&
      !this.slot.draining &&
      this.#sender.whole &&
      upstream.socket.writableLength === 0 &&
      upstream.reader.head.keepAlive &&
      this.#attempts.target?.healthy === true;
    this.#relay.flush();
    const nowMs = this.#end('answered', this.#relay.status);
    if (reusable) upstream.release(nowMs, this.#context.limits.idlePerTarget);
    else upstream.destroy();
    this.#client.exchangeDone(this.#relay.keeps);
  }

  #upgraded(upstream: UpstreamConnection, first: Buffer): void {
    const target = this.#attempts.target as Target;
    this.#relay.flush();
    this.#over = true;
    this.#count('answered', 101);
    this.#client.exchangeUpgraded(upstream, target, first, this);
  }

  /** Its slot drains, or the whole proxy: an event stream ends behind the event it is in; all others go on. */
  drain(): void {
    if (this.#over || !this.#relay.eventStream || !this.#relay.betweenEvents) return;
    this.#relay.end(null);
    this.#relay.flush();
    this.#end('answered', this.#relay.status);
    this.#upstream?.destroy();
    this.#client.exchangeDone(this.#relay.keeps);
  }

  /** The drain took as long as it may. */
  cut(): void {
    if (this.#over) return;
    if (this.#relay.status === 0) {
      this.#fail(edgeAnswer('DRAIN_LIMIT'), 'timeout');
      return;
    }
    this.#break('answered');
  }

  /** The client is gone. */
  clientGone(): void {
    if (this.#over) return;
    this.#end('client-abort', this.#relay.status);
    this.#upstream?.destroy();
  }

  upstreamEnded(): void {
    const upstream = this.#upstream as UpstreamConnection;
    const step = upstream.reader.finish();
    if (step === Step.End) {
      this.#relay.end(null);
      this.#answered(false);
      return;
    }
    this.#broken(step === Step.Failed ? 'TARGET_CUT_OFF' : 'TARGET_RESET');
  }

  upstreamClosed(code: string | null): void {
    const upstream = this.#upstream as UpstreamConnection;
    if (upstream.connected) {
      this.#broken(upstream.reader.within ? 'TARGET_CUT_OFF' : 'TARGET_RESET');
      return;
    }
    const problem = code === 'ECONNREFUSED' ? 'connection refused' : `no connection: ${code ?? 'closed'}`;
    this.#connectFailed(
      edgeAnswer('TARGET_REFUSED', code === 'ECONNREFUSED' ? '' : (code ?? '')),
      'reset',
      problem,
    );
  }

  /** No connection came about, so nothing was sent: another target may take the request, whatever it is. */
  #connectFailed(answer: EdgeAnswer, outcome: Outcome, problem: string): void {
    if (this.#attempts.refused(problem)) this.#retry();
    else this.#fail(answer, outcome);
  }

  /** The connection broke while an answer was due or under way. */
  #broken(code: 'TARGET_RESET' | 'TARGET_CUT_OFF'): void {
    const upstream = this.#upstream as UpstreamConnection;
    if (this.#relay.status !== 0) {
      this.#break('reset');
      return;
    }
    // The target may have closed an idle connection just when the request was on its way.
    const stale = upstream.reused && this.#repeatable && !this.#heard;
    if (stale && this.#attempts.stale()) this.#retry();
    else this.#fail(edgeAnswer(code), 'reset');
  }

  #retry(): void {
    this.#request.counter.retried();
    this.#upstream?.destroy();
    this.#leaveTarget();
    if (this.#sender.begun) this.#sender.restart();
    this.start();
  }

  /** The time for what is waited for is up. */
  expired(): void {
    const upstream = this.#upstream;
    if (this.#over || upstream === null) return;
    if (!upstream.connected) {
      upstream.destroy();
      this.#connectFailed(edgeAnswer('TARGET_CONNECT_TIMEOUT'), 'timeout', 'no connection in time');
      return;
    }
    const answering = this.#relay.status !== 0;
    const clientReads = this.#client.socket.writableLength === 0;
    const targetReads = upstream.socket.writableLength === 0;
    if (answering) {
      // Silence is no fault of an event stream: there was nothing to tell.
      const silent = this.#relay.eventStream ? 'answered' : 'timeout';
      this.#break(clientReads ? silent : 'client-abort');
      return;
    }
    if (!this.#sender.whole && targetReads) {
      this.#fail(edgeAnswer('BODY_TIMEOUT'), 'client-abort');
      return;
    }
    this.#fail(edgeAnswer('TARGET_TIMEOUT'), 'timeout');
  }

  /** Ends without an answer of the target; or within it, if it has begun. */
  #fail(answer: EdgeAnswer, outcome: Outcome): void {
    if (this.#relay.status !== 0) {
      this.#break(outcome);
      return;
    }
    this.#end(outcome, answer.status);
    this.#upstream?.destroy();
    this.#client.exchangeFailed(answer, this.#keeps && this.#sender.whole);
  }

  /** Ends within the answer. */
  #break(outcome: Outcome): void {
    this.#end(outcome, this.#relay.status);
    this.#upstream?.destroy();
    this.#client.exchangeCut(this.#relay.untilClose);
  }

  /** @returns monotonic ms */
  #end(outcome: Outcome, status: number): number {
    this.#over = true;
    const nowMs = this.#count(outcome, status);
    this.#leaveTarget();
    this.slot.end();
    return nowMs;
  }

  #count(outcome: Outcome, status: number): number {
    const nowMs = this.#context.monotonicMs();
    const latencyMs = this.#latencyMs ?? nowMs - this.#request.startMs;
    this.#request.counter.ended(outcome, status, outcome === 'client-abort' ? null : latencyMs * 1_000);
    this.#request.counter.bytes(this.#sender.bytesReceived, this.#relay.bytesSent);
    return nowMs;
  }

  #leaveTarget(): void {
    this.#attempts.end();
    this.#resumeClient();
  }

  #pauseClient(): void {
    this.#clientPaused = true;
    this.#client.socket.pause();
  }

  #resumeClient(): void {
    if (!this.#clientPaused) return;
    this.#clientPaused = false;
    this.#client.socket.resume();
  }

  #armForProgress(): void {
    if (this.#over) return;
    const { answerMs, idleMs } = this.slot.timeouts;
    const waiting = this.#sender.whole && this.#relay.status === 0;
    this.#context.wheel.arm(this.#client, this.#context.monotonicMs(), waiting ? answerMs : idleMs);
  }
}
