/**
 * Takes out of a message that passes by the Authentication-Results fields that bear our name (RFC 8601 §5): what we did not
 * check, nobody may say in our name. Everything else comes out octet for octet.
 *
 * Promises: the same octets however the message is cut; no more is held than one such field, and one that is too long to be
 * a field is taken out; linear.
 */
import { EMPTY, LF, latin1 } from '../base/bytes.ts';
import { colonOf, foldAscii, isBlankLine, nameEnd } from '../mail/header.ts';
import { withoutComments } from './results-words.ts';

const FIELD = 'authentication-results';
const MAX_FIELD_BYTES = 128 * 1024;
/** What tells whether a line begins the field: its name, blanks, a colon. */
const TELLING_BYTES = 1024;
/** `a`, in both cases. */
const FIRST_LETTER = 0x61;
const SP = 0x20;
const TAB = 0x09;

export class ResultsFilter {
  readonly #names: readonly string[];
  /** Of a line that has begun and cannot be told yet. */
  #held: Buffer = EMPTY;
  /** The lines of a field that may bear our name. */
  #field: Buffer[] = [];
  #fieldBytes = 0;
  /** What the line at hand belongs to: other fields, or one of those. */
  #state: 'passing' | 'gathering' | 'dropping' = 'passing';
  #isLineStart = true;
  #isOver = false;
  #removed = 0;

  /** Our names: the one that we check under, and others that we are known by. */
  constructor(names: readonly string[]) {
    this.#names = names.map((name) => name.toLowerCase());
  }

  /** How many fields have been taken out. */
  get removed(): number {
    return this.#removed;
  }

  write(piece: Buffer): Buffer[] {
    if (this.#isOver) return [piece];
    const out: Buffer[] = [];
    const bytes = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    this.#held = EMPTY;
    let at = 0;
    while (at < bytes.length && !this.#isOver) {
      const lf = bytes.indexOf(LF, at);
      const end = lf < 0 ? bytes.length : lf + 1;
      if (this.#isLineStart) {
        if (lf < 0 && end - at < TELLING_BYTES) {
          this.#held = Buffer.from(bytes.subarray(at));
          return out;
        }
        this.#beginLine(bytes, at, out);
      }
      if (!this.#isOver) this.#give(bytes.subarray(at, end), out);
      this.#isLineStart = lf >= 0;
      if (!this.#isOver) at = end;
    }
    if (this.#isOver) out.push(bytes.subarray(at));
    return out;
  }

  /** The message ends here. */
  end(): Buffer[] {
    const out: Buffer[] = [];
    if (this.#isOver) return out;
    if (this.#held.length > 0) {
      this.#beginLine(this.#held, 0, out);
      this.#give(this.#held, out);
      this.#held = EMPTY;
    }
    this.#endField(out);
    this.#isOver = true;
    return out;
  }

  #beginLine(bytes: Buffer, at: number, out: Buffer[]): void {
    if (bytes[at] === SP || bytes[at] === TAB) return;
    this.#endField(out);
    if (isBlankLine(bytes, at, bytes.length)) {
      this.#isOver = true;
      return;
    }
    this.#state = isField(bytes, at) ? 'gathering' : 'passing';
  }

  #give(octets: Buffer, out: Buffer[]): void {
    if (this.#state === 'passing') append(out, octets);
    if (this.#state !== 'gathering') return;
    this.#field.push(Buffer.from(octets));
    this.#fieldBytes += octets.length;
    if (this.#fieldBytes <= MAX_FIELD_BYTES) return;
    this.#state = 'dropping';
    this.#removed++;
    this.#field = [];
  }

  #endField(out: Buffer[]): void {
    const field = this.#field;
    this.#field = [];
    this.#fieldBytes = 0;
    if (this.#state === 'gathering') {
      if (bearsName(Buffer.concat(field), this.#names)) this.#removed++;
      else out.push(...field);
    }
    this.#state = 'passing';
  }
}

/** Nearly every line is told by its first letter. */
function isField(bytes: Buffer, at: number): boolean {
  if (((bytes[at] as number) | 0x20) !== FIRST_LETTER) return false;
  const colon = colonOf(bytes, at, bytes.length);
  return colon >= 0 && foldAscii(latin1(bytes, at, nameEnd(bytes, at, colon))) === FIELD;
}

/** Lines that lie one behind the other are one piece. */
function append(out: Buffer[], octets: Buffer): void {
  const last = out.at(-1);
  const isBehind =
    last !== undefined &&
    last.buffer === octets.buffer &&
    last.byteOffset + last.length === octets.byteOffset;
  if (!isBehind) out.push(octets);
  else out[out.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + octets.length);
}

/** Whether one of the names is the authserv-id of the field, or may be read as it. */
export function bearsName(field: Buffer, names: readonly string[]): boolean {
  const text = latin1(field, field.indexOf(0x3a) + 1).replace(/\r?\n/g, '');
  const [id = ''] = withoutComments(text).split(';', 1);
  const words = id.toLowerCase().split(/[\s"]+/);
  return names.some((name) => words.some((word) => word.replace(/\.$/, '') === name));
}
