/**
 * Everything about a message that is computed once, when it is delivered, and kept: what FETCH sends, what search and
 * threading index. The octets come in pieces of any size and pass by; nothing is kept but headers.
 *
 * Promises: never throws whatever the octets are; the same facts however the message is cut; memory bounded by the limits of
 * `part.ts`, `envelope.ts` and `body-structure.ts`.
 */
import { bodyStructure } from './body-structure.ts';
import { envelopeSteps } from './envelope.ts';
import type { HeaderBlock } from './header.ts';
import { summary } from './header-summary.ts';
import { PartScanner } from './part.ts';
import { encodeParts } from './part-codec.ts';
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
  /** Decoded, "" when there is none. */
  readonly subject: string;
  /** With its angle brackets. */
  readonly messageId?: string;
  /** The Date field, when it can be read. */
  readonly sentSeconds?: number;
  /** For what else delivery wants to read from it: references, list id, addresses. */
  readonly header: HeaderBlock;
}

export function analyze(message: Buffer): MessageFacts {
  const analyzer = new MessageAnalyzer();
  analyzer.write(message);
  return analyzer.end();
}

export class MessageAnalyzer {
  readonly #scanner = new PartScanner();
  readonly #traits = new TraitScanner();

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
    return {
      sizeBytes: root.end,
      headerBytes: root.bodyStart,
      traits: this.#traits.end() | (this.#scanner.hasPlainHeaders ? TRAIT.PlainHeaders : 0),
      envelope: yield* envelopeSteps(header),
      bodyStructure: bodyStructure(root),
      parts: encodeParts(root),
      subject: facts.subject(),
      ...(messageId !== undefined && { messageId }),
      ...(sent !== undefined && { sentSeconds: sent.seconds }),
      header,
    };
  }
}
