/**
 * MDN/send (RFC 9007 §2.1): the one who wrote a message learns what became of it, when he has asked and its reader agrees. That it was
 * said is marked in the change in which the notification is given to the queue, so it is said once, whoever asks at the same time.
 */

import type { AccountChange } from '../../mailbox/change/account-change.ts';
import type { Domain } from '../../mailbox/domain.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import { emailObjectId } from '../../mailbox/model/object-ids.ts';
import {
  type NewRecipient,
  NOTIFY,
  type OutgoingEnvelope,
  outgoingText,
} from '../../mailbox/model/outgoing.ts';
import { openIncoming, type Received } from '../../mailbox/operations/incoming.ts';
import { acceptUnshown, requireRoomForOutgoing } from '../../mailbox/operations/outgoing.ts';
import { NotLoaded, Placing } from '../../mailbox/operations/place.ts';
import { keywordsNow, loadEverything } from '../../mailbox/query/email-rows.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { noticeOf } from '../../submission/notice.ts';
import { submissionOf } from '../../submission/settings.ts';
import { MAIL } from '../capabilities.ts';
import { id, mapOf, object, optional, readArguments } from '../core/arguments.ts';
import { MethodError, SetError, setErrorOf } from '../core/fault.ts';
import { isObject, type JsonObject, orNull } from '../core/json.ts';
import type { Call, Method } from '../core/method.ts';
import { attempt } from '../core/standard-set.ts';
import { type Identity, IdentityMethods } from '../submission/identities.ts';
import type { Submitting } from '../submission/submit.ts';
import { MDN } from './capability.ts';
import { type MdnMessage, mdnMessage } from './mdn-message.ts';
import { type GivenMdn, givenMdn } from './mdn-value.ts';
import { type NotifiedMessage, notifiedMessage, originalOf } from './notified-message.ts';

const TABLE = {
  ...{ accountId: id, identityId: id, send: mapOf(object) },
  onSuccessUpdateEmail: optional(mapOf(object)),
};
const SENT = '$mdnsent';
/** Who drops messages from memory goes by what was not used for minutes. */
const MOST_TRIES = 5;

export function mdnSend(submitting: Submitting): Method {
  const identities = new IdentityMethods(submitting.identities);
  return {
    name: 'MDN/send',
    capability: MDN,
    async run(raw, call) {
      const { accountId, identityId, send, onSuccessUpdateEmail: patches } = readArguments(raw, TABLE);
      if (!call.using.has(MAIL)) throw new MethodError('unknownMethod', `it is a method of ${MAIL}, too`);
      const account = await call.account(accountId);
      if (send.size > call.limits.maxObjectsInSet)
        throw new MethodError('requestTooLarge', `at most ${call.limits.maxObjectsInSet} at once`);
      for (const name of send.keys())
        if (!marksAsSent(patches?.get(`#${name}`)))
          throw new MethodError('invalidArguments', `each message is marked with ${SENT}`, {
            arguments: ['onSuccessUpdateEmail'],
          });
      const identity = await identities.find(call, account, call.created.resolve(identityId) ?? '');
      if (identity === undefined)
        throw new MethodError('invalidArguments', 'there is no such identity', { arguments: ['identityId'] });
      const sending = new Sending(submitting, call, account, identity);
      const sent = new Map<string, JsonObject>();
      const notSent = new Map<string, JsonObject>();
      const update: Record<string, JsonObject> = {};
      for (const [name, wanted] of send) {
        const outcome = await attempt(() => sending.send(givenMdn(wanted)));
        if (outcome instanceof SetError) notSent.set(name, outcome.toAnswer());
        else {
          sent.set(name, outcome.answer);
          update[outcome.emailId] = patches?.get(`#${name}`) as JsonObject;
        }
      }
      if (Object.keys(update).length > 0) call.afterwards('Email/set', { accountId, update });
      return { accountId, sent: orNull(sent), notSent: orNull(notSent) };
    },
  };
}

/** A client has to say so, else it would be asked to send another one. */
function marksAsSent(patch: JsonObject | undefined): boolean {
  const { keywords } = patch ?? {};
  return patch?.[`keywords/${SENT}`] === true || (isObject(keywords) && keywords[SENT] === true);
}

class Sending {
  readonly #with: Submitting;
  readonly #call: Call;
  readonly #account: AccountState;
  readonly #from: { readonly name: string | null; readonly email: string };

  constructor(submitting: Submitting, call: Call, account: AccountState, { value }: Identity) {
    this.#with = submitting;
    this.#call = call;
    this.#account = account;
    const { name, email } = value;
    const isOfDomain = email.startsWith('*@');
    this.#from = { name: name === '' ? null : name, email: isOfDomain ? account.record.address : email };
  }

  /** Throws SetError, MailboxError. */
  async send(mdn: GivenMdn): Promise<{ readonly emailId: string; readonly answer: JsonObject }> {
    const { domain } = this.#call;
    const about = await notifiedMessage(domain, this.#account, this.#call.created.resolve(mdn.forEmailId));
    if (about === undefined)
      throw new SetError('notFound', 'there is no such email, or nobody wants to know');
    if (about.keywords.includes(SENT)) throw alreadySent();
    const finalRecipient = await this.#finalRecipient(mdn.finalRecipient);
    const recipients = await this.#recipients(about.notify);
    const {
      subject = `Notification: ${about.subject}`.slice(0, 500).toWellFormed(),
      textBody = wordsOf(mdn),
    } = mdn;
    const message = await this.#message({ ...mdn, subject, textBody }, about, finalRecipient);
    await this.#accept(about.email, message, recipients);
    return {
      emailId: emailObjectId(about.email),
      answer: {
        ...(mdn.subject === undefined ? { subject } : {}),
        ...(mdn.textBody === undefined ? { textBody } : {}),
        ...(mdn.reportingUA === undefined ? { reportingUA: null } : {}),
        ...(mdn.finalRecipient === undefined ? { finalRecipient } : {}),
        ...(mdn.extensionFields.size === 0 ? { extensionFields: null } : {}),
        includeOriginalMessage: mdn.includeOriginalMessage,
        ...{ mdnGateway: null, error: null },
        originalRecipient: about.originalRecipient ?? null,
        originalMessageId: about.messageId ?? null,
      },
    };
  }

  async #finalRecipient(given: string | undefined): Promise<string> {
    const address = given?.replace(/^\s*(?:rfc822|utf-8)\s*;/i, '').trim() ?? this.#from.email;
    const may = await this.#with.identities.maySendAs(this.#account.record, address);
    if (may.kind === 'refused') throw new SetError('forbiddenFrom', may.why);
    return `${/[^\0-\x7f]/.test(address) ? 'utf-8' : 'rfc822'}; ${address}`;
  }

  async #recipients(addresses: readonly string[]): Promise<readonly NewRecipient[]> {
    const found: NewRecipient[] = [];
    for (const address of addresses) {
      const { kind } = await this.#with.recipients.resolve(address);
      if (kind === 'unknown') continue;
      found.push({ address, route: kind === 'local' ? 'local' : 'remote', notify: NOTIFY.Never });
    }
    if (found.length === 0) throw new SetError('notFound', 'nobody has the address that wants to know');
    return found;
  }

  async #message(
    mdn: GivenMdn & { readonly subject: string; readonly textBody: string },
    about: NotifiedMessage,
    finalRecipient: string,
  ): Promise<MdnMessage> {
    const { settings } = this.#with;
    const { actionMode, sendingMode, type } = mdn.disposition;
    const original = mdn.includeOriginalMessage
      ? await originalOf(this.#call.domain, this.#account, about, settings.maxMessageBytes)
      : undefined;
    const message = mdnMessage({
      from: this.#from,
      to: about.notify,
      subject: mdn.subject,
      text: mdn.textBody,
      nowMs: this.#call.domain.clock.nowMs(),
      idDomain: /@([a-z0-9.-]+)$/i.exec(this.#account.record.address)?.[1] ?? settings.hostname,
      fields: [
        ...(mdn.reportingUA === undefined ? [] : [['Reporting-UA', mdn.reportingUA] as const]),
        ...(about.originalRecipient === undefined
          ? []
          : [['Original-Recipient', about.originalRecipient] as const]),
        ['Final-Recipient', finalRecipient],
        ...(about.messageId === undefined ? [] : [['Original-Message-ID', about.messageId] as const]),
        ['Disposition', `${actionMode}/${sendingMode}; ${type}`],
        ...mdn.extensionFields,
      ],
      disposition: mdn.disposition,
      originalMessageId: about.messageId,
      original,
    });
    if (message.octets.length > settings.maxMessageBytes)
      throw new SetError('tooLarge', undefined, { maxSize: settings.maxMessageBytes });
    return message;
  }

  async #accept(email: number, message: MdnMessage, recipients: readonly NewRecipient[]): Promise<void> {
    const { allowances, activity, settings, notices } = this.#with;
    const { domain } = this.#call;
    const account = this.#account;
    const own = submissionOf(settings, account.record);
    if (!own.enabled) throw new SetError('forbidden', 'this account may not send mail');
    const nowMs = domain.clock.nowMs();
    await requireRoomForOutgoing(domain, account, recipients.length);
    // In the turn in which it is counted: others may send at the same time.
    const over = allowances.limitFor(account.id, own, recipients.length, nowMs);
    if (over !== undefined) {
      void notices.tell(account, over).catch(() => {});
      throw new SetError('rateLimit', `${noticeOf(over).short}; try again later`);
    }
    const reached = allowances.spend(account.id, own, recipients.length, nowMs);
    try {
      const { octets, isUtf8, isEightBit } = message;
      const envelope: OutgoingEnvelope = {
        // RFC 8098 §3: nothing ever answers it.
        ...{ kind: 'sent', sender: '', isUtf8, isEightBit, requiresTls: false, isTlsOptional: false },
        expiresMs: nowMs + settings.giveUpMs,
      };
      const outgoing = await this.#give(email, octets, { envelope, recipients });
      for (const one of reached) void notices.tell(account, one).catch(() => {});
      const facts = { service: 'jmap', from: '', recipients: recipients.length, sizeBytes: octets.length };
      activity.record(account.record.address, 'submitted', { ...facts, outgoing });
    } catch (error) {
      allowances.giveBack(account.id, recipients.length, nowMs);
      throw error;
    }
  }

  async #give(
    email: number,
    octets: Buffer,
    mail: { readonly envelope: OutgoingEnvelope; readonly recipients: readonly NewRecipient[] },
  ): Promise<string> {
    const { domain } = this.#call;
    const account = this.#account;
    const none = { flags: 0, keywords: [] };
    const marks = { adds: { flags: 0, keywords: [SENT] }, removes: none };
    const mark = (change: AccountChange): void => {
      const placing = new Placing(domain, change);
      const refusal = placing.update({ email, marks });
      if (refusal?.why === 'keywords' || refusal?.why === 'refused') throw refusal.error;
      if (refusal !== undefined) throw new MailboxError('nonexistent', 'the email is gone');
      if (keywordsNow(account, email).includes(SENT))
        throw new MailboxError('exists', 'it was sent meanwhile');
      placing.carryOut();
    };
    const received = await staged(domain, account, octets);
    for (let tries = 1; ; tries++) {
      await loadEverything(domain, account);
      try {
        return outgoingText(await acceptUnshown(domain, account, received, mail, mark));
      } catch (error) {
        if (error instanceof NotLoaded && tries < MOST_TRIES) continue;
        if (error instanceof MailboxError && error.code === 'exists') throw alreadySent();
        if (error instanceof MailboxError) throw setErrorOf(error);
        throw error;
      }
    }
  }
}

async function staged(domain: Domain, account: AccountState, octets: Buffer): Promise<Received> {
  const stream = openIncoming(domain, [account.id], octets.length, octets.length);
  try {
    const written = stream.write(octets);
    if (written !== undefined) await written;
    return await stream.finish();
  } catch (error) {
    stream.abort();
    throw error;
  }
}

function alreadySent(): SetError {
  return new SetError('mdnAlreadySent', `the message has the keyword ${SENT}`);
}

function wordsOf({ disposition }: GivenMdn): string {
  return `The message was ${disposition.type}. This says nothing of whether it was read or understood.\r\n`;
}
