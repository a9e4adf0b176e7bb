/**
 * One message that somebody sends, from MAIL to the reply that takes it: who gets it, the octets to the store with their line ends made
 * right, whether its header may be his, the header as it leaves, and in one change the mail that is to leave and the copy in Sent.
 */
import { randomUUID } from 'node:crypto';
import { notifyBits } from '../delivery/wishes.ts';
import type { LocalResolution } from '../identity/recipients.ts';
import { saysTlsIsOptional } from '../mail/tls-required.ts';
import { actingAs } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { type NewRecipient, NOTIFY_DEFAULT, outgoingText } from '../mailbox/model/outgoing.ts';
import {
  assertRoom,
  type IncomingStream,
  openIncoming,
  type Received,
} from '../mailbox/operations/incoming.ts';
import {
  type AcceptedMail,
  acceptOutgoing,
  type NewOutgoingMail,
  requireRoomForOutgoing,
  type SentCopy,
} from '../mailbox/operations/outgoing.ts';
import { type NoRoom, refusalForGood } from '../mailbox/operations/room.ts';
import { noteSentCopy, sentCopyIn, takeSentCopy } from '../mailbox/operations/sent-copy.ts';
import type { Reservation } from '../mailbox/operations/upload-budget.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { Connection } from '../net/connection.ts';
import type { Guest } from '../net/guest.ts';
import { decodedAddress } from '../smtp/original-recipient.ts';
import type { RecipientParameters } from '../smtp/parameters.ts';
import { isInternational, requireMailbox } from '../smtp/path.ts';
import { readPast, receiveInto } from '../smtp/receiving.ts';
import { REPLY, replyOf, replyToSender } from '../smtp/replies.ts';
import type { Reply } from '../smtp/reply.ts';
import type { NamedOctets, NamedTo, ReadMessage, Sender, Transaction } from '../smtp/role.ts';
import { decodeXtext } from '../smtp/xtext.ts';
import type { Reached } from './allowance.ts';
import { deliverByOf } from './deliver-by.ts';
import { LineEnds } from './line-ends.ts';
import { NamedOnce } from './named-once.ts';
import { noticeOf } from './notice.ts';
import { repairedHeader, type WholeHeader, wholeHeader } from './repair.ts';
import { SUBMISSION_REPLY } from './replies.ts';
import { checkSenders, type MaySendAs } from './senders.ts';
import type { SubmissionServices } from './services.ts';
import type { AccountSubmission } from './settings.ts';
import { submittedField } from './trace.ts';
import { acceptWaiting } from './waiting.ts';

export interface SubmittedEnvelope extends Pick<Sender, 'parameters' | 'hello' | 'declaredBytes'> {
  readonly from: string;
  readonly holdUntilMs?: number;
}

export interface Submitting {
  readonly account: AccountState;
  readonly connection: Connection;
  readonly guest: Guest;
  readonly maySendAs: MaySendAs;
  readonly own: AccountSubmission;
}

interface Upload {
  readonly incoming: IncomingStream;
  readonly reservation: Reservation;
}

const MAX_SHOWN = 320;

export class SubmissionTransaction implements Transaction {
  readonly #envelope: SubmittedEnvelope;
  readonly #who: Submitting;
  readonly #services: SubmissionServices;
  readonly #recipients: NewRecipient[] = [];
  readonly #named = new NamedOnce();

  constructor(envelope: SubmittedEnvelope, who: Submitting, services: SubmissionServices) {
    this.#envelope = envelope;
    this.#who = who;
    this.#services = services;
  }

  async recipient({ address, parameters }: NamedTo): Promise<Reply> {
    const { settings } = this.#services;
    const to = address.includes('@') ? address : `${address}@${settings.defaultDomain}`;
    requireMailbox(to, this.#envelope.parameters.utf8 === true, REPLY.badRecipient);
    const over = this.#overAfter(this.#recipients.length + 1);
    if (over !== undefined) return this.#refuse(to, over);
    try {
      const resolved = await this.#services.recipients.resolve(to);
      if (resolved.kind === 'unknown') return this.#refuse(to, REPLY.noSuchUser);
      const full = resolved.kind === 'local' ? await this.#noRoomFor(resolved) : undefined;
      if (full !== undefined) return this.#refuse(to, replyToSender(full, 'grace'));
      const route = resolved.kind === 'local' ? 'local' : 'remote';
      const recipient = { address: to, route, ...dsnOf(parameters) } as const;
      if (this.#named.add(recipient)) this.#recipients.push(recipient);
      return REPLY.recipientTaken;
    } catch (err) {
      if (!(err instanceof MailboxError))
        this.#services.log.error({ err, to: to.slice(0, MAX_SHOWN) }, 'a recipient failed');
      return this.#refuse(to, err instanceof MailboxError ? replyOf(err) : REPLY.internalError);
    }
  }

  /**
   * Nobody behind the address can have it, and waiting is in vain: the queue would say so in a report. What it would wait with is taken,
   * and so is what another process has to say of its accounts.
   */
  async #noRoomFor({ deliveries, forwards }: LocalResolution): Promise<NoRoom | undefined> {
    const { domain } = this.#services;
    let refusal: NoRoom | undefined;
    for (const { account } of forwards.length > 0 ? [] : deliveries) {
      if (domain.placement.locate(account).kind !== 'here') return undefined;
      const state = await domain.accounts.open(account);
      refusal = refusalForGood(domain, state, this.#envelope.declaredBytes);
      if (refusal === undefined) return undefined;
    }
    return refusal;
  }

  async url(url: string): Promise<NamedOctets | undefined> {
    return this.#services.urls?.open(this.#who.account, url);
  }

  async message(read: ReadMessage, id: string): Promise<readonly Reply[]> {
    const ends = new LineEnds();
    const right = rightEnds(read, ends);
    const upload = await this.#begin();
    if ('code' in upload) {
      await readPast(right);
      return [upload];
    }
    const { incoming, reservation } = upload;
    try {
      const received = await receiveInto(incoming, reservation, right);
      if (received instanceof MailboxError) return [replyOf(received)];
      if (ends.hasLongLine) return [this.#refuse('', SUBMISSION_REPLY.longLine)];
      if (ends.hasNul) return [this.#refuse('', SUBMISSION_REPLY.nul)];
      return [await this.#judged(received, { id, isEightBit: ends.isEightBit })];
    } finally {
      // What was taken is the store's by now; the rest is given up.
      incoming.abort();
      reservation.release();
    }
  }

  /** Room for the message, or why there is none. */
  async #begin(): Promise<Upload | Reply> {
    const { uploads, settings, domain } = this.#services;
    const { account } = this.#who;
    const { declaredBytes } = this.#envelope;
    try {
      await requireRoomForOutgoing(domain, account, this.#recipients.length, declaredBytes);
      assertRoom(domain, declaredBytes);
      const reservation = uploads.reserve(account.id, declaredBytes);
      const incoming = openIncoming(domain, [account.id], settings.maxMessageBytes, declaredBytes);
      return { incoming, reservation };
    } catch (error) {
      if (!(error instanceof MailboxError)) throw error;
      return replyOf(error);
    }
  }

  async #judged(
    received: Received,
    how: { readonly id: string; readonly isEightBit: boolean },
  ): Promise<Reply> {
    try {
      return await this.#take(received, how);
    } catch (err) {
      if (err instanceof MailboxError) return replyOf(err);
      this.#services.log.error({ err }, 'a message that was sent could not be taken');
      return REPLY.internalError;
    }
  }

  async #take(
    received: Received,
    { id, isEightBit }: { readonly id: string; readonly isEightBit: boolean },
  ): Promise<Reply> {
    const { settings, activity, allowances, domain } = this.#services;
    const { account, maySendAs, own } = this.#who;
    const { address: name } = account.record;
    const header = wholeHeader(received.header, received.facts.sizeBytes);
    if (header === undefined) return this.#refuse('', SUBMISSION_REPLY.noField);
    const terms = { maySendAs, account: name, addsSender: settings.addsSender };
    const senders = await checkSenders(header.block, terms);
    if (senders.kind === 'refused') return this.#refuse('', senders.reply);
    const over = this.#overAfter(this.#recipients.length);
    if (over !== undefined) return this.#refuse('', over);
    const spentMs = domain.clock.nowMs();
    const reached = allowances.spend(account.id, own, this.#recipients.length, spentMs);
    const repaired = this.#repaired(header, { id, sender: senders.sender });
    const mail = {
      envelope: this.#outgoing(header, isEightBit),
      recipients: this.#recipients,
      header: repaired,
      bodyFrom: header.bodyFrom,
    };
    const accepted = await this.#accept(received, mail).catch((error: unknown) => {
      allowances.giveBack(account.id, this.#recipients.length, spentMs);
      throw error;
    });
    activity.record(name, 'submitted', { ...this.#facts(), ...factsOf(accepted, received) });
    for (const one of reached) await this.#tell(one);
    return { code: 250, text: takenText(accepted, mail, id) };
  }

  /** What is to leave, and the copy in Sent where one is wanted. */
  async #accept(received: Received, mail: NewOutgoingMail): Promise<AcceptedMail> {
    const { settings } = this.#services;
    const { account, guest } = this.#who;
    const { messageId } = received.facts;
    const domain = actingAs(this.#services.domain, guest);
    const kept = settings.copies ? sentCopyIn(account) : undefined;
    if (kept === undefined) return this.#acceptWith(received, mail, undefined);
    const own = { ...received, madeBy: 'program' } as const;
    const known = await takeSentCopy(domain, account, kept.mailbox, own);
    try {
      return await this.#acceptWith(received, mail, known === undefined ? kept : undefined);
    } catch (error) {
      // The program sends it again, and has its copy there all the same.
      if (known !== undefined)
        noteSentCopy(domain, account, kept.mailbox, { messageId, uid: known.uid, madeBy: 'program' });
      throw error;
    }
  }

  async #acceptWith(
    received: Received,
    mail: NewOutgoingMail,
    copy: SentCopy | undefined,
  ): Promise<AcceptedMail> {
    const { account, guest } = this.#who;
    const domain = actingAs(this.#services.domain, guest);
    if (mail.envelope.holdUntilMs !== undefined)
      return acceptWaiting(domain, account, received, mail, copy !== undefined);
    const accepted = await acceptOutgoing(domain, account, received, mail, copy);
    const { uid } = accepted;
    const { messageId } = received.facts;
    if (copy !== undefined && uid !== undefined)
      noteSentCopy(domain, account, copy.mailbox, { messageId, uid, madeBy: 'server' });
    return accepted;
  }

  #repaired(
    header: WholeHeader,
    { id, sender }: { readonly id: string; readonly sender: string | undefined },
  ): Buffer {
    const { domain, settings } = this.#services;
    const { connection, account } = this.#who;
    const { hello, parameters } = this.#envelope;
    const nowMs = domain.clock.nowMs();
    const only = this.#recipients.length === 1 ? this.#recipients[0]?.address : undefined;
    const { priority } = parameters;
    const by = { hostname: settings.hostname, id, recipient: only, priority, nowMs };
    return repairedHeader(header, {
      trace: submittedField(connection, by, {
        hello,
        isUtf8: parameters.utf8 === true,
        hidesClient: settings.hidesClient,
      }),
      sender,
      nowMs,
      messageId: `<${randomUUID()}@${idDomainOf(account.record.address) ?? settings.hostname}>`,
      hostname: settings.hostname,
    });
  }

  #outgoing(header: WholeHeader, isEightBit: boolean) {
    const { domain, settings } = this.#services;
    const { from, parameters } = this.#envelope;
    const { ret, envid, requireTls = false, utf8 = false, priority = 0 } = parameters;
    const nowMs = domain.clock.nowMs();
    const holdUntilMs = this.#holdUntilMs(nowMs);
    const expiresMs = Math.max(nowMs, holdUntilMs ?? 0) + settings.giveUpMs;
    const deliverBy = deliverByOf(parameters, nowMs);
    const addresses = [from, ...this.#recipients.map(({ address }) => address)];
    const hasUtf8 = addresses.some(isInternational) || !isAsciiHeader(header);
    return {
      kind: 'sent' as const,
      sender: from,
      ...(envid === undefined ? {} : { envid: decodeXtext(envid) ?? envid }),
      ...(ret === undefined ? {} : { ret: ret === 'FULL' ? ('full' as const) : ('headers' as const) }),
      isUtf8: utf8 && hasUtf8,
      isEightBit,
      requiresTls: requireTls,
      isTlsOptional: !requireTls && saysTlsIsOptional(header.block),
      ...(holdUntilMs === undefined ? {} : { holdUntilMs }),
      ...(priority === 0 ? {} : { priority }),
      ...(deliverBy === undefined ? {} : { deliverBy }),
      expiresMs: deliverBy?.mode === 'return' ? Math.min(expiresMs, deliverBy.atMs) : expiresMs,
    };
  }

  /** As it asks for itself, and for as long as what is sent can be taken back; who says by when it is to be there is in a hurry. */
  #holdUntilMs(nowMs: number): number | undefined {
    const { holdUntilMs = nowMs, parameters } = this.#envelope;
    const undoMs = parameters.deliverBy === undefined ? this.#who.own.undoMs : 0;
    const untilMs = Math.max(holdUntilMs, nowMs + undoMs);
    return untilMs > nowMs ? untilMs : undefined;
  }

  /** Why so many recipients are too many at this moment. */
  #overAfter(recipients: number): Reply | undefined {
    const { allowances, domain } = this.#services;
    const { account, own } = this.#who;
    const over = allowances.limitFor(account.id, own, recipients, domain.clock.nowMs());
    if (over === undefined) return undefined;
    void this.#tell(over);
    return { code: 451, text: `4.7.1 ${noticeOf(over).short}; try again later` };
  }

  /** The owner and the postmaster, once in a while. */
  async #tell(reached: Reached): Promise<void> {
    const { notices, log } = this.#services;
    const { account } = this.#who;
    try {
      await notices.tell(account, reached);
    } catch (err) {
      log.warn(
        { err, account: account.record.address },
        'the owner could not be told that a limit was reached',
      );
    }
  }

  /** `to`: empty when it is the message that is refused. */
  #refuse(to: string, reply: Reply): Reply {
    const { account } = this.#who;
    const facts = { ...this.#facts(), to: to.slice(0, MAX_SHOWN), reply: `${reply.code} ${reply.text}` };
    this.#services.activity.note(account.record.address, 'not submitted', facts);
    return reply;
  }

  #facts() {
    const { id: session, service, remote } = this.#who.guest;
    const recipients = this.#recipients.length;
    return { session, service, remote, from: this.#envelope.from.slice(0, MAX_SHOWN), recipients };
  }
}

/** The octets that are kept, with their line ends made right. */
function rightEnds(read: ReadMessage, ends: LineEnds): ReadMessage {
  return async () => {
    const piece = await read();
    if (piece === undefined) return undefined;
    const bytes = ends.write(piece.bytes);
    return piece.isLast ? { bytes: Buffer.concat([bytes, ends.end()]), isLast: true } : { ...piece, bytes };
  };
}

/** Undefined for a name that only RFC 6532 lets stand in a header. */
function idDomainOf(address: string): string | undefined {
  return /@([a-z0-9.-]+)$/i.exec(address)?.[1];
}

/** RFC 3461 §4.1, §4.2. */
function dsnOf({ notify, orcpt }: RecipientParameters): Pick<NewRecipient, 'notify' | 'orcpt'> {
  const bits = notify === undefined ? NOTIFY_DEFAULT : notifyBits(notify);
  return { notify: bits, ...(orcpt !== undefined && { orcpt: decodedAddress(orcpt) }) };
}

function isAsciiHeader({ block }: WholeHeader): boolean {
  return !/[^\0-\x7f]/.test(block.bytes.toString('latin1', 0, block.fieldsEnd));
}

function takenText({ id }: AcceptedMail, { envelope }: NewOutgoingMail, session: string): string {
  const { holdUntilMs } = envelope;
  const until = holdUntilMs === undefined ? '' : ` and waits until ${new Date(holdUntilMs).toISOString()}`;
  return `2.0.0 taken as ${outgoingText(id)}${until}; id ${session}`;
}

function factsOf({ id, uid }: AcceptedMail, { facts }: Received) {
  const { messageId, sizeBytes } = facts;
  return {
    ...{ outgoing: outgoingText(id), sizeBytes },
    ...(messageId === undefined ? {} : { messageId: messageId.slice(0, MAX_SHOWN) }),
    ...(uid === undefined ? {} : { uid }),
  };
}
