/**
 * The base subject: what is left of a subject without the marks of replies and forwards (RFC 5256 §2.1, grammar in §5).
 *
 * Promises: exactly that algorithm, since clients that sort without us must come to the same order; and whether it removed a mark of
 * a reply or forward, which THREAD=REFERENCES asks. Linear, however brackets are nested. `threadSubject` goes further, for
 * conversations: the marks of other languages and counted ones are marks as well.
 */
import { singleSpaced } from './fold.ts';

export interface BaseSubject {
  readonly text: string;
  readonly isReplyOrForward: boolean;
}

/** Of a decoded subject. */
export function baseSubject(subject: string): BaseSubject {
  return new SubjectReader(singleSpaced(subject), REPLY_MARK).read();
}

/** The subject that the messages of one conversation share, in whatever language their clients mark replies. */
export function threadSubject(subject: string): string {
  return new SubjectReader(singleSpaced(subject), ANY_REPLY_MARK).read().text;
}

/** `subj-refwd` without its blob and colon. */
const REPLY_MARK = /(?:re|fwd?) */iy;
/** With the counts of `Re[2]:` and `Re^2:`, the words other languages have for it, and full-width colons behind them. */
const ANY_REPLY_MARK =
  /(?:antwort|antw|aw|enc|fwd?|ilt|odp|ref|res|rif|re|rv|sv|tr|vb|vl|vs|wg|ynt|r|i|回复|回覆|答复|转发|轉寄)(?:\^\d{1,3}|\(\d{1,3}\))? */iuy;

const FORWARD_HEAD = '[fwd:';

class SubjectReader {
  readonly #text: string;
  readonly #mark: RegExp;
  #start = 0;
  #end: number;
  #isMarked = false;

  constructor(text: string, mark: RegExp) {
    this.#text = text;
    this.#mark = mark;
    this.#end = text.length;
  }

  read(): BaseSubject {
    do {
      this.#cutTrailers();
      this.#cutLeaders();
    } while (this.#unwrapForward());
    return { text: this.#text.slice(this.#start, this.#end), isReplyOrForward: this.#isMarked };
  }

  /** Step 2. */
  #cutTrailers(): void {
    for (;;) {
      if (this.#end > this.#start && this.#text.charAt(this.#end - 1) === ' ') this.#end--;
      else if (this.#endsWith('(fwd)')) {
        this.#end -= 5;
        this.#isMarked = true;
      } else return;
    }
  }

  /** Steps 3 to 5. */
  #cutLeaders(): void {
    for (;;) {
      if (this.#start < this.#end && this.#text.charAt(this.#start) === ' ') {
        this.#start++;
        continue;
      }
      // Where the blobs end, nothing or a mark stands, whichever of them is looked at first.
      const afterBlobs = this.#blobsEnd(this.#start);
      const marked = this.#markEnd(afterBlobs.end);
      if (marked > 0) {
        this.#start = marked;
        this.#isMarked = true;
        continue;
      }
      if (afterBlobs.end === this.#start) return;
      // A blob goes only when something is left.
      this.#start = afterBlobs.end < this.#end ? afterBlobs.end : afterBlobs.last;
      if (this.#start === afterBlobs.last) return;
    }
  }

  /** Step 6. */
  #unwrapForward(): boolean {
    if (this.#end - this.#start < FORWARD_HEAD.length + 1) return false;
    if (this.#text.charAt(this.#end - 1) !== ']') return false;
    const head = this.#text.slice(this.#start, this.#start + FORWARD_HEAD.length);
    if (head.toLowerCase() !== FORWARD_HEAD) return false;
    this.#start += FORWARD_HEAD.length;
    this.#end--;
    this.#isMarked = true;
    return true;
  }

  /** Behind `*subj-blob`, and where the last of them begins. */
  #blobsEnd(from: number): { readonly end: number; readonly last: number } {
    let end = from;
    let last = from;
    for (let next = this.#blobEnd(end); next > 0; next = this.#blobEnd(end)) {
      last = end;
      end = next;
    }
    return { end, last };
  }

  /** `"[" *BLOBCHAR "]" *WSP`; 0 when there is none. */
  #blobEnd(from: number): number {
    if (from >= this.#end || this.#text.charAt(from) !== '[') return 0;
    let at = from + 1;
    while (at < this.#end && this.#text.charAt(at) !== ']') {
      if (this.#text.charAt(at) === '[') return 0;
      at++;
    }
    if (at >= this.#end) return 0;
    at++;
    while (at < this.#end && this.#text.charAt(at) === ' ') at++;
    return at;
  }

  /** `("re" / ("fw" ["d"])) *WSP [subj-blob] ":"`; 0 when there is none. */
  #markEnd(from: number): number {
    this.#mark.lastIndex = from;
    if (!this.#mark.test(this.#text)) return 0;
    const word = this.#mark.lastIndex;
    const at = this.#blobEnd(word) || word;
    const colon = this.#text.charAt(at);
    const isColon = colon === ':' || (colon === '：' && this.#mark === ANY_REPLY_MARK);
    return isColon && at < this.#end ? at + 1 : 0;
  }

  #endsWith(word: string): boolean {
    const from = this.#end - word.length;
    return from >= this.#start && this.#text.slice(from, this.#end).toLowerCase() === word;
  }
}
