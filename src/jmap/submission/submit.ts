/**
 * One submission (RFC 8621 §7.5, create): an email of the account given to the queue, in one change with the object that tells of it.
 * What is refused has sent nothing. Checked in this order: what the client says, the message, whose name it is in, who gets it, how much
 * the account may send.
 */
import { randomUUID } from 'node:crypto';
import type { Activity } from '../../identity/activity.ts';
import type { Identities } from '../../identity/identities.ts';
import type { Recipients } from '../../identity/recipients.ts';
import { localParts } from '../../mail/subaddress.ts';
import { saysTlsIsOptional } from '../../mail/tls-required.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import { type EmailId, emailId, emailNumber } from '../../mailbox/model/model.ts';
import { emailObjectId, emailOfObjectId, threadObjectId } from '../../mailbox/model/object-ids.ts';
import { type NewRecipient, type OutgoingEnvelope, outgoingText } from '../../mailbox/model/outgoing.ts';
import { alongsideUpdates } from '../../mailbox/operations/change-emails.ts';
import { noteRecipients } from '../../mailbox/operations/correspondents.ts';
import { addOutgoing, checkOctets, requireRoomForOutgoing } from '../../mailbox/operations/outgoing.ts';
import type { EmailUpdate } from '../../mailbox/operations/place.ts';
import { loadFacts, partsOf } from '../../mailbox/reading/message-reader.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { loadBelongings } from '../../mailbox/state/belongings.ts';
import { loadPlaces } from '../../mailbox/state/load-places.ts';
import { isInternational, isMailbox } from '../../smtp/path.ts';
import type { Allowances } from '../../submission/allowance.ts';
import { NamedOnce } from '../../submission/named-once.ts';
import { type Notices, noticeOf } from '../../submission/notice.ts';
import { checkSenders } from '../../submission/senders.ts';
import { type AccountSubmission, type SubmissionSettings, submissionOf } from '../../submission/settings.ts';
import { leavingHeader, type StoredMessage, storedMessage, wordsOf } from '../../submission/stored.ts';
import { addSubmission, submissionGists } from '../../submission/submission-gist.ts';
import { queuedFor } from '../../submission/submission-record.ts';
import { belongingId } from '../core/belonging-state.ts';
import { invalidProperties, SetError } from '../core/fault.ts';
import { isObject, type JsonObject } from '../core/json.ts';
import type { Call } from '../core/method.ts';
import { placePatch } from '../mail/email-place.ts';
import { type Envelope, envelopeObject, envelopeOf, givenEnvelope } from './envelope.ts';
import type { Identity, IdentityMethods } from './identities.ts';
import type { SubmissionValue } from './submission-value.ts';

export interface Submitting {
  readonly identities: Pick<Identities, 'maySendAs' | 'addressesOf'>;
  readonly recipients: Pick<Recipients, 'resolve'>;
  readonly settings: SubmissionSettings;
  readonly allowances: Allowances;
  readonly notices: Pick<Notices, 'tell'>;
  readonly activity: Pick<Activity, 'record' | 'note'>;
}

export interface Submitted {
  /** Of the object. */
  readonly id: string;
  readonly emailId: string;
  readonly answer: JsonObject & { readonly id: string };
}

interface Asked {
  /** What the client wants of the email when it is sent. */
  readonly patch: JsonObject | undefined;
  /** The state that it goes by: a browser repeats by itself what it has sent, and nothing is sent twice. */
  readonly expected: { check(): void };
}

const MAX_NAMED = 100;
const PROPERTIES = ['identityId', 'emailId', 'envelope'];

export async function submit(
  submitting: Submitting,
  known: IdentityMethods,
  call: Call,
  account: AccountState,
  { object, ...asked }: Asked & { readonly object: JsonObject },
): Promise<Submitted> {
  const one = new Submission(submitting, call, account, asked);
  try {
    return await one.run(known, object);
  } catch (error) {
    if (error instanceof SetError) one.noteRefusal(error);
    throw error;
  }
}

interface FoundEmail {
  readonly id: EmailId;
  readonly threadId: string;
  readonly sizeBytes: number;
  /** Its ENVELOPE. */
  readonly people: Buffer | undefined;
}

class Submission {
  readonly #with: Submitting;
  readonly #call: Call;
  readonly #account: AccountState;
  readonly #own: AccountSubmission;
  readonly #asked: Asked;

  constructor(submitting: Submitting, call: Call, account: AccountState, asked: Asked) {
    this.#asked = asked;
    this.#with = submitting;
    this.#call = call;
    this.#account = account;
    this.#own = submissionOf(submitting.settings, account.record);
  }

  async run(known: IdentityMethods, object: JsonObject): Promise<Submitted> {
    const wrong = Object.keys(object).filter((name) => !PROPERTIES.includes(name));
    if (wrong.length > 0) throw invalidProperties(wrong.slice(0, 50), 'these are for the server to set');
    if (!this.#own.enabled) throw new SetError('forbiddenToSend', 'this account may not send mail');
    const identity = await this.#identity(known, object.identityId);
    const email = await this.#email(object.emailId);
    const { settings } = this.#with;
    const { domain } = this.#call;
    if (email.sizeBytes > settings.maxMessageBytes)
      throw new SetError('tooLarge', undefined, { maxSize: settings.maxMessageBytes });
    const message = await storedMessage(domain, email.id, email.sizeBytes);
    if (typeof message === 'string') throw new SetError('invalidEmail', message, { properties: [] });
    const { envelope, isGenerated } = this.#envelope(object.envelope, message);
    const sender = await this.#sender(message, identity);
    const mailFrom = await this.#mailFrom(envelope, identity, isGenerated);
    const recipients = await this.#recipients(envelope);
    return this.#accept({
      identity,
      email,
      message,
      envelope: { ...envelope, mailFrom },
      sender,
      recipients,
    });
  }

  noteRefusal({ type, message }: SetError): void {
    const facts = { service: 'jmap', reply: `${type}: ${message}`.slice(0, 500) };
    this.#with.activity.note(this.#account.record.address, 'not submitted', facts);
  }

  async #identity(known: IdentityMethods, id: JsonObject[string]): Promise<Identity> {
    const name = typeof id === 'string' ? this.#call.created.resolve(id) : undefined;
    const found = name === undefined ? undefined : await known.find(this.#call, this.#account, name);
    if (found === undefined) throw invalidProperties(['identityId'], 'there is no such identity');
    return found;
  }

  async #email(id: JsonObject[string]): Promise<FoundEmail> {
    const { domain } = this.#call;
    const name = typeof id === 'string' ? this.#call.created.resolve(id) : undefined;
    const number = name === undefined ? undefined : emailOfObjectId(name);
    await loadPlaces(domain, this.#account);
    if (number === undefined || !this.#isThere(number))
      throw invalidProperties(['emailId'], 'there is no such email');
    const email = emailId(this.#account.id, number);
    const [facts] = await loadFacts(domain, [email], ['parts', 'thread', 'envelope']);
    if (facts?.parts === undefined)
      throw new MailboxError('damaged', 'what is stored of the message is gone');
    const { thread = number, envelope: people } = facts;
    return { id: email, threadId: threadObjectId(thread), sizeBytes: partsOf(facts, 0).end, people };
  }

  #isThere(email: number): boolean {
    return (this.#account.placements?.countOf(email) ?? 0) > 0;
  }

  #envelope(
    value: JsonObject[string],
    { header }: StoredMessage,
  ): { envelope: Envelope; isGenerated: boolean } {
    if (value === undefined || value === null)
      return { envelope: envelopeOf(header.block), isGenerated: true };
    const given = isObject(value)
      ? givenEnvelope(value, this.#call.domain.clock.nowMs())
      : 'an envelope is an object';
    if (typeof given === 'string') throw invalidProperties(['envelope'], given);
    return { envelope: given, isGenerated: false };
  }

  /** Who has to stand in Sender; undefined when nobody has. */
  async #sender({ header }: StoredMessage, identity: Identity): Promise<string | undefined> {
    const { settings } = this.#with;
    const { record } = this.#account;
    for (const name of ['from', 'sender', 'date', 'message-id', 'subject', 'reply-to']) {
      if (header.block.all(name).length > 1)
        throw new SetError('invalidEmail', `the message has ${name} twice`, {
          properties: [propertyOf(name)],
        });
    }
    if (header.block.all('from').length === 0)
      throw new SetError('invalidEmail', 'the message says nobody who wrote it', { properties: ['from'] });
    const terms = {
      maySendAs: (address: string) => this.#with.identities.maySendAs(record, address),
      account: record.address,
      addsSender: settings.addsSender,
    };
    const verdict = await checkSenders(header.block, terms);
    if (verdict.kind === 'refused') throw new SetError('forbiddenFrom', wordsOf(verdict.reply.text));
    const from = header.block
      .all('from')
      .map((value) => value.toString().toLowerCase())
      .join();
    if (!isOfIdentity(from, identity.value.email) && verdict.sender === undefined)
      throw new SetError('forbiddenFrom', `From does not name ${identity.value.email}, of the identity`);
    return verdict.sender;
  }

  async #mailFrom({ mailFrom }: Envelope, { value }: Identity, isGenerated: boolean): Promise<string> {
    // An answer by machine comes from nobody (RFC 5321 §4.5.5).
    if (mailFrom === '' && !isGenerated) return '';
    const may =
      mailFrom === '' ? undefined : await this.#with.identities.maySendAs(this.#account.record, mailFrom);
    if (may?.kind === 'allowed' && isMailbox(mailFrom)) return mailFrom;
    if (isGenerated) return value.email.startsWith('*@') ? this.#account.record.address : value.email;
    throw new SetError('forbiddenMailFrom', may?.kind === 'refused' ? may.why : 'it is no address');
  }

  async #recipients({ recipients }: Envelope): Promise<readonly NewRecipient[]> {
    const { settings } = this.#with;
    if (recipients.length === 0) throw new SetError('noRecipients');
    if (recipients.length > settings.maxRecipients)
      throw new SetError('tooManyRecipients', undefined, { maxRecipients: settings.maxRecipients });
    const invalid: string[] = [];
    const resolved: NewRecipient[] = [];
    const named = new NamedOnce();
    for (const { email, notify, orcpt } of recipients) {
      const found = isMailbox(email)
        ? await this.#with.recipients.resolve(email)
        : { kind: 'unknown' as const };
      if (found.kind === 'unknown') invalid.push(email);
      const route = found.kind === 'local' ? 'local' : 'remote';
      const one = { address: email, route, notify, ...(orcpt === undefined ? {} : { orcpt }) } as const;
      if (named.add(one)) resolved.push(one);
    }
    if (invalid.length === 0) return resolved;
    throw new SetError('invalidRecipients', 'nobody has these addresses, or they are none', {
      invalidRecipients: invalid.slice(0, MAX_NAMED),
    });
  }

  async #accept(ready: Ready): Promise<Submitted> {
    const { allowances, activity } = this.#with;
    const { domain } = this.#call;
    const account = this.#account;
    const count = ready.recipients.length;
    const nowMs = domain.clock.nowMs();
    await requireRoomForOutgoing(domain, account, count, ready.email.sizeBytes);
    await submissionGists(account, (await loadBelongings(domain, account)).values());
    // In the turn in which it is counted: others may send at the same time.
    const over = allowances.limitFor(account.id, this.#own, count, nowMs);
    if (over !== undefined) {
      void this.#with.notices.tell(account, over).catch(() => {});
      throw new SetError('forbiddenToSend', `${noticeOf(over).short}; try again later`);
    }
    const reached = allowances.spend(account.id, this.#own, count, nowMs);
    try {
      const { id, value } = await this.#give(ready, nowMs);
      for (const one of reached) void this.#with.notices.tell(account, one).catch(() => {});
      const facts = {
        service: 'jmap',
        from: ready.envelope.mailFrom,
        recipients: count,
        sizeBytes: ready.email.sizeBytes,
      };
      activity.record(account.record.address, 'submitted', {
        ...facts,
        outgoing: outgoingText(value.outgoing as never),
      });
      const { threadId, undoStatus, emailId: email } = value;
      const sendAt = new Date(value.sendAtMs).toISOString().replace(/\.\d+Z$/, 'Z');
      return { id, emailId: email, answer: { id, threadId, sendAt, undoStatus } };
    } catch (error) {
      allowances.giveBack(account.id, count, nowMs);
      throw error;
    }
  }

  /** What the client wants of the email when it is sent; nothing where that cannot be, of which Email/set will tell. */
  #updates(email: EmailId): readonly EmailUpdate[] {
    const { patch } = this.#asked;
    if (patch === undefined) return [];
    try {
      return [{ email: emailNumber(email), ...placePatch(patch, (id) => this.#call.created.resolve(id)) }];
    } catch (error) {
      if (!(error instanceof SetError)) throw error;
      return [];
    }
  }

  /**
   * In one change: the mail that is to leave, what tells of it, and where the email is from then on. Were it put there afterwards, mail that
   * has been sent could stay among the drafts, for its owner to send again.
   */
  async #give(
    ready: Ready,
    nowMs: number,
  ): Promise<{ readonly id: string; readonly value: SubmissionValue }> {
    const { domain } = this.#call;
    const account = this.#account;
    const { settings } = this.#with;
    const { email, message, envelope, sender, recipients, identity } = ready;
    const idDomain = /@([a-z0-9.-]+)$/i.exec(account.record.address)?.[1] ?? settings.hostname;
    const header = leavingHeader(message, { settings, nowMs, id: randomUUID(), sender, idDomain });
    const mail = {
      envelope: this.#outgoing(ready, nowMs),
      recipients,
      header,
      ...{ bodyFrom: message.header.bodyFrom, sizeBytes: email.sizeBytes },
    };
    return alongsideUpdates(domain, account, this.#updates(email.id), (change, place) => {
      this.#asked.expected.check();
      if (!this.#isThere(emailNumber(email.id))) throw new MailboxError('nonexistent', 'the email is gone');
      checkOctets(domain, account, email.sizeBytes);
      place();
      change.retain([emailNumber(email.id)]);
      noteRecipients(change, email.people, addressesOf(recipients));
      let value: SubmissionValue | undefined;
      const number = addSubmission(change, (id) => {
        value = {
          identityId: belongingId('identity', identity.row.id),
          emailId: emailObjectId(emailNumber(email.id)),
          threadId: email.threadId,
          envelope: envelopeObject(envelope),
          sendAtMs: envelope.holdUntilMs ?? nowMs,
          outgoing: addOutgoing(change, email.id, mail, id),
          undoStatus: 'pending',
          delivery: queuedFor(addressesOf(recipients)),
        };
        return value;
      });
      return { id: belongingId('submission', number), value: value as unknown as SubmissionValue };
    });
  }

  #outgoing({ envelope, message, recipients }: Ready, nowMs: number): OutgoingEnvelope {
    const { mailFrom, ret, envid, holdUntilMs, requiresTls, priority, deliverBy } = envelope;
    const { block } = message.header;
    const addresses = [mailFrom, ...recipients.map(({ address }) => address)];
    const isAsciiHeader = !/[^\0-\x7f]/.test(block.bytes.toString('latin1', 0, block.fieldsEnd));
    const isHeld = holdUntilMs !== undefined && holdUntilMs > nowMs;
    const expiresMs = Math.max(nowMs, isHeld ? holdUntilMs : 0) + this.#with.settings.giveUpMs;
    return {
      kind: 'sent',
      sender: mailFrom,
      ...(envid === undefined ? {} : { envid }),
      ...(ret === undefined ? {} : { ret }),
      isUtf8: addresses.some(isInternational) || !isAsciiHeader,
      isEightBit: message.isEightBit,
      requiresTls,
      isTlsOptional: !requiresTls && saysTlsIsOptional(block),
      ...(isHeld ? { holdUntilMs } : {}),
      ...(priority !== undefined && { priority }),
      ...(deliverBy !== undefined && { deliverBy }),
      expiresMs: deliverBy?.mode === 'return' ? Math.min(expiresMs, deliverBy.atMs) : expiresMs,
    };
  }
}

interface Ready {
  readonly identity: Identity;
  readonly email: FoundEmail;
  readonly message: StoredMessage;
  readonly envelope: Envelope;
  readonly sender: string | undefined;
  readonly recipients: readonly NewRecipient[];
}

function addressesOf(recipients: readonly NewRecipient[]): readonly string[] {
  return recipients.map(({ address }) => address);
}

/** RFC 8621 §7.5 names properties of the email. */
function propertyOf(field: string): string {
  const names: Readonly<Record<string, string>> = {
    'message-id': 'messageId',
    'reply-to': 'replyTo',
    date: 'sentAt',
  };
  return names[field] ?? field;
}

/** A tag of the address is the address. */
function isOfIdentity(from: string, email: string): boolean {
  const wanted = email.toLowerCase();
  const [local = '', domain = ''] = wanted.split('@');
  if (local === '*') return from.includes(`@${domain}`);
  if (from.includes(wanted)) return true;
  const tagged = [...from.matchAll(/([^\s<>,;:"]+)@([^\s<>,;:"]+)/g)];
  return tagged.some(([, name = '', host]) => host === domain && localParts(name, '+').user === local);
}
