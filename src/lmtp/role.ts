/**
 * LMTP (RFC 2033) as a role of SMTP: who delivers is a program of ours, nobody signs in, and each recipient has a reply of
 * its own.
 */
import type { Log } from '../base/log.ts';
import type { Activity } from '../identity/activity.ts';
import { resolveRecipient } from '../identity/address.ts';
import { actingAs, type Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import { assertRoom } from '../mailbox/operations/incoming.ts';
import { checkQuota } from '../mailbox/operations/quota.ts';
import type { UploadBudget } from '../mailbox/operations/upload-budget.ts';
import type { Connection } from '../net/connection.ts';
import type { Guest } from '../net/guest.ts';
import type { Relay } from '../net/relay.ts';
import type { StreamOptions } from '../net/stream.ts';
import type { TlsSource } from '../net/tls.ts';
import type { Extension } from '../smtp/parameters.ts';
import { type OverQuota, REPLY, replyOf } from '../smtp/replies.ts';
import type { Reply } from '../smtp/reply.ts';
import type { NamedTo, ReadMessage, Role, Sender, Transaction } from '../smtp/role.ts';
import type { Deadlines } from '../smtp/session.ts';
import { Forwarding } from './forwarding.ts';
import { PassedMessage } from './passed-message.ts';
import { type NamedRecipient, receiveMessage } from './transaction.ts';

export interface LmtpSettings {
  /** In the greeting. */
  readonly hostname: string;
  readonly defaultDomain: string;
  readonly maxMessageBytes: number;
  readonly overQuota: OverQuota;
  readonly handshakeTimeoutMs: number;
  readonly deadlines: Deadlines;
}

/** What all sessions share. */
export interface LmtpServices {
  readonly domain: Domain;
  readonly activity: Activity;
  readonly uploads: UploadBudget;
  readonly settings: LmtpSettings;
  /** STARTTLS is offered with it. */
  readonly tls: TlsSource | undefined;
  readonly relay: Relay;
  readonly stream: StreamOptions;
  readonly log: Log;
}

/** Of an address from outside, in the log. */
const MAX_SHOWN = 320;

export class LmtpRole implements Role {
  readonly title = 'LMTP';
  readonly hellos = Object.freeze(['LHLO']);
  readonly verbs = Object.freeze({});
  readonly #guest: Guest;
  readonly #services: LmtpServices;
  readonly #forwarding: Forwarding;

  constructor(connection: Connection, guest: Guest, services: LmtpServices) {
    this.#guest = guest;
    this.#services = services;
    this.#forwarding = new Forwarding({ ...services, guest, connection });
  }

  extensions(): readonly Extension[] {
    return [
      { keyword: 'PIPELINING' },
      { keyword: '8BITMIME' },
      { keyword: 'SMTPUTF8' },
      { keyword: 'ENHANCEDSTATUSCODES' },
      { keyword: 'SIZE', value: String(this.#services.settings.maxMessageBytes) },
    ];
  }

  begin({ address, declaredBytes }: Sender): Transaction {
    const { defaultDomain } = this.#services.settings;
    const from = completed(address, defaultDomain);
    return new LmtpTransaction({ from, declaredBytes }, this.#guest, this.#services, this.#forwarding);
  }

  close(): void {
    this.#forwarding.close();
  }
}

class LmtpTransaction implements Transaction {
  readonly #mail: { readonly from: string; readonly declaredBytes: number };
  readonly #guest: Guest;
  readonly #services: LmtpServices;
  readonly #forwarding: Forwarding;
  readonly #recipients: NamedRecipient[] = [];
  #passing: PassedMessage | undefined;

  constructor(
    mail: { readonly from: string; readonly declaredBytes: number },
    guest: Guest,
    services: LmtpServices,
    forwarding: Forwarding,
  ) {
    this.#mail = mail;
    this.#guest = guest;
    this.#services = services;
    this.#forwarding = forwarding;
  }

  async recipient({ address }: NamedTo): Promise<Reply> {
    const { domain, settings, log } = this.#services;
    const { declaredBytes } = this.#mail;
    const to = completed(address, settings.defaultDomain);
    let name: string | undefined;
    try {
      const record = await resolveRecipient(domain.accounts, to, settings.defaultDomain);
      name = record?.address;
      if (record === undefined) return this.#refuse(to, name, REPLY.noSuchUser);
      const place = domain.placement.locate(record.id);
      if (place.kind === 'nowhere') return this.#refuse(to, name, REPLY.holderGone);
      if (place.kind === 'elsewhere') return await this.#forward(to, record, place.holder);
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

  async prepare(): Promise<{ readonly needsRaw: boolean }> {
    this.#passing = new PassedMessage(this.#forwarding, this.#recipients);
    await this.#passing.begin();
    return { needsRaw: this.#passing.isNeeded };
  }

  async message(read: ReadMessage, id: string): Promise<readonly Reply[]> {
    const { activity, uploads, settings, log } = this.#services;
    const domain = actingAs(this.#services.domain, this.#guest);
    const { maxMessageBytes, overQuota } = settings;
    const { id: session, remote } = this.#guest;
    const passing = this.#passing ?? new PassedMessage(this.#forwarding, this.#recipients);
    const envelope = { ...this.#mail, id, session, remote, recipients: passing.kept };
    const options = { domain, activity, uploads, maxMessageBytes, overQuota, log };
    const kept = await receiveMessage(options, passing.through(read), envelope);
    return passing.inOrder(kept);
  }

  /** What its holder says. One that is gone says nothing, so that is written down here. */
  async #forward(to: string, { id, address: name }: AccountRecord, holder: string): Promise<Reply> {
    const reply = await this.#forwarding.recipient(holder, this.#mail, to);
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

/** Local senders (cron, scripts) leave the domain out; RFC 5321 §4.1.1.3 wants it taken for postmaster. */
function completed(address: string, defaultDomain: string): string {
  return address === '' || address.includes('@') ? address : `${address}@${defaultDomain}`;
}
