/**
 * Everything about a message that is computed once, when it is delivered, and kept: what FETCH sends, what search and
 * threading index. The octets come in pieces of any size and pass by; nothing is kept but headers and the
 * beginnings of the first texts.
 *
 * Promises: never throws whatever the octets are; the same facts however the message is cut; memory bounded by the limits of
 * `part.ts`, `envelope.ts` and `body-structure.ts`.
 */
import { hasAttachment } from './attachment.ts';
import { bodyStructure } from './body-structure.ts';
import { envelopeSteps, WHOLE_HEADER_BYTES } from './envelope.ts';
import type { HeaderBlock } from './header.ts';
import { summary } from './header-summary.ts';
import { messageLinks } from './message-links.ts';
import { type Part, PartScanner } from './part.ts';
import { encodeParts } from './part-codec.ts';
import { searchText } from './search-text.ts';
import { sortKeys } from './sort-keys.ts';
import { storedHeader } from './stored-header.ts';
import { TRAIT, TraitScanner } from './traits.ts';

export interface MessageFacts {
  readonly sizeBytes: number;
  /** Size of the message's own header, blank line included. */
  readonly headerBytes: number;
  /** Bits of `TRAIT`. */
  readonly traits: number;
  /** ENVELOPE as sent. */
  readonly envelope: Buffer;
  /** BODYSTRUCTURE as sent; `bodyFromStructure` gives BODY. */
  readonly bodyStructure: Buffer;
  /** For `decodeParts`. */
  readonly parts: Buffer;
  /** For `selectFields`; undefined when the fields are too long, or not all of the header was seen. */
  readonly storedHeader: Buffer | undefined;
  /** For `isInField`; undefined when it would be too long, or the envelope may not have all of the header. */
  readonly searchText: Buffer | undefined;
  /** In UTF-8; empty when there is nothing to say. */
  readonly preview: Buffer;
  /** For `textKeyOf` and its like. */
  readonly sortKeys: Buffer;
  /** For `readLinks`. */
  readonly links: Buffer;
  /** Decoded, "" when there is none. */
  readonly subject: string;
  /** With its angle brackets. */
  readonly messageId?: string;
  /** The Date field, when it can be read. */
  readonly sentSeconds?: number;
}

export function analyze(message: Buffer): MessageFacts {
  const analyzer = new MessageAnalyzer();
  analyzer.write(message);
  return analyzer.end();
}

export class MessageAnalyzer {
  readonly #scanner = new PartScanner();
  readonly #traits = new TraitScanner();

  /**
   * The message's own header, for what else delivery wants to read from it; empty until it has been read. It holds the octets that
   * the message came in: the facts do without.
   */
  get header(): HeaderBlock {
    return this.#scanner.rootHeader;
  }

  write(chunk: Buffer): void {
    this.#scanner.write(chunk);
    this.#traits.write(chunk);
  }

  end(): MessageFacts {
    const steps = this.endInSteps();
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }

  /** The same, stopping for others every few milliseconds' worth of work. */
  *endInSteps(): Generator<undefined, MessageFacts> {
    const root = this.#scanner.end();
    const header = this.#scanner.rootHeader;
    const facts = summary(header);
    const messageId = facts.messageId();
    const sent = facts.sentDate();
    const envelope = yield* envelopeSteps(header, facts);
    yield undefined;
    const isHeaderWhole = header.bytes.length === root.bodyStart;
    const traits = this.#traitsOf(root);
    const structure = bodyStructure(root);
    yield undefined;
    const parts = encodeParts(root);
    yield undefined;
    const preview = Buffer.from(this.#scanner.preview());
    yield undefined;
    return {
      sizeBytes: root.end,
      headerBytes: root.bodyStart,
      traits,
      envelope,
      bodyStructure: structure,
      parts,
      storedHeader: isHeaderWhole ? storedHeader(header) : undefined,
      searchText: root.bodyStart <= WHOLE_HEADER_BYTES ? searchText(header, facts) : undefined,
      preview,
      sortKeys: sortKeys(facts),
      links: messageLinks(facts),
      subject: facts.subject(),
      ...(messageId !== undefined && { messageId }),
      ...(sent !== undefined && { sentSeconds: sent.seconds }),
    };
  }

  #traitsOf(root: Part): number {
    const plain = this.#scanner.hasPlainHeaders ? TRAIT.PlainHeaders : 0;
    return this.#traits.end() | plain | (hasAttachment(root) ? TRAIT.HasAttachment : 0);
  }
}
