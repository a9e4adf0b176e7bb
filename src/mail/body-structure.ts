/**
 * BODYSTRUCTURE of a message as the bytes that FETCH sends (RFC 9051 §7.5.2), computed once at delivery, and BODY
 * from it.
 *
 * Promises: a valid `body` of RFC 9051 §9 for any tree, at most MAX_STRUCTURE_BYTES long, always with all extension
 * data: clients read attachments and boundaries from it, and some fail when it ends early. Sizes and lines are
 * numbers, never NIL. A multipart has at least one part (the scanner sees to it). The part numbers that a client
 * counts from it are those of `section.ts`.
 *
 * When it would grow too long it is made again with bare types and sizes, and if that is too long as well the
 * message is shown as one application/octet-stream.
 */
import { imapString, nstring } from './imap-string.ts';
import type { Parameter } from './parameter.ts';
import type { Part } from './part.ts';

/** Ten thousand bare parts fit. */
export const MAX_STRUCTURE_BYTES = 1024 * 1024;

const NO_ENVELOPE = '(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)';

export function bodyStructure(root: Part): Buffer {
  const text =
    new StructureWriter(false).write(root) ?? new StructureWriter(true).write(root) ?? opaque(root);
  return Buffer.from(text, 'latin1');
}

/**
 * The form without extension data, from the stored form: BODY costs a walk over the bytes, not a parse of the
 * message.
 */
export function bodyFromStructure(structure: Buffer): Buffer {
  const walker = new StructureWalker(structure);
  walker.body();
  return walker.result();
}

class StructureWriter {
  readonly #isBare: boolean;
  #roomBytes = MAX_STRUCTURE_BYTES;

  constructor(isBare: boolean) {
    this.#isBare = isBare;
  }

  /** Undefined when it does not fit. */
  write(root: Part): string | undefined {
    const text = this.#body(root);
    return this.#roomBytes < 0 ? undefined : text;
  }

  #body(part: Part): string {
    // Once there is no room the result is thrown away: stop working for it.
    if (this.#roomBytes < 0) return '';
    const { fields, kind } = part;
    let inner = '';
    if (kind === 'multipart') for (const child of part.children) inner += this.#body(child);
    else if (kind === 'message') inner = this.#body(part.children[0] as Part);
    const parameters = this.#isBare ? 'NIL' : parameterList(fields.parameters);
    const own =
      kind === 'multipart' ? `${imapString(fields.subtype)} ${parameters}` : this.#basic(part, parameters);
    const envelope = kind === 'message' ? this.#envelope(part) : '';
    const extension = this.#isBare ? 'NIL NIL NIL' : extensionData(part);
    this.#roomBytes -= own.length + envelope.length + extension.length + 40;
    if (kind === 'multipart') return `(${inner} ${own} ${extension})`;
    const md5 = this.#isBare ? 'NIL' : nstring(fields.md5);
    this.#roomBytes -= md5.length;
    if (kind === 'message') return `(${own} ${envelope} ${inner} ${part.bodyLines} ${md5} ${extension})`;
    const lines = fields.mediaType.startsWith('text/') ? ` ${part.bodyLines}` : '';
    return `(${own}${lines} ${md5} ${extension})`;
  }

  /** Type, subtype and `body-fields`. */
  #basic(part: Part, parameters: string): string {
    const { fields } = part;
    const id = this.#isBare ? 'NIL' : nstring(fields.id);
    const description = this.#isBare ? 'NIL' : nstring(fields.description);
    const encoding = imapString(fields.encodingName);
    const size = part.end - part.bodyStart;
    return `${imapString(fields.type)} ${imapString(fields.subtype)} ${parameters} ${id} ${description} ${encoding} ${size}`;
  }

  #envelope(part: Part): string {
    if (this.#isBare || part.envelope === undefined) return NO_ENVELOPE;
    return part.envelope.toString('latin1');
  }
}

function opaque(root: Part): string {
  return `("application" "octet-stream" NIL NIL NIL "7bit" ${root.end - root.bodyStart} NIL NIL NIL NIL)`;
}

function parameterList(parameters: readonly Parameter[]): string {
  let out = '';
  for (const { name, value } of parameters)
    out += `${out === '' ? '' : ' '}${imapString(name)} ${imapString(value)}`;
  return out === '' ? 'NIL' : `(${out})`;
}

/** Disposition, language and location: the end of both forms of a body. */
function extensionData(part: Part): string {
  const { disposition, language, location } = part.fields;
  const shown = disposition === undefined ? 'NIL' : dispositionText(disposition.type, disposition.parameters);
  return `${shown} ${languageText(language)} ${nstring(location)}`;
}

function dispositionText(type: string, parameters: readonly Parameter[]): string {
  return `(${imapString(type)} ${parameterList(parameters)})`;
}

function languageText(language: readonly string[] | undefined): string {
  if (language === undefined) return 'NIL';
  const tags = language.map(imapString);
  return tags.length === 1 ? (tags[0] as string) : `(${tags.join(' ')})`;
}

const OPEN = 0x28;
const CLOSE = 0x29;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;
const SP = 0x20;

/** Number of items of a basic body before its type's own and its extension data. */
const BASIC_ITEMS = 7;

/** Copies a stored structure, leaving the extension data out. Damaged bytes throw. */
class StructureWalker {
  readonly #bytes: Buffer;
  readonly #out: Buffer[] = [];
  #at = 0;
  /** What lies between here and the cursor is to be copied. */
  #copied = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  result(): Buffer {
    if (this.#at !== this.#bytes.length) throw new Error('body structure: trailing bytes');
    this.#out.push(this.#bytes.subarray(this.#copied));
    return Buffer.concat(this.#out);
  }

  body(): void {
    this.#expect(OPEN);
    if (this.#bytes[this.#at] === OPEN) {
      while (this.#bytes[this.#at] === OPEN) this.body();
      this.#expect(SP);
      this.#skipItem();
    } else this.#singlePart();
    this.#leaveOutRest();
  }

  #singlePart(): void {
    const start = this.#at;
    this.#skipItem();
    const isText = this.#isWord(start, '"text"');
    this.#expect(SP);
    const subtype = this.#at;
    this.#skipItem();
    const isMessage =
      this.#isWord(start, '"message"') &&
      (this.#isWord(subtype, '"rfc822"') || this.#isWord(subtype, '"global"'));
    for (let i = 2; i < BASIC_ITEMS; i++) this.#nextItem();
    if (isMessage) {
      this.#nextItem();
      this.#expect(SP);
      this.body();
    }
    if (isText || isMessage) this.#nextItem();
  }

  /** Goes to the parenthesis that closes the body at hand without copying what is before it. */
  #leaveOutRest(): void {
    this.#out.push(this.#bytes.subarray(this.#copied, this.#at));
    while (this.#bytes[this.#at] === SP) this.#nextItem();
    this.#copied = this.#at;
    this.#expect(CLOSE);
  }

  #nextItem(): void {
    this.#expect(SP);
    this.#skipItem();
  }

  /** A string, literal, atom, number or list. */
  #skipItem(): void {
    let depth = 0;
    do {
      const c = this.#bytes[this.#at];
      if (c === undefined) throw new Error('body structure: cut short');
      if (c === OPEN) depth++;
      else if (c === CLOSE) depth--;
      if (c === QUOTE) this.#skipQuoted();
      else if (c === BRACE) this.#skipLiteral();
      else if (c === OPEN || c === CLOSE || c === SP) this.#at++;
      else this.#skipAtom();
    } while (depth > 0);
  }

  #skipAtom(): void {
    while (this.#at < this.#bytes.length) {
      const c = this.#bytes[this.#at];
      if (c === SP || c === OPEN || c === CLOSE) return;
      this.#at++;
    }
  }

  #skipQuoted(): void {
    for (this.#at++; this.#bytes[this.#at] !== QUOTE; this.#at++) {
      if (this.#bytes[this.#at] === BACKSLASH) this.#at++;
      if (this.#at >= this.#bytes.length) throw new Error('body structure: cut short');
    }
    this.#at++;
  }

  #skipLiteral(): void {
    const end = this.#bytes.indexOf('}\r\n', this.#at, 'latin1');
    const size = end < 0 ? Number.NaN : Number(this.#bytes.toString('latin1', this.#at + 1, end));
    if (!Number.isSafeInteger(size)) throw new Error('body structure: bad literal');
    this.#at = end + 3 + size;
  }

  #expect(octet: number): void {
    if (this.#bytes[this.#at] !== octet) throw new Error('body structure: malformed');
    this.#at++;
  }

  #isWord(at: number, word: string): boolean {
    return this.#bytes.toString('latin1', at, at + word.length).toLowerCase() === word;
  }
}
