/**
 * A message as a script has changed it, in the form in which the store takes it: fields that stand before all others go in front
 * of the octets that came, which stay shared; everything else is octets of its own, staged as if they had come in. Each edition is
 * one form, and with it one email, however many copies there are.
 */
import type { Delivery, Form } from '../mailbox/disposition.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { AccountId } from '../mailbox/model/model.ts';
import { type IncomingStream, openIncoming } from '../mailbox/operations/incoming.ts';
import type { Edition } from '../sieve/effects.ts';

const SLICE_BYTES = 256 * 1024;

export class Forms {
  readonly #store: Pick<Domain, 'store'>;
  readonly #delivery: Delivery;
  readonly #forms = new Map<Edition, Form>();
  readonly #staged: IncomingStream[] = [];

  constructor(store: Pick<Domain, 'store'>, delivery: Delivery) {
    this.#store = store;
    this.#delivery = delivery;
  }

  /** Undefined for the message as it came. Throws MailboxError as staging does. */
  async of(edition: Edition | undefined): Promise<Form | undefined> {
    if (edition === undefined) return undefined;
    const known = this.#forms.get(edition);
    if (known !== undefined) return known;
    const fields = fieldsInFront(edition, this.#delivery);
    const form = fields === undefined ? await this.#stage(edition) : { fields };
    this.#forms.set(edition, form);
    return form;
  }

  /** A message of the server's own. */
  async written(octets: Buffer): Promise<Form> {
    const incoming = this.#open(octets.length);
    await incoming.write(octets);
    return { content: await incoming.finish(), hasNoTrace: true };
  }

  /** What nobody has taken is given up. */
  end(): void {
    for (const incoming of this.#staged.splice(0)) incoming.abort();
  }

  async #stage({ header, body }: Edition): Promise<Form> {
    const { blob, facts } = this.#delivery.message;
    const incoming = this.#open(facts.sizeBytes + header.length);
    await incoming.write(header);
    if (body !== undefined) await incoming.write(body);
    for (let at = facts.headerBytes; body === undefined && at < facts.sizeBytes; at += SLICE_BYTES)
      await incoming.write(await blob.read(at, Math.min(at + SLICE_BYTES, facts.sizeBytes)));
    return { content: await incoming.finish() };
  }

  #open(sizeBytes: number): IncomingStream {
    const accounts: AccountId[] = [this.#delivery.account.id];
    const incoming = openIncoming(this.#store, accounts, Number.MAX_SAFE_INTEGER, sizeBytes);
    this.#staged.push(incoming);
    return incoming;
  }
}

/** When nothing else was changed. */
function fieldsInFront({ header, body }: Edition, { message }: Delivery): Buffer | undefined {
  const original = message.header.bytes;
  const more = header.length - original.length;
  if (body !== undefined || more < 0 || original.length !== message.facts.headerBytes) return undefined;
  return header.subarray(more).equals(original) ? header.subarray(0, more) : undefined;
}
