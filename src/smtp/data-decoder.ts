/**
 * The octets after DATA: finds their end and undoes dot stuffing (RFC 5321 §4.5.2). Pure; gives the same result however
 * the input is cut.
 *
 * The end is CRLF . CRLF and nothing else, or a message could carry a second one past us (SMTP smuggling). A line for
 * dot stuffing, however, also begins after a bare LF: clients that send bare LFs stuff after them. A single dot before
 * other text is left alone; a client that stuffs never sends it.
 *
 * All octets are found with `indexOf`, and a chunk is given on as it is or, when dots had to go, moved together in place.
 */
import { CR, EMPTY, LF } from '../base/bytes.ts';

const DOT = 0x2e;
const LF_DOT = Buffer.from('\n.');

export interface Decoded {
  readonly bytes: Buffer;
  /** What came after the end of the message; undefined while it goes on. */
  readonly rest: Buffer | undefined;
}

type LineStart = 'none' | 'after-lf' | 'after-crlf';

export class DataDecoder {
  /** The line of DATA itself ended in CRLF. */
  #lineStart: LineStart = 'after-crlf';
  #endsInCr = false;
  /** A dot, or a dot and a CR, at the start of a line: what they mean depends on what comes next. */
  #held: Buffer = EMPTY;

  /** The chunk belongs to the decoder: its bytes are moved. */
  feed(input: Buffer): Decoded {
    const chunk = this.#held.length === 0 ? input : Buffer.concat([this.#held, input]);
    this.#held = EMPTY;
    let kept = 0;
    let from = 0;
    let at = 0;
    const keep = (to: number): Buffer => {
      if (from !== kept) chunk.copyWithin(kept, from, to);
      kept += to - from;
      return chunk.subarray(0, kept);
    };
    for (;;) {
      if (this.#lineStart !== 'none' && at < chunk.length) {
        const dots = this.#dotsAt(chunk, at);
        if (dots === 'undecided') {
          this.#held = Buffer.from(chunk.subarray(at));
          return { bytes: keep(at), rest: undefined };
        }
        if (dots === 'end') return { bytes: keep(at), rest: chunk.subarray(at + 3) };
        this.#lineStart = 'none';
        if (dots === 'stuffed') {
          keep(at);
          from = at + 1;
          at += 2;
        }
      }
      const lf = endBeforeDot(chunk, at);
      if (lf < 0) {
        if (at < chunk.length) this.#endsInCr = chunk[chunk.length - 1] === CR;
        return { bytes: keep(chunk.length), rest: undefined };
      }
      const isCrLf = lf > 0 ? chunk[lf - 1] === CR : this.#endsInCr;
      this.#lineStart = isCrLf ? 'after-crlf' : 'after-lf';
      this.#endsInCr = false;
      at = lf + 1;
    }
  }

  #dotsAt(chunk: Buffer, at: number): 'plain' | 'stuffed' | 'end' | 'undecided' {
    if (chunk[at] !== DOT) return 'plain';
    const left = chunk.length - at;
    if (left === 1) return 'undecided';
    if (chunk[at + 1] === DOT) return 'stuffed';
    if (chunk[at + 1] !== CR || this.#lineStart !== 'after-crlf') return 'plain';
    if (left === 2) return 'undecided';
    return chunk[at + 2] === LF ? 'end' : 'plain';
  }
}

/** The next line end that a dot may follow: only there something can be to do. Below zero: there is none. */
function endBeforeDot(chunk: Buffer, at: number): number {
  const lf = chunk.indexOf(LF_DOT, at);
  return lf < 0 && at < chunk.length && chunk[chunk.length - 1] === LF ? chunk.length - 1 : lf;
}
