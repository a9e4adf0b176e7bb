/**
 * Bytes to complete commands. The only code that knows how a line ends, what `{n}`, `{n+}`, `~{n}` and `~{n+}` mean,
 * and where a command stops (RFC 9051 §4.3, RFC 7888, RFC 3516 §4.4).
 *
 * `push` what the socket gives, call `next` until it returns undefined. The events depend on the bytes alone, never on
 * how they were cut into chunks; the bodies of streamed literals are the exception, only their sum is promised.
 *
 * The invariant: no octet of a literal is ever read as a command, whatever went wrong with the command it belongs to.
 * A refused or broken command is dropped to its end, with the literals it announces; where that end cannot be known,
 * the fault is fatal and nothing more is read. Memory is bounded by the limits, announced sizes cost nothing.
 *
 * Leaves to others: the literal policy, what is said to the client, reading from the socket.
 */
import { CR, LF } from '../../base/bytes.ts';
import { invariant } from '../../base/invariant.ts';
import { ByteQueue, Gatherer } from './byte-queue.ts';
import { SyntaxFault } from './fault.ts';
import { commandHead, type FramePart, frameOf, type StreamedLiteral } from './frame.ts';
import type { FrameEvent, FramerLimits, LineEvent } from './frame-event.ts';
import {
  ANNOUNCEMENT_BYTES,
  announcedLiteral,
  CommandProgress,
  type LiteralAnnouncement,
  type LiteralDecision,
  type LiteralForm,
  type LiteralPolicy,
} from './literal.ts';

/** Each message of a MULTIAPPEND comes with flags and a date: so much more text is allowed for it. */
const MESSAGE_TEXT_BYTES = 1024;

type Mode = 'text' | 'wait' | 'literal' | 'stream' | 'skip' | 'dead';
type AcceptedDecision = Extract<LiteralDecision, string>;

export class Framer {
  #limits: FramerLimits;
  readonly #policy: LiteralPolicy;
  readonly #input = new ByteQueue();
  readonly #gathered = new Gatherer();
  #events: FrameEvent[] = [];
  #mode: Mode = 'text';
  /** What the text now read belongs to: a command, a dropped command, or a dropped line of `takeLine`. */
  #dropping: 'nothing' | 'command' | 'line' = 'nothing';
  #parts: FramePart[] = [];
  #progress = new CommandProgress();
  #textBytes = 0;
  #literalBytes = 0;
  #literalCount = 0;
  #bufferedCount = 0;
  #droppedBytes = 0;
  /** Octets of the current literal still to come. */
  #remaining = 0;
  #isBinary = false;
  #streamed: StreamedLiteral | undefined;
  #wanted: { readonly announcement: LiteralAnnouncement; readonly decision: AcceptedDecision } | undefined;

  constructor(limits: FramerLimits, policy: LiteralPolicy) {
    this.#limits = limits;
    this.#policy = policy;
  }

  /** For the moment of login. Takes effect with the next octet that is judged. */
  setLimits(limits: FramerLimits): void {
    this.#limits = limits;
  }

  push(chunk: Buffer): void {
    if (this.#mode !== 'dead') this.#input.push(chunk);
  }

  next(): FrameEvent | undefined {
    while (this.#events.length === 0) {
      if (!this.#step()) return undefined;
    }
    return this.#events.shift();
  }

  /** One line without literals: a continuation of AUTHENTICATE, or DONE. Only between commands. */
  takeLine(): LineEvent | undefined {
    if (this.#mode === 'dead') return undefined;
    while (this.#dropping === 'line') {
      if (!this.#dropText()) return undefined;
    }
    const fault = this.#events.shift();
    if (fault?.kind === 'fault') return { kind: 'fault', fault: fault.fault };
    invariant(this.#parts.length === 0 && this.#mode === 'text', 'takeLine inside a command');
    while (this.#input.length > 0) {
      const line = this.#readLine();
      if (line === 'too-long') {
        this.#dropping = 'line';
        return { kind: 'fault', fault: new SyntaxFault('Line is too long', { code: { code: 'LIMIT' } }) };
      }
      if (line !== undefined) {
        this.#textBytes = 0;
        return { kind: 'line', bytes: line };
      }
    }
    return undefined;
  }

  /** Go on with the literal of the last `literal-wanted`. */
  accept(): void {
    invariant(this.#wanted !== undefined, 'accept without a waiting literal');
    const { announcement, decision } = this.#wanted;
    this.#wanted = undefined;
    this.#begin(announcement, decision);
  }

  /** Drop the command of the last `literal-wanted` or `stream-literal`; a `fault` event follows. */
  refuse(fault: SyntaxFault): void {
    if (this.#wanted !== undefined) {
      this.#wanted = undefined;
      this.#refuseSync(fault);
      return;
    }
    invariant(this.#mode === 'stream', 'refuse without a literal');
    // Chunks of this literal that were not fetched yet are of no use to anybody.
    this.#events = [];
    this.#streamed = undefined;
    this.#refuseBody(fault);
  }

  /**
   * Forgets everything unread and says how much it was. After STARTTLS (RFC 9051 §6.2.1, §11.1): what came in the
   * clear behind the command must not be taken for the protected session's.
   */
  residual(): number {
    const count = this.#input.length + this.#gathered.length;
    this.#input.clear();
    this.#events = [];
    this.#wanted = undefined;
    if (this.#mode !== 'dead') this.#endCommand();
    return count;
  }

  /** What nobody has read yet, between commands: somebody else goes on from here. */
  takeUnread(): Buffer {
    return this.#input.takeAll();
  }

  /** Advances by one token; false when more input, or a decision, is needed first. */
  #step(): boolean {
    switch (this.#mode) {
      case 'text':
        return this.#dropping === 'nothing' ? this.#stepText() : this.#dropText();
      case 'literal':
        return this.#stepLiteral();
      case 'stream':
        return this.#stepStream();
      case 'skip':
        return this.#stepSkip();
      case 'wait':
      case 'dead':
        return false;
    }
  }

  #stepText(): boolean {
    if (this.#input.length === 0) return false;
    const line = this.#readLine();
    if (line === undefined) return true;
    if (line === 'too-long') {
      this.#fault(new SyntaxFault('Command line is too long', { code: { code: 'LIMIT' } }));
      this.#dropping = 'command';
      return true;
    }
    // Apple Mail and others send an empty line behind DONE or a literal.
    if (line.length === 0 && this.#parts.length === 0) {
      this.#textBytes = 0;
      return true;
    }
    const form = announcedLiteral(line);
    if (form !== undefined) {
      this.#parts.push(line.subarray(0, form.textEnd));
      this.#announced(form);
      return true;
    }
    this.#parts.push(line);
    this.#events.push({ kind: 'frame', frame: frameOf(this.#parts) });
    this.#endCommand();
    return true;
  }

  /**
   * A line without its end when one is complete, 'too-long' as soon as the limit is passed (what was within it stays
   * gathered), undefined after moving what there is into the gatherer.
   */
  #readLine(): Buffer | 'too-long' | undefined {
    const chunk = this.#input.front();
    const lineEnd = chunk.indexOf(LF);
    const count = lineEnd < 0 ? chunk.length : lineEnd;
    const room = this.#limits.lineBytes + this.#progress.streamedCount * MESSAGE_TEXT_BYTES - this.#textBytes;
    if (count > room) {
      const fitting = Math.max(0, room);
      this.#gathered.append(chunk.subarray(0, fitting));
      this.#input.consume(fitting);
      return 'too-long';
    }
    this.#textBytes += count;
    if (lineEnd < 0) {
      this.#gathered.append(chunk);
      this.#input.consume(count);
      return undefined;
    }
    const line = this.#gathered.takeWith(chunk.subarray(0, count));
    this.#input.consume(count + 1);
    return line[line.length - 1] === CR ? line.subarray(0, -1) : line;
  }

  #announced(form: LiteralForm): void {
    const head = commandHead(this.#parts[0] as Buffer);
    const { sizeBytes, isSync, isBinary } = form;
    const index = this.#literalCount++;
    const progress = this.#progress;
    const announcement = { ...head, parts: this.#parts, index, sizeBytes, isSync, isBinary, progress };
    const decision = this.#decide(announcement);
    if (typeof decision === 'string' && !isSync) {
      this.#begin(announcement, decision);
    } else if (typeof decision === 'string') {
      this.#mode = 'wait';
      this.#wanted = { announcement, decision };
      this.#events.push({ kind: 'literal-wanted', announcement });
    } else if (isSync) {
      this.#refuseSync(decision.refuse);
    } else {
      this.#remaining = sizeBytes;
      this.#refuseBody(decision.refuse);
    }
  }

  #decide(announcement: LiteralAnnouncement): LiteralDecision {
    const { sizeBytes } = announcement;
    if (sizeBytes === Number.POSITIVE_INFINITY) return limitFault('Literal is too big', 'TOOBIG');
    const decision = this.#policy(announcement);
    if (decision !== 'buffer') return decision;
    if (++this.#bufferedCount > this.#limits.literals) return limitFault('Too many literals', 'LIMIT');
    if (this.#literalBytes + sizeBytes > this.#limits.literalBytes) {
      return limitFault('Literals of this command are too big', 'TOOBIG');
    }
    return decision;
  }

  #begin(announcement: LiteralAnnouncement, decision: AcceptedDecision): void {
    const { sizeBytes, isBinary, index } = announcement;
    this.#remaining = sizeBytes;
    if (decision === 'buffer') {
      this.#literalBytes += sizeBytes;
      this.#isBinary = isBinary;
      this.#mode = 'literal';
      return;
    }
    this.#progress.streamedBytes += sizeBytes;
    this.#progress.streamedCount++;
    const literal: StreamedLiteral = { kind: 'streamed', sizeBytes, isBinary, index };
    this.#streamed = literal;
    this.#mode = 'stream';
    this.#events.push({ kind: 'stream-literal', literal, announcement });
  }

  #stepLiteral(): boolean {
    const chunk = this.#input.front();
    const count = Math.min(chunk.length, this.#remaining);
    if (count === 0 && this.#remaining > 0) return false;
    const bytes = chunk.subarray(0, count);
    this.#remaining -= count;
    this.#input.consume(count);
    if (this.#remaining > 0) {
      this.#gathered.append(bytes);
      return true;
    }
    this.#parts.push({ kind: 'buffered', bytes: this.#gathered.takeWith(bytes), isBinary: this.#isBinary });
    this.#mode = 'text';
    return true;
  }

  #stepStream(): boolean {
    const literal = this.#streamed as StreamedLiteral;
    if (this.#remaining === 0) {
      this.#parts.push(literal);
      this.#streamed = undefined;
      this.#mode = 'text';
      this.#events.push({ kind: 'stream-end', literal });
      return true;
    }
    const chunk = this.#input.front();
    if (chunk.length === 0) return false;
    const count = Math.min(chunk.length, this.#remaining);
    this.#remaining -= count;
    this.#input.consume(count);
    this.#events.push({ kind: 'stream-chunk', literal, bytes: chunk.subarray(0, count) });
    return true;
  }

  /** The body of a refused literal, or of one that a dropped command announced. */
  #stepSkip(): boolean {
    if (this.#remaining === 0) {
      this.#mode = 'text';
      return true;
    }
    const count = Math.min(this.#input.front().length, this.#remaining);
    if (count === 0) return false;
    this.#remaining -= count;
    this.#input.consume(count);
    return true;
  }

  /** Text of a dropped command or line: only its end matters, and whether it announces a literal. */
  #dropText(): boolean {
    const chunk = this.#input.front();
    if (chunk.length === 0) return false;
    const lineEnd = chunk.indexOf(LF);
    const count = lineEnd < 0 ? chunk.length : lineEnd;
    const tail = this.#gathered.takeWith(chunk.subarray(0, count));
    this.#gathered.clear();
    this.#input.consume(lineEnd < 0 ? count : count + 1);
    if (!this.#mayDrop(count)) return true;
    if (lineEnd < 0) {
      this.#gathered.append(tail.subarray(Math.max(0, tail.length - ANNOUNCEMENT_BYTES)));
      return true;
    }
    const line = tail[tail.length - 1] === CR ? tail.subarray(0, -1) : tail;
    const form = this.#dropping === 'command' ? announcedLiteral(line) : undefined;
    // A synchronizing literal ends the command: its tagged answer has been given, so the client will not send it.
    if (form === undefined || form.isSync) {
      this.#endCommand();
    } else if (this.#mayDrop(form.sizeBytes)) {
      this.#remaining = form.sizeBytes;
      this.#mode = 'skip';
    }
    return true;
  }

  /** The client waits for an answer and must not have sent anything (RFC 9051 §4.3). */
  #refuseSync(fault: SyntaxFault): void {
    // Octets behind a synchronizing literal that was never accepted: its body, sent unasked. Mail from a stranger
    // could hold commands, so they must not be read.
    this.#fault(this.#input.length > 0 ? fatal(fault) : fault);
    if (this.#input.length > 0) this.#die();
    else this.#endCommand();
  }

  #refuseBody(fault: SyntaxFault): void {
    this.#fault(fault);
    this.#dropping = 'command';
    this.#mode = 'skip';
    this.#parts = [];
    this.#mayDrop(this.#remaining);
  }

  /** Counts what is thrown away; beyond the limit the connection is not worth its traffic. */
  #mayDrop(count: number): boolean {
    this.#droppedBytes += count;
    if (this.#droppedBytes <= this.#limits.discardBytes) return true;
    const fault = new SyntaxFault('Too much to skip', { code: { code: 'LIMIT' }, isFatal: true });
    this.#events.push({ kind: 'fault', tag: undefined, name: '', fault });
    this.#die();
    return false;
  }

  #fault(fault: SyntaxFault): void {
    const text = (this.#parts[0] as Buffer | undefined) ?? this.#gathered.peek();
    const { tag, name, argumentsAt } = commandHead(text);
    // Where a line was too long inside its first word, that word is not all of a tag.
    const isWhole = name !== '' || argumentsAt < text.length;
    this.#events.push({ kind: 'fault', tag: isWhole ? tag : undefined, name, fault });
  }

  #endCommand(): void {
    this.#mode = 'text';
    this.#dropping = 'nothing';
    this.#parts = [];
    this.#textBytes = 0;
    this.#literalBytes = 0;
    this.#literalCount = 0;
    this.#bufferedCount = 0;
    if (this.#progress.hasBegun) this.#progress = new CommandProgress();
    this.#droppedBytes = 0;
    this.#remaining = 0;
    this.#streamed = undefined;
    this.#gathered.clear();
  }

  #die(): void {
    this.#endCommand();
    this.#mode = 'dead';
    this.#input.clear();
  }
}

function limitFault(message: string, code: 'LIMIT' | 'TOOBIG'): { readonly refuse: SyntaxFault } {
  return { refuse: new SyntaxFault(message, { status: 'NO', code: { code } }) };
}

function fatal(fault: SyntaxFault): SyntaxFault {
  const { message, status, code } = fault;
  return new SyntaxFault(message, { status, isFatal: true, ...(code === undefined ? {} : { code }) });
}
