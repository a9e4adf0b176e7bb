/**
 * Address lists to ASCII. A display name becomes encoded words (RFC 6857 §3.1.5). An address that is not ASCII has no other
 * form: in its place stands one under `.invalid`, which will never be anybody's, and the display name shows what was
 * there (RFC 6858 §2.1).
 *
 * Promises: entries that are ASCII stay octet for octet, so do the ASCII addresses of the others; as many entries as
 * before, in groups as before; linear, never throws. Lists are read as `address.ts` reads them. Strings are octets
 * (latin1), unfolded.
 */
import { contentOf, downgradeComment, type Token, textOf, tokensOf } from './structured.ts';
import { downgradePhrase, isSendable } from './text.ts';

/** RFC 6858 §2.1 has it so. */
export const INVALID_ADDRESS = '<invalid@internationalized-address.invalid>';

export function downgradeAddressList(text: string): string {
  const writer = new ListWriter();
  for (const token of tokensOf(text)) writer.add(token);
  return writer.end();
}

class ListWriter {
  #out = '';
  #entry: Token[] = [];
  #inGroup = false;
  /** Where in the entry its `<` and its `>` stand. */
  #less = -1;
  #greater = -1;
  /** Nothing but blanks has come since the `<`. */
  #isAngleEmpty = false;
  /** `<@a,@b:c@d>`: inside a source route a comma ends nothing (RFC 5322 §4.4). */
  #isRoute = false;

  add(token: Token): void {
    const { kind, text } = token;
    const inAngle = this.#less >= 0 && this.#greater < 0;
    if (kind === 'sign' && this.#endsEntry(text, inAngle)) {
      if (text === ':' && !this.#inGroup) this.#out += downgradeGroupName(this.#entry);
      else this.#flush();
      if (text !== ',') this.#inGroup = text === ':';
      this.#begin([]);
      this.#out += text;
      return;
    }
    if (text === '<' && this.#greater >= 0) this.#split();
    if (kind === 'sign') this.#note(text, inAngle);
    else if (kind !== 'blank' && kind !== 'comment') this.#isAngleEmpty = false;
    this.#entry.push(token);
  }

  end(): string {
    this.#flush();
    return this.#out;
  }

  #endsEntry(sign: string, inAngle: boolean): boolean {
    if (sign === ';') return true;
    if (sign === ',') return !(inAngle && this.#isRoute);
    return sign === ':' && !inAngle;
  }

  #note(sign: string, inAngle: boolean): void {
    if (sign === '@' && inAngle && this.#isAngleEmpty) this.#isRoute = true;
    this.#isAngleEmpty = sign === '<' && this.#less < 0;
    if (this.#isAngleEmpty) this.#less = this.#entry.length;
    if (sign === '>' && inAngle) this.#greater = this.#entry.length;
  }

  /** `<a@b> name <c@d>`: the comma was forgotten. */
  #split(): void {
    const next = this.#entry.splice(this.#greater + 1);
    this.#flush();
    this.#begin(next);
  }

  #begin(entry: Token[]): void {
    this.#entry = entry;
    this.#less = -1;
    this.#greater = -1;
    this.#isAngleEmpty = false;
    this.#isRoute = false;
  }

  #flush(): void {
    const entry = this.#entry;
    if (isSendable(textOf(entry))) this.#out += textOf(entry);
    else if (this.#less >= 0) {
      const end = this.#greater < 0 ? entry.length : this.#greater + 1;
      this.#out += rewritten(entry, this.#less, end);
    } else this.#out += rewritten(entry, ...bareAddress(entry));
  }
}

function needsWork(tokens: readonly Token[]): boolean {
  return !isSendable(textOf(tokens.filter(({ kind }) => kind !== 'comment')));
}

function downgradeGroupName(tokens: readonly Token[]): string {
  if (isSendable(textOf(tokens))) return textOf(tokens);
  return `${leadingBlank(tokens)}${downgradePhrase(contentOf(tokens))}${commentsOf(tokens)}`;
}

/** An entry whose address is `entry[from..to)`, the same numbers when it has none. */
function rewritten(entry: readonly Token[], from: number, to: number): string {
  const [before, address, after] = [entry.slice(0, from), entry.slice(from, to), entry.slice(to)];
  if (![before, address, after].some(needsWork)) return inAscii(entry);
  const isAngle = address[0]?.text === '<';
  const kept = address.length > 0 && !needsWork(address);
  let name = contentOf(before);
  let trailing = after;
  // `<a@b> name`: without another one these words are the name.
  if (name === '' && contentOf(after) !== '') {
    name = contentOf(after);
    trailing = after.filter(({ kind }) => kind === 'comment');
  }
  const lead = leadingBlank(entry);
  const comments = commentsOf(before);
  if (kept) {
    const shown = name === '' ? '' : `${downgradePhrase(name)} `;
    const angle = isAngle ? inAscii(address) : `<${addressText(address)}>${commentsOf(address)}`;
    return `${lead}${shown}${angle}${comments}${afterAddress(trailing)}`;
  }
  const original = addressText(address).replace(/^<|>$/g, '');
  const shown = name === '' || original === '' ? name + original : `${name} (${original})`;
  const more = `${comments}${commentsOf(address)}${afterAddress(trailing)}`;
  return `${lead}${shown === '' ? '' : `${downgradePhrase(shown)} `}${INVALID_ADDRESS}${more}`;
}

/** Where the address is in an entry without angles: around its first `@`, or a word that stands alone. */
function bareAddress(entry: readonly Token[]): [from: number, to: number] {
  const at = entry.findIndex(({ kind, text }) => kind === 'sign' && text === '@');
  if (at < 0) {
    const words = entry.filter(({ kind }) => kind !== 'blank' && kind !== 'comment');
    const first = entry.indexOf(words[0] as Token);
    return words.length === 1 ? [first, first + 1] : [entry.length, entry.length];
  }
  return [localStart(entry, at), domainEnd(entry, at)];
}

/** Words that touch, or whose gap has a dot beside it (RFC 5322 §4.4 obs-local-part), belong together. */
function localStart(entry: readonly Token[], at: number): number {
  let start = at;
  for (let i = at - 1; i >= 0; i--) {
    const { kind, text } = entry[i] as Token;
    if (kind === 'blank' || kind === 'comment') continue;
    const touches = start === at || i === start - 1;
    if (!touches && !text.endsWith('.') && !entry[start]?.text.startsWith('.')) break;
    start = i;
  }
  return start;
}

function domainEnd(entry: readonly Token[], at: number): number {
  let end = at + 1;
  let endsWithDot = true;
  for (let i = at + 1; i < entry.length; i++) {
    const { kind, text } = entry[i] as Token;
    if (kind === 'blank' || kind === 'comment') continue;
    if (kind !== 'word' && kind !== 'sign') break;
    if (kind === 'word' && !endsWithDot && !text.startsWith('.')) break;
    endsWithDot = kind === 'sign' || text.endsWith('.');
    end = i + 1;
  }
  return end;
}

/** What follows an address: comments may, words that are not ASCII may only as one. */
function afterAddress(tokens: readonly Token[]): string {
  if (!needsWork(tokens)) return ` ${inAscii(tokens).trim()}`.trimEnd();
  return ` (${downgradePhrase(contentOf(tokens))})${commentsOf(tokens)}`;
}

function leadingBlank(tokens: readonly Token[]): string {
  return tokens[0]?.kind === 'blank' ? ' ' : '';
}

/** Each with a blank before it. */
function commentsOf(tokens: readonly Token[]): string {
  return tokens
    .filter(({ kind }) => kind === 'comment')
    .map(({ text }) => ` ${downgradeComment(text)}`)
    .join('');
}

/** An address without the white space that was allowed in it once. */
function addressText(tokens: readonly Token[]): string {
  return textOf(tokens.filter(({ kind }) => kind !== 'comment' && kind !== 'blank'));
}

/** Tokens whose comments alone may have something above 127. */
function inAscii(tokens: readonly Token[]): string {
  return tokens.map(({ kind, text }) => (kind === 'comment' ? downgradeComment(text) : text)).join('');
}
