import { TOKEN, VALUE } from './chars.ts';
import type { FailureCode } from './failure.ts';
import type { Fields } from './fields.ts';
import { Known, type KnownField, knownField } from './known-fields.ts';
import { type HeadLimits, Step } from './types.ts';

/** Where in a head the next byte stands. */
const At = {
  Begin: 0,
  BeginLf: 1,
  StartLine: 2,
  StartLf: 3,
  Line: 4,
  Name: 5,
  Space: 6,
  Value: 7,
  ValueLf: 8,
  EndLf: 9,
} as const;

const HTAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;
const HTTP = Buffer.from('HTTP/', 'latin1');

/** Numbers kept per field line: begin and end of name and value, relative to the head's first byte; known field. */
const PER_FIELD = 5;

/** What stands before the field lines. A trailer section has no start line. */
export type StartLine = 'request' | 'response' | 'none';

/**
 * One strict scan over the bytes of a head, each looked at once however many reads they came in.
 * It knows lines, names and values; what they mean is judged by `framing.ts` and the readers.
 *
 * Refused: any line end but CR LF, control characters, a name that is no token, white space around a name,
 * a field folded over several lines, more than one empty line before a request.
 */
export class HeadScanner implements Fields {
  /** The whole head, one character per byte; set once it is complete. */
  text = '';
  /** End of the start line within `text`, without CR LF. */
  startLineEnd = 0;
  /** Begin of the start line: 2 after an empty line. */
  startLineBegin = 0;
  count = 0;
  failure: FailureCode | null = null;
  /** After `Step.Head`: first byte behind the head, as an index into the chunk of the last `scan`. */
  offset = 0;
  readonly #startLine: StartLine;
  readonly #limits: HeadLimits;
  /** Relative to the head's first byte, as are all positions below. */
  #position = 0;
  #at: number;
  #begin = 0;
  #known: KnownField = 0;
  readonly #fields: number[] = [];
  /** What came so far of a head that is not yet whole. */
  #partial: Buffer | null = null;
  #partialLength = 0;

  constructor(startLine: StartLine, limits: HeadLimits) {
    this.#startLine = startLine;
    this.#limits = limits;
    this.#at = this.#first;
  }

  get #first(): number {
    return this.#startLine === 'none' ? At.Line : At.Begin;
  }

  /** Whether a byte of this head was seen (an empty line before it counts as none). */
  get begun(): boolean {
    return this.#at > At.BeginLf && (this.#startLine !== 'none' || this.#position > 0);
  }

  /** Forgets the head and makes ready for another. */
  reset(): void {
    this.text = '';
    this.startLineBegin = 0;
    this.startLineEnd = 0;
    this.count = 0;
    this.failure = null;
    this.#position = 0;
    this.#at = this.#first;
    this.#partial = null;
    this.#partialLength = 0;
  }

  /** Goes on with `chunk[from …]`: More (all of it is used up), Head or Failed. */
  scan(chunk: Buffer, from: number): Step {
    if (this.#partial !== null) return this.#scanPartial(this.#partial, chunk, from);
    const step = this.#run(chunk, from, chunk.length);
    if (step === Step.Head) {
      this.offset = from + this.#position;
      this.text = chunk.toString('latin1', from, this.offset);
    } else if (step === Step.More) {
      this.offset = chunk.length;
      if (chunk.length > from) this.#keep(chunk, from);
    }
    return step;
  }

  #scanPartial(partial: Buffer, chunk: Buffer, from: number): Step {
    const before = this.#partialLength;
    // A byte more than is allowed, so that a head which is too large is found out.
    const length = Math.min(before + chunk.length - from, this.#limits.headBytes + 1);
    let room = partial;
    if (length > room.length) {
      room = Buffer.allocUnsafeSlow(Math.min(length * 2, this.#limits.headBytes + 1));
      partial.copy(room, 0, 0, before);
      this.#partial = room;
    }
    chunk.copy(room, before, from, from + length - before);
    this.#partialLength = length;
    const step = this.#run(room, 0, length);
    if (step === Step.Head) {
      this.offset = from + this.#position - before;
      this.text = room.toString('latin1', 0, this.#position);
      this.#partial = null;
    } else {
      this.offset = chunk.length;
    }
    return step;
  }

  #keep(chunk: Buffer, from: number): void {
    const length = chunk.length - from;
    const room = Buffer.allocUnsafeSlow(Math.max(length * 2, 512));
    chunk.copy(room, 0, from);
    this.#partial = room;
    this.#partialLength = length;
  }

  name(index: number): string {
    const at = index * PER_FIELD;
    return this.text.substring(this.#fields[at] as number, this.#fields[at + 1] as number);
  }

  value(index: number): string {
    const at = index * PER_FIELD;
    return this.text.substring(this.#fields[at + 2] as number, this.#fields[at + 3] as number);
  }

  known(index: number): KnownField {
    return this.#fields[index * PER_FIELD + 4] as KnownField;
  }

  get(name: string): string | null {
    for (let i = 0; i < this.count; i++) if (this.name(i).toLowerCase() === name) return this.value(i);
    return null;
  }

  /** Whether the line of this field reads `name: value` exactly, so that `line` is how it is written out. */
  isPlain(index: number): boolean {
    const at = index * PER_FIELD;
    const nameEnd = this.#fields[at + 1] as number;
    const valueEnd = this.#fields[at + 3] as number;
    return (
      this.#fields[at + 2] === nameEnd + 2 &&
      this.text.charCodeAt(nameEnd + 1) === SPACE &&
      this.text.charCodeAt(valueEnd) === CR
    );
  }

  /** Begin of the name of a field within `text`. */
  nameBegin(index: number): number {
    return this.#fields[index * PER_FIELD] as number;
  }

  /** End of the value of a field within `text`. */
  valueEnd(index: number): number {
    return this.#fields[index * PER_FIELD + 3] as number;
  }

  #fail(code: FailureCode): Step {
    this.failure = code;
    return Step.Failed;
  }

  /** The scan itself over `bytes[base + position, end)`. */
  #run(bytes: Buffer, base: number, end: number): Step {
    const limit = base + this.#limits.headBytes;
    const stop = Math.min(end, limit);
    let step: Step = Step.Head;
    if (this.#at < At.Line) step = this.#runStartLine(bytes, base, stop);
    if (step === Step.Head) step = this.#runFields(bytes, base, stop);
    if (step !== Step.More) return step;
    if (
      this.#startLine === 'request' &&
      this.#at <= At.StartLine &&
      this.#position > this.#limits.targetBytes + 64
    )
      return this.#fail('TARGET_TOO_LONG');
    return end >= limit ? this.#fail('HEAD_TOO_LARGE') : Step.More;
  }

  /** Head: the start line is whole. */
  #runStartLine(bytes: Buffer, base: number, stop: number): Step {
    let i = base + this.#position;
    let at = this.#at;
    scan: while (i < stop) {
      switch (at) {
        case At.Begin:
          if (bytes[i] === CR && this.#startLine === 'request' && i === base) {
            i++;
            at = At.BeginLf;
            break;
          }
          this.startLineBegin = i - base;
          at = At.StartLine;
          break;
        case At.BeginLf:
          if (bytes[i] !== LF) return this.#fail('LINE_END');
          i++;
          at = At.Begin;
          break;
        case At.StartLine:
          while (i < stop && VALUE[bytes[i] as number] === 1) i++;
          if (i === stop) break scan;
          if (bytes[i] !== CR) return this.#fail(bytes[i] === LF ? 'LINE_END' : 'START_LINE');
          this.startLineEnd = i - base;
          if (!this.#namesHttp(bytes, base, i)) return this.#fail('START_LINE');
          i++;
          at = At.StartLf;
          break;
        default:
          if (bytes[i] !== LF) return this.#fail('LINE_END');
          this.#at = At.Line;
          this.#position = i + 1 - base;
          return Step.Head;
      }
    }
    this.#position = i - base;
    this.#at = at;
    return Step.More;
  }

  /** Whether the start line has `HTTP/` in its place: what is not HTTP at all is refused before its head is whole. */
  #namesHttp(bytes: Buffer, base: number, end: number): boolean {
    const at = this.#startLine === 'request' ? end - 8 : base + this.startLineBegin;
    if (at < base + this.startLineBegin) return false;
    for (let i = 0; i < HTTP.length; i++) if (bytes[at + i] !== HTTP[i]) return false;
    return true;
  }

  /** Head: the empty line after the fields is whole. */
  #runFields(bytes: Buffer, base: number, stop: number): Step {
    let i = base + this.#position;
    let at = this.#at;
    let begin = base + this.#begin;
    scan: while (i < stop) {
      switch (at) {
        case At.Line:
          if (bytes[i] === CR) {
            i++;
            at = At.EndLf;
            break;
          }
          if (this.count === this.#limits.fields) return this.#fail('TOO_MANY_FIELDS');
          begin = i;
          at = At.Name;
          break;
        case At.Name:
          while (i < stop && TOKEN[bytes[i] as number] === 1) i++;
          if (i === stop) break scan;
          if (bytes[i] !== COLON || i === begin)
            return this.#fail(nameFailure(bytes[i] as number, i === begin));
          this.#name(bytes, base, begin, i);
          i++;
          at = At.Space;
          break;
        case At.Space:
          while (i < stop && isSpace(bytes[i])) i++;
          if (i === stop) break scan;
          begin = i;
          at = At.Value;
          break;
        case At.Value:
          while (i < stop && VALUE[bytes[i] as number] === 1) i++;
          if (i === stop) break scan;
          if (bytes[i] !== CR) return this.#fail(bytes[i] === LF ? 'LINE_END' : 'FIELD_VALUE');
          this.#value(bytes, base, begin, i);
          i++;
          at = At.ValueLf;
          break;
        default:
          if (bytes[i] !== LF) return this.#fail('LINE_END');
          i++;
          if (at === At.EndLf) {
            this.#position = i - base;
            return Step.Head;
          }
          this.count++;
          at = At.Line;
      }
    }
    this.#position = i - base;
    this.#at = at;
    this.#begin = begin - base;
    return Step.More;
  }

  #name(bytes: Buffer, base: number, begin: number, end: number): void {
    const at = this.count * PER_FIELD;
    this.#fields[at] = begin - base;
    this.#fields[at + 1] = end - base;
    this.#known = knownField(bytes, begin, end);
  }

  /**
   * Without the white space at its end. llhttp (Node's own parser) knows no tab behind `chunked` and then takes the
   * message for one that is not chunked: the tab stays, so that it is another coding for us too, and refused.
   */
  #value(bytes: Buffer, base: number, begin: number, end: number): void {
    const at = this.count * PER_FIELD;
    const trimTabs = this.#known !== Known.TransferEncoding;
    let last = end;
    while (last > begin && (bytes[last - 1] === SPACE || (trimTabs && bytes[last - 1] === HTAB))) last--;
    this.#fields[at + 2] = begin - base;
    this.#fields[at + 3] = last - base;
    this.#fields[at + 4] = this.#known;
  }
}

const isSpace = (byte: number | undefined): boolean => byte === SPACE || byte === HTAB;

function nameFailure(byte: number, empty: boolean): FailureCode {
  if (empty && isSpace(byte)) return 'FIELD_FOLDED';
  return empty && byte === LF ? 'LINE_END' : 'FIELD_NAME';
}
