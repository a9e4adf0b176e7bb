/**
 * What of a message goes to the client, in the mode of its session. In UTF-8 mode that is the message, in POP3's form. Without
 * it, a message whose headers are not ASCII goes as its surrogate (RFC 6856 §2.1): no program that fetches mail today says
 * UTF8, and a refusal (§5) would be a message that never arrives. So the response code UTF8 is never needed.
 *
 * Promises: the same octets however the message is cut; `sizeOf` gives exactly their number, for LIST, for STAT and for
 * what RETR says.
 */
import { type HeaderRange, Surrogate } from '../mail/downgrade/surrogate.ts';
import { TRAIT } from '../mail/traits.ts';
import { endingOf, OctetForm } from './octet-form.ts';

/** Octets of a surrogate made between two looks at the clock. */
const SLICE_BYTES = 32 * 1024;

/** Octets that RETR sends, dots not doubled (RFC 1939 §11); undefined when only reading the message can tell. */
export function sizeOf(storedBytes: number, traits: number, isUtf8: boolean): number | undefined {
  const ending = needsSurrogate(traits, isUtf8) ? undefined : endingOf(traits);
  return ending === undefined ? undefined : storedBytes + ending.length;
}

/** Whether there may be headers to rewrite. */
export function needsSurrogate(traits: number, isUtf8: boolean): boolean {
  return !isUtf8 && (traits & TRAIT.PlainHeaders) === 0;
}

export class SentForm {
  readonly #surrogate: Surrogate | undefined;
  /** Undefined: the octets are in form as they are, but for this ending. */
  readonly #form: OctetForm | undefined;
  readonly #ending: Buffer | undefined;

  /** `headers` are those to rewrite; undefined for a message that goes as it is. */
  constructor(traits: number, headers: readonly HeaderRange[] | undefined) {
    this.#surrogate = headers === undefined ? undefined : new Surrogate(headers);
    this.#ending = endingOf(traits);
    this.#form = this.#ending === undefined ? new OctetForm() : undefined;
  }

  /** Stored octets in; what becomes of them. */
  *convert(stored: Buffer): Generator<Buffer> {
    if (this.#surrogate === undefined) yield this.#inForm(stored);
    else for (const piece of this.#surrogate.convert(stored)) yield this.#inForm(piece);
  }

  *end(): Generator<Buffer> {
    for (const piece of this.#surrogate?.end() ?? []) yield this.#inForm(piece);
    yield this.#ending ?? (this.#form as OctetForm).end();
  }

  /** Pieces small enough to be converted at once: rewriting costs more than passing on. */
  slices(stored: Buffer): Iterable<Buffer> {
    return this.#surrogate === undefined || stored.length <= SLICE_BYTES ? [stored] : slicesOf(stored);
  }

  #inForm(piece: Buffer): Buffer {
    return this.#form === undefined ? piece : this.#form.convert(piece);
  }
}

function* slicesOf(stored: Buffer): Generator<Buffer> {
  for (let at = 0; at < stored.length; at += SLICE_BYTES) yield stored.subarray(at, at + SLICE_BYTES);
}
