import { BodyReader } from './body-reader.ts';
import { type Failure, type FailureCode, failureOf } from './failure.ts';
import type { Fields } from './fields.ts';
import { Framing } from './framing.ts';
import { HeadScanner, type StartLine } from './head-scanner.ts';
import { type HeadLimits, type MessageHead, type MessageReader, Step } from './types.ts';

/** Limits where nobody says otherwise. */
export const DEFAULT_LIMITS: HeadLimits = { headBytes: 32_768, targetBytes: 16_384, fields: 128 };

const State = { Head: 0, Body: 1, Ended: 2, Failed: 3 } as const;

/** What requests and answers have in common: head, then body, then the next message. */
export abstract class Http1Reader<Head extends MessageHead> implements MessageReader<Head> {
  abstract readonly head: Head;
  offset = 0;
  failure: Failure | null = null;
  protected readonly scanner: HeadScanner;
  protected readonly framing = new Framing();
  protected readonly body: BodyReader;
  #state: number = State.Head;

  constructor(startLine: StartLine, limits: HeadLimits) {
    this.scanner = new HeadScanner(startLine, limits);
    this.body = new BodyReader(limits);
  }

  /** Reads the start line, judges the fields and begins the body; the reason to refuse the head, or null. */
  protected abstract beginMessage(): FailureCode | null;

  get trailers(): Fields {
    return this.body.trailers;
  }

  get bodyStart(): number {
    return this.body.start;
  }

  get bodyEnd(): number {
    return this.body.end;
  }

  get bodyBytes(): number {
    return this.body.bytes;
  }

  get framed(): boolean {
    return this.body.framed;
  }

  set framed(framed: boolean) {
    this.body.framed = framed;
  }

  get within(): boolean {
    return this.#state === State.Body || (this.#state === State.Head && this.scanner.begun);
  }

  read(chunk: Buffer, from: number): Step {
    if (this.#state === State.Head) return this.#readHead(chunk, from);
    if (this.#state !== State.Body) throw new Error('read() after the end of a message: next() first');
    const step = this.body.read(chunk, from);
    this.offset = this.body.offset;
    if (step === Step.End) this.#state = State.Ended;
    else if (step === Step.Failed) return this.#fail(this.body.failure ?? 'CHUNK_SIZE');
    return step;
  }

  #readHead(chunk: Buffer, from: number): Step {
    const step = this.scanner.scan(chunk, from);
    this.offset = this.scanner.offset;
    if (step === Step.More) return step;
    if (step === Step.Failed) return this.#fail(this.scanner.failure ?? 'START_LINE');
    const failure = this.beginMessage();
    if (failure !== null) return this.#fail(failure);
    this.#state = State.Body;
    return step;
  }

  finish(): Step {
    if (!this.within) return this.#state === State.Failed ? Step.Failed : Step.More;
    if (this.#state === State.Body && this.body.untilClose) {
      this.body.close();
      this.#state = State.Ended;
      return Step.End;
    }
    return this.#fail('CUT_OFF');
  }

  next(): void {
    if (this.#state !== State.Ended) throw new Error('next() before the end of a message');
    this.scanner.reset();
    this.framing.reset();
    this.body.reset();
    this.#state = State.Head;
  }

  #fail(code: FailureCode): Step {
    this.failure = failureOf(code);
    this.#state = State.Failed;
    return Step.Failed;
  }
}
