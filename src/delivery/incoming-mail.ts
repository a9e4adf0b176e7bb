/**
 * One message from outside for accounts of ours, from its first recipient to what becomes of it: who receives, whether there
 * is room, the octets to the store and to the processes that hold the other accounts, and one outcome for each recipient.
 * LMTP and SMTP say these outcomes each in their own way.
 */
import type { ResolvedDelivery } from '../identity/recipients.ts';
import { actingAs, type Domain } from '../mailbox/domain.ts';
import { domainOf } from '../mailbox/model/domains.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { assertRoom } from '../mailbox/operations/incoming.ts';
import { requireRoomForOutgoing } from '../mailbox/operations/outgoing.ts';
import { checkQuota } from '../mailbox/operations/quota.ts';
import { NoRoom, refusedForRoom } from '../mailbox/operations/room.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { Guest } from '../net/guest.ts';
import type { RecipientParameters } from '../smtp/parameters.ts';
import { readPast } from '../smtp/receiving.ts';
import { REPLY, replyToSender } from '../smtp/replies.ts';
import type { Reply } from '../smtp/reply.ts';
import type { ReadMessage } from '../smtp/role.ts';
import type { MailFrom, NamedRecipient } from './envelope.ts';
import type { Holders } from './holders.ts';
import { Intake } from './intake.ts';
import type { Judgement } from './judgement.ts';
import { PassedMessage } from './passed-message.ts';
import { RecipientList } from './recipient-list.ts';
import type { DeliveryServices } from './services.ts';

/** Of an address from outside, in the log. */
const MAX_SHOWN = 320;

export class IncomingMail {
  readonly #mail: MailFrom;
  readonly #guest: Guest;
  readonly #services: DeliveryServices;
  readonly #holders: Holders | undefined;
  readonly #recipients = new RecipientList();

  /** Without `holders` it was passed on to this process: for those alone whom it holds. */
  constructor(mail: MailFrom, guest: Guest, services: DeliveryServices, holders: Holders | undefined) {
    this.#mail = mail;
    this.#guest = guest;
    this.#services = services;
    this.#holders = holders;
  }

  /** 250 takes it. */
  async recipient(to: string, parameters: RecipientParameters = {}): Promise<Reply> {
    const { recipients, settings, log } = this.#services;
    let name: string | undefined;
    try {
      const resolution = await recipients.resolve(to, this.#mail.from);
      if (resolution.kind !== 'local') {
        const isForeign = resolution.kind === 'foreign';
        return this.#refuse(to, name, isForeign ? REPLY.foreignDomain : REPLY.noSuchUser);
      }
      const { deliveries, forwards } = resolution;
      if (deliveries.length === 1) name = deliveries[0]?.name;
      if (!this.#recipients.hasRoomFor(deliveries.length + 1)) return REPLY.tooManyRecipients;
      const owner =
        forwards.length > 0 ? (deliveries[0] ?? (await recipients.caretakerOf(domainOf(to)))) : undefined;
      if (deliveries.length === 0 && owner === undefined) return this.#refuse(to, name, REPLY.onlyElsewhere);
      const elsewhere = owner && { ...owner, forwards };
      return await this.#take(
        to,
        parameters,
        elsewhere === undefined ? deliveries : [...deliveries, elsewhere],
      );
    } catch (err) {
      if (!(err instanceof MailboxError))
        log.error({ err, to: to.slice(0, MAX_SHOWN) }, 'a recipient failed');
      const reply =
        err instanceof MailboxError ? replyToSender(err, settings.overQuota) : REPLY.internalError;
      return this.#refuse(to, name, reply);
    }
  }

  /**
   * Reads the message to its end, and asks then what is thought of it. A reply for each recipient that was taken, in their order;
   * 250 when that one's copy is durable. `hasOneReply`: they will be told in one reply. Throws `ClientGone`, and what `read` throws.
   */
  async message(
    read: ReadMessage,
    id: string,
    judge: () => Promise<Judgement> | Judgement,
    { hasOneReply = false } = {},
  ): Promise<readonly Reply[]> {
    const { id: session, service, remote } = this.#guest;
    const passed = new PassedMessage(this.#holders, this.#recipients.parts);
    const envelope = { ...this.#mail, id, session, service, remote, recipients: passed.kept };
    const domain = actingAs(this.#services.domain, this.#guest);
    const intake = passed.kept.length > 0 ? new Intake({ ...this.#services, domain }, envelope) : undefined;
    const through = passed.through(read);
    try {
      await (intake?.receive(through) ?? readPast(through));
      const judgement = await judge();
      if (judgement.kind === 'refused') {
        passed.giveUp();
        this.#noteRefusal(id, judgement, intake?.about);
        return this.#recipients.repliesOf(this.#recipients.parts.map(() => judgement.reply));
      }
      const { parts, sharesReplies } = this.#recipients;
      const isShared = sharesReplies || (hasOneReply && parts.length > 1) || judgement.isShared === true;
      const taken = { ...judgement, isShared };
      const [kept = [], others] = await Promise.all([intake?.deliver(taken), passed.finish(taken)]);
      return this.#recipients.repliesOf(passed.inOrder(kept, others));
    } finally {
      intake?.release();
    }
  }

  /**
   * All who can ever take it, or none. Those who are here are asked first: what others have taken cannot be taken back from
   * them.
   */
  async #take(
    to: string,
    parameters: RecipientParameters,
    wanted: readonly (ResolvedDelivery & Pick<NamedRecipient, 'forwards'>)[],
  ): Promise<Reply> {
    const { domain } = this.#services;
    const here: NamedRecipient[] = [];
    const held = new Map<string, NamedRecipient>();
    for (const { account, name, forwards } of wanted) {
      const one = { account, name, address: to, parameters, ...(forwards && { forwards }) };
      const place = domain.placement.locate(one.account);
      const isOurs = forwards === undefined || this.#holders !== undefined || parameters.isForwarder === true;
      if (place.kind === 'here' && isOurs) here.push(one);
      else if (this.#holders === undefined) continue;
      else if (place.kind === 'nowhere') return this.#refuse(to, one.name, REPLY.holderGone);
      else if (place.kind === 'elsewhere')
        held.set(place.holder, { ...held.get(place.holder), ...one, holder: place.holder });
    }
    const taken: NamedRecipient[] = [];
    let refusal: Reply | undefined;
    const arrivals = arrivalsOf(wanted, parameters);
    for (const addressee of [...here, ...held.values()]) {
      const arrival = taken.length === 0 ? arrivals.first : arrivals.others;
      const one = { ...addressee, parameters: { ...parameters, ...(arrival && { arrival }) } };
      const reply = await this.#ask(one, wanted.length > 1);
      if (reply.code === 250) taken.push(one);
      else refusal = reply;
      if (reply.code >= 400 && reply.code < 500) {
        this.#recipients.leave(taken);
        return reply;
      }
    }
    // Nobody at all: what it leads to has changed since whoever passed it on has looked.
    if (taken.length === 0) return refusal ?? REPLY.holderGone;
    this.#recipients.take(taken);
    return REPLY.recipientTaken;
  }

  /** `isOfMany`: who has no room is no reason to keep the others waiting; the queue has it for him until there is some. */
  async #ask(one: NamedRecipient, isOfMany: boolean): Promise<Reply> {
    const { domain, settings } = this.#services;
    const { declaredBytes } = this.#mail;
    const { account, name, address, holder, forwards } = one;
    if (holder !== undefined) {
      const reply = (await this.#holders?.recipient(holder, this.#mail, one)) ?? REPLY.holderGone;
      // One that is gone says nothing, so that is written down here.
      return reply === REPLY.holderGone ? this.#refuse(address, name, reply) : reply;
    }
    try {
      const state = await domain.accounts.open(account);
      const full = forwards === undefined ? await noRoomFor(domain, state, declaredBytes) : undefined;
      const waits = isOfMany && settings.overQuota !== 'reject' && full?.isForGood === false;
      if (full !== undefined && !waits)
        return this.#refuse(address, name, replyToSender(full, settings.overQuota));
      if (forwards !== undefined || full !== undefined)
        await requireRoomForOutgoing(domain, state, forwards?.length ?? 1, declaredBytes);
      assertRoom(domain, declaredBytes);
      return REPLY.recipientTaken;
    } catch (error) {
      if (!(error instanceof MailboxError)) throw error;
      return this.#refuse(address, name, replyToSender(error, settings.overQuota));
    }
  }

  /** Each of them finds out where the mail is that never came. */
  #noteRefusal(
    id: string,
    { reply, verdict: reason }: Extract<Judgement, { kind: 'refused' }>,
    about: Intake['about'] = {},
  ): void {
    const { id: session, service, remote } = this.#guest;
    const { from } = this.#mail;
    for (const { name, address: to } of this.#recipients.parts) {
      const facts = { id, session, service, remote, from, to: to.slice(0, MAX_SHOWN), ...about, reason };
      // Whoever is asked to come again has not been told that nobody wants it.
      const what = reply.code < 500 ? 'message delayed' : 'message refused';
      this.#services.activity.attempt(name, what, facts, true);
    }
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

/**
 * RFC 3461 §5.2.7: who asks whether it has arrived at an address that leads to several, or elsewhere, is told once that it was passed on,
 * and nobody whom it leads to tells him more.
 */
function arrivalsOf(
  wanted: readonly Pick<NamedRecipient, 'forwards'>[],
  { notify, arrival }: RecipientParameters,
): { readonly first?: RecipientParameters['arrival']; readonly others?: RecipientParameters['arrival'] } {
  if (notify?.includes('SUCCESS') !== true) return {};
  if (arrival !== undefined) return { first: arrival, others: 'untold' };
  const elsewhere = wanted.flatMap(({ forwards = [] }) => forwards);
  if (wanted.length > 1 || elsewhere.length > 1) return { first: 'expanded', others: 'untold' };
  return elsewhere.length === 1 ? { first: 'relayed' } : {};
}

/** Undefined: there is room. */
async function noRoomFor(domain: Domain, account: AccountState, bytes: number): Promise<NoRoom | undefined> {
  try {
    checkQuota(account, bytes, 1);
    return undefined;
  } catch (error) {
    if (!(error instanceof MailboxError)) throw error;
    const refused = await refusedForRoom(domain, account, error);
    if (refused instanceof NoRoom) return refused;
    throw refused;
  }
}
