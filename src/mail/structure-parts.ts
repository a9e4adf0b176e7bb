/**
 * What the parts of a message are, read back from its BODYSTRUCTURE as it is stored (see `body-structure.ts`): types and sizes, in the order
 * in which they stand. No message is opened.
 *
 * Promises: never throws; damaged bytes give the parts before the damage.
 */
import type { Buffer } from 'node:buffer';

export interface StructurePart {
  /** In lower case: `image/jpeg`. */
  readonly mediaType: string;
  /** Octets as they are in the message, encoded. */
  readonly sizeBytes: number;
}

/** Fields of a part that is not a multipart (RFC 9051 §7.5.2): type, subtype, parameters, id, description, encoding, size. */
const SIZE = 6;
const MOST_PARTS = 10_000;

export function structureParts(structure: Buffer): readonly StructurePart[] {
  const reader = new Reader(structure.toString('latin1'));
  return reader.parts();
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parts(): StructurePart[] {
    const found: StructurePart[] = [];
    this.#body(found);
    return found;
  }

  /**
   * A list that begins with a list is a multipart (RFC 9051 §7.5.2); of any other part what follows its size is passed over, also the
   * message inside, whose octets are the part's. False at the end of what can be read. As deep as parts are.
   */
  #body(found: StructurePart[]): boolean {
    if (this.#text.charAt(this.#at) !== '(' || found.length >= MOST_PARTS) return false;
    this.#at++;
    if (this.#text.charAt(this.#at) === '(') while (this.#text.charAt(this.#at) === '(' && this.#body(found));
    else if (!this.#part(found)) return false;
    this.#skipRest();
    return true;
  }

  #part(found: StructurePart[]): boolean {
    const fields: string[] = [];
    for (let number = 0; number <= SIZE; number++) {
      const field = this.#field();
      if (field === undefined) return false;
      fields.push(field);
    }
    const [type = '', subtype = ''] = fields;
    const sizeBytes = Number(fields[SIZE]);
    if (!Number.isSafeInteger(sizeBytes)) return false;
    found.push({ mediaType: `${type}/${subtype}`.toLowerCase(), sizeBytes });
    return true;
  }

  /** Strings without their quotes; lists as nothing. */
  #field(): string | undefined {
    while (this.#text.charAt(this.#at) === ' ') this.#at++;
    const c = this.#text.charAt(this.#at);
    if (c === '' || c === ')') return undefined;
    if (c === '"') return this.#quoted();
    if (c === '{') return this.#literal();
    if (c === '(') {
      this.#at++;
      this.#skipRest();
      return '';
    }
    const start = this.#at;
    while (this.#at < this.#text.length && !' ()'.includes(this.#text.charAt(this.#at))) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  #quoted(): string {
    const start = ++this.#at;
    while (this.#at < this.#text.length && this.#text.charAt(this.#at) !== '"')
      this.#at += this.#text.charAt(this.#at) === '\\' ? 2 : 1;
    return this.#text.slice(start, this.#at++);
  }

  #literal(): string {
    const [whole = '', length = '0'] = /^\{(\d+)\}\r\n/.exec(this.#text.slice(this.#at, this.#at + 20)) ?? [];
    const start = this.#at + Math.max(1, whole.length);
    this.#at = start + Number(length);
    return this.#text.slice(start, this.#at);
  }

  /** Past the closing bracket of the list that is open. */
  #skipRest(): void {
    let depth = 1;
    while (depth > 0 && this.#at < this.#text.length) {
      const c = this.#text.charAt(this.#at);
      if (c === '"') this.#quoted();
      else if (c === '{') this.#literal();
      else {
        if (c === '(') depth++;
        else if (c === ')') depth--;
        this.#at++;
      }
    }
  }
}
