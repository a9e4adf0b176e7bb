/**
 * A strict reader of ENVELOPE and BODYSTRUCTURE as RFC 9051 §9 spells them, for tests: it fails on the first octet
 * that the grammar does not allow, where a client would guess. It shares no code with what it checks.
 */

export type Item = string | number | undefined | Item[];

export class ImapSyntax {
  readonly #text: string;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#text = bytes.toString('latin1');
  }

  /** A whole `envelope`, and nothing behind it. */
  static envelope(bytes: Buffer): Item[] {
    const reader = new ImapSyntax(bytes);
    const out = reader.#envelope();
    reader.#end();
    return out;
  }

  /** A whole `body`; `isExtensible` tells BODYSTRUCTURE, with all extension data, from BODY, with none. */
  static body(bytes: Buffer, isExtensible: boolean): Item[] {
    const reader = new ImapSyntax(bytes);
    const out = reader.#body(isExtensible);
    reader.#end();
    return out;
  }

  #envelope(): Item[] {
    this.#take('(');
    const out: Item[] = [this.#nstring(), this.#sp(this.#nstring.bind(this))];
    for (let i = 0; i < 6; i++) out.push(this.#sp(() => this.#addressList()));
    out.push(this.#sp(this.#nstring.bind(this)), this.#sp(this.#nstring.bind(this)));
    this.#take(')');
    return out;
  }

  #addressList(): Item {
    if (this.#maybe('NIL')) return undefined;
    this.#take('(');
    const out: Item[] = [];
    let isGroupOpen = false;
    do {
      const address = this.#address();
      if (address[3] === undefined) {
        // Markers alternate: a group is opened, then closed.
        if ((address[2] !== undefined) === isGroupOpen) this.#fail('group markers do not pair');
        isGroupOpen = address[2] !== undefined;
        if (address[0] !== undefined || address[1] !== undefined) this.#fail('group marker with a name');
      } else if (address[2] === undefined) this.#fail('host without mailbox');
      out.push(address);
    } while (this.#peek() === '(');
    if (isGroupOpen) this.#fail('group is not closed');
    this.#take(')');
    return out;
  }

  #address(): Item[] {
    this.#take('(');
    const out: Item[] = [this.#nstring()];
    for (let i = 0; i < 3; i++) out.push(this.#sp(this.#nstring.bind(this)));
    this.#take(')');
    return out;
  }

  #body(isExtensible: boolean): Item[] {
    this.#take('(');
    const out = this.#peek() === '(' ? this.#multipart(isExtensible) : this.#singlePart(isExtensible);
    this.#take(')');
    return out;
  }

  #multipart(isExtensible: boolean): Item[] {
    const children: Item[] = [];
    while (this.#peek() === '(') children.push(this.#body(isExtensible));
    const out: Item[] = [children, this.#sp(() => this.#string())];
    if (isExtensible)
      out.push(
        this.#sp(() => this.#parameters()),
        ...this.#extension(),
      );
    return out;
  }

  #singlePart(isExtensible: boolean): Item[] {
    const type = this.#string();
    const subtype = this.#sp(() => this.#string()) as string;
    const out: Item[] = [type, subtype, this.#sp(() => this.#parameters())];
    out.push(this.#sp(this.#nstring.bind(this)), this.#sp(this.#nstring.bind(this)));
    out.push(
      this.#sp(() => this.#string()),
      this.#sp(() => this.#number()),
    );
    const media = `${type}/${subtype}`.toLowerCase();
    if (media.startsWith('multipart/')) this.#fail('multipart without parts');
    if (media === 'message/rfc822' || media === 'message/global') {
      out.push(
        this.#sp(() => this.#envelope()),
        this.#sp(() => this.#body(isExtensible)),
      );
      out.push(this.#sp(() => this.#number()));
    } else if (media.startsWith('text/')) out.push(this.#sp(() => this.#number()));
    if (isExtensible) out.push(this.#sp(this.#nstring.bind(this)), ...this.#extension());
    return out;
  }

  #extension(): Item[] {
    const disposition = this.#sp(() => {
      if (this.#maybe('NIL')) return undefined;
      this.#take('(');
      const out: Item[] = [this.#string(), this.#sp(() => this.#parameters())];
      this.#take(')');
      return out;
    });
    const language = this.#sp(() => {
      if (this.#peek() !== '(') return this.#nstring();
      this.#take('(');
      const out: Item[] = [this.#string()];
      while (this.#peek() === ' ') out.push(this.#sp(() => this.#string()));
      this.#take(')');
      return out;
    });
    return [disposition, language, this.#sp(this.#nstring.bind(this))];
  }

  #parameters(): Item {
    if (this.#maybe('NIL')) return undefined;
    this.#take('(');
    const out: Item[] = [this.#string(), this.#sp(() => this.#string())];
    while (this.#peek() === ' ')
      out.push(
        this.#sp(() => this.#string()),
        this.#sp(() => this.#string()),
      );
    this.#take(')');
    return out;
  }

  #nstring(): string | undefined {
    return this.#maybe('NIL') ? undefined : this.#string();
  }

  #string(): string {
    if (this.#maybe('"')) return this.#quoted();
    this.#take('{');
    const size = this.#number();
    this.#take('}\r\n');
    const out = this.#text.slice(this.#at, this.#at + size);
    if (out.length !== size) this.#fail('literal is cut short');
    if (out.includes('\0')) this.#fail('NUL in a literal');
    this.#at += size;
    return out;
  }

  #quoted(): string {
    let out = '';
    for (;;) {
      const c = this.#text.charAt(this.#at++);
      if (c === '"') return out;
      if (c === '' || c === '\r' || c === '\n' || c === '\0' || c > '\x7f')
        this.#fail('octet in a quoted string');
      if (c !== '\\') out += c;
      else {
        const escaped = this.#text.charAt(this.#at++);
        if (escaped !== '"' && escaped !== '\\') this.#fail('escape in a quoted string');
        out += escaped;
      }
    }
  }

  #number(): number {
    const start = this.#at;
    while (this.#peek() >= '0' && this.#peek() <= '9') this.#at++;
    if (this.#at === start) this.#fail('number');
    return Number(this.#text.slice(start, this.#at));
  }

  #sp<T>(read: () => T): T {
    this.#take(' ');
    return read();
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #maybe(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #take(word: string): void {
    if (!this.#maybe(word)) this.#fail(`expected ${JSON.stringify(word)}`);
  }

  #end(): void {
    if (this.#at !== this.#text.length) this.#fail('end');
  }

  #fail(what: string): never {
    const near = JSON.stringify(this.#text.slice(Math.max(0, this.#at - 30), this.#at + 30));
    throw new Error(`${what} at ${this.#at}, near ${near}`);
  }
}
