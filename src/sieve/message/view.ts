/**
 * The message as it is at this moment of a run: as it came, with a header that the script has edited, or another one altogether
 * (`replace`, `enclose`). Parts are named by their paths: the numbers of children on the way from the root.
 */
import { HeaderBlock } from '../../mail/header.ts';
import type { PartOffsets } from '../../mail/part.ts';
import type { Edition } from '../effects.ts';
import type { Message } from '../environment.ts';
import { RunFault } from '../run/budget.ts';
import { answered, type Steps } from '../run/steps.ts';
import { KnownFields } from './known-fields.ts';
import { messageOf } from './message.ts';

export type PartPath = readonly number[];

/** Of a part's header, what is looked at. */
const MAX_PART_HEADER = 64 * 1024;
/** Larger messages are not rewritten. */
const MAX_REWRITTEN = 10 * 1024 * 1024;

export class MessageView {
  readonly #original: Message;
  #message: Message;
  #header: HeaderBlock;
  #body: Buffer | undefined;
  #edition: Edition | undefined;
  /** What goes to others when the message was enclosed for its owner (RFC 5703 §6). */
  #forwarded: { readonly edition: Edition | undefined } | undefined;
  /** Texts of the body by the way they were read, so that twenty tests read them once. */
  readonly texts = new Map<string, readonly string[]>();
  /** Of the header as it is now. */
  readonly fields = new KnownFields();

  constructor(message: Message) {
    this.#original = message;
    this.#message = message;
    this.#header = message.header;
  }

  get header(): HeaderBlock {
    return this.#header;
  }

  /** As it came: what a report is about (RFC 5293 §7). */
  get original(): Message {
    return this.#original;
  }

  get isEdited(): boolean {
    return this.#header !== this.#original.header;
  }

  get sizeBytes(): number {
    return this.#message.sizeBytes;
  }

  /** What the effects of this moment are about; undefined for the message as it came. */
  get edition(): Edition | undefined {
    if (!this.isEdited) return undefined;
    this.#edition ??= {
      header: this.#header.bytes,
      ...(this.#body !== undefined && { body: this.#body }),
    };
    return this.#edition;
  }

  get forwardedEdition(): Edition | undefined {
    return this.#forwarded === undefined ? this.edition : this.#forwarded.edition;
  }

  /** As it came, whatever was done to it. */
  reset(): void {
    this.texts.clear();
    this.#forwarded = undefined;
    this.#message = this.#original;
    this.#header = this.#original.header;
    this.#body = undefined;
    this.#edition = undefined;
  }

  setHeader(bytes: Buffer): void {
    this.#header = new HeaderBlock(bytes);
    this.#edition = undefined;
  }

  /** In another message, for the owner alone. */
  setEnclosing(octets: Buffer): void {
    this.#forwarded ??= { edition: this.edition };
    this.setWhole(octets);
  }

  setWhole(octets: Buffer): void {
    this.texts.clear();
    this.#message = messageOf(octets);
    this.#header = this.#message.header;
    this.#body = octets.subarray(this.#header.bytes.length);
    this.#edition = undefined;
  }

  *whole(): Steps<Buffer> {
    const root = yield* this.root();
    if (root.end > MAX_REWRITTEN) throw new RunFault('the message is too large to be rewritten');
    const body = yield* this.read(root.bodyStart, root.end);
    return Buffer.concat([yield* this.wholeHeader(), body]);
  }

  /** All of the header, of which a huge one may show the tests only the beginning. */
  *wholeHeader(): Steps<Buffer> {
    if (this.#header !== this.#message.header) return this.#header.bytes;
    const { headerStart, bodyStart } = yield* this.root();
    if (this.#header.bytes.length === bodyStart - headerStart) return this.#header.bytes;
    if (bodyStart > MAX_REWRITTEN) throw new RunFault('the header is too large to be changed');
    return yield* this.read(headerStart, bodyStart);
  }

  *root(): Steps<PartOffsets> {
    return yield* answered(this.#message.parts());
  }

  *read(from: number, to: number): Steps<Buffer> {
    return yield* answered(this.#message.read(from, to));
  }

  *partAt(path: PartPath): Steps<PartOffsets> {
    let part = yield* this.root();
    for (const number of path) part = part.children[number] ?? part;
    return part;
  }

  *headerAt(path: PartPath): Steps<HeaderBlock> {
    if (path.length === 0) return this.#header;
    const { headerStart, bodyStart } = yield* this.partAt(path);
    return new HeaderBlock(yield* this.read(headerStart, Math.min(bodyStart, headerStart + MAX_PART_HEADER)));
  }

  /** The part and all that is in it, depth first, no more than `most` (RFC 5703 §3). */
  *pathsFrom(path: PartPath, most: number): Steps<PartPath[]> {
    const out: PartPath[] = [];
    const stack: { readonly part: PartOffsets; readonly path: PartPath }[] = [
      { part: yield* this.partAt(path), path },
    ];
    for (let next = stack.pop(); next !== undefined && out.length < most; next = stack.pop()) {
      const at = next.path;
      out.push(at);
      for (let i = next.part.children.length - 1; i >= 0; i--)
        stack.push({ part: next.part.children[i] as PartOffsets, path: [...at, i] });
    }
    return out;
  }
}
