/**
 * One message from outside for accounts of ours, from its first recipient to what becomes of it: who receives, whether there
 * is room, the octets to the store and to the processes that hold the other accounts, and one outcome for each recipient.
 * LMTP and SMTP say these outcomes each in their own way.
 */
import { resolveRecipient } from '../identity/address.ts';
import { actingAs } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import { assertRoom } from '../mailbox/operations/incoming.ts';
import { checkQuota } from '../mailbox/operations/quota.ts';
import type { Guest } from '../net/guest.ts';
import { readPast } from '../smtp/receiving.ts';
import { REPLY, replyOf } from '../smtp/replies.ts';
import type { Reply } from '../smtp/reply.ts';
import type { ReadMessage } from '../smtp/role.ts';
import type { MailFrom, NamedRecipient } from './envelope.ts';
import type { Holders } from './holders.ts';
import { Intake } from './intake.ts';
import { PassedMessage } from './passed-message.ts';
import type { DeliveryServices } from './services.ts';

/** What is known of a message when all of it has come, before anything of it is stored. */
export type Judgement =
  | { readonly kind: 'taken'; readonly fields: Buffer }
  | { readonly kind: 'refused'; readonly reply: Reply };

/** Of an address from outside, in the log. */
const MAX_SHOWN = 320;

export class IncomingMail {
  readonly #mail: MailFrom;
  readonly #guest: Guest;
  readonly #services: DeliveryServices;
  readonly #holders: Holders;
  readonly #recipients: NamedRecipient[] = [];

  constructor(mail: MailFrom, guest: Guest, services: DeliveryServices, holders: Holders) {
    this.#mail = mail;
    this.#guest = guest;
    this.#services = services;
    this.#holders = holders;
  }

  /** 250 takes it. */
  async recipient(to: string): Promise<Reply> {
    const { domain, settings, log } = this.#services;
    const { declaredBytes } = this.#mail;
    let name: string | undefined;
    try {
      const record = await resolveRecipient(domain.accounts, to, settings.defaultDomain);
      name = record?.address;
      if (record === undefined) return this.#refuse(to, name, REPLY.noSuchUser);
      const place = domain.placement.locate(record.id);
      if (place.kind === 'nowhere') return this.#refuse(to, name, REPLY.holderGone);
      if (place.kind === 'elsewhere') return await this.#pass(to, record, place.holder);
      const account = await domain.accounts.open(record.id);
      checkQuota(account, declaredBytes, 1);
      assertRoom(domain, declaredBytes);
      this.#recipients.push({ account: record.id, address: to, name: record.address });
      return REPLY.recipientTaken;
    } catch (err) {
      if (!(err instanceof MailboxError))
        log.error({ err, to: to.slice(0, MAX_SHOWN) }, 'a recipient failed');
      const reply = err instanceof MailboxError ? replyOf(err, settings.overQuota) : REPLY.internalError;
      return this.#refuse(to, name, reply);
    }
  }

  /**
   * Reads the message to its end, and asks then what is thought of it. A reply for each recipient that was taken, in their order;
   * 250 when that one's copy is durable. Throws `ClientGone`, and what `read` throws.
   */
  async message(
    read: ReadMessage,
    id: string,
    judge: () => Promise<Judgement> | Judgement,
  ): Promise<readonly Reply[]> {
    const { id: session, service, remote } = this.#guest;
    const passed = new PassedMessage(this.#holders, this.#recipients);
    const envelope = { ...this.#mail, id, session, service, remote, recipients: passed.kept };
    const domain = actingAs(this.#services.domain, this.#guest);
    const intake = passed.kept.length > 0 ? new Intake({ ...this.#services, domain }, envelope) : undefined;
    const through = passed.through(read);
    try {
      await (intake?.receive(through) ?? readPast(through));
      const judgement = await judge();
      if (judgement.kind === 'refused') {
        passed.giveUp();
        return this.#recipients.map(() => judgement.reply);
      }
      const { fields } = judgement;
      const [kept = [], others] = await Promise.all([intake?.deliver(fields), passed.finish(fields)]);
      return passed.inOrder(kept, others);
    } finally {
      intake?.release();
    }
  }

  /** What its holder says. One that is gone says nothing, so that is written down here. */
  async #pass(to: string, { id, address: name }: AccountRecord, holder: string): Promise<Reply> {
    const reply = await this.#holders.recipient(holder, this.#mail, to);
    if (reply === REPLY.holderGone) return this.#refuse(to, name, reply);
    if (reply.code !== 250) return reply;
    this.#recipients.push({ account: id, address: to, name, holder });
    return REPLY.recipientTaken;
  }

  /** `name`: of the account, when there is one. */
  #refuse(to: string, name: string | undefined, { code, text }: Reply): Reply {
    const { id: session, service, remote } = this.#guest;
    const { from } = this.#mail;
    const facts = { session, service, remote, from, to: to.slice(0, MAX_SHOWN), reply: `${code} ${text}` };
    this.#services.activity.attempt(name ?? '?', 'recipient refused', facts, name !== undefined);
    return { code, text };
  }
}
