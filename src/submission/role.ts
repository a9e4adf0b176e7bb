/**
 * Submission (RFC 6409) as a role of SMTP: somebody signs in and sends mail in his own name. Until then nothing can be done but
 * that. Whoever holds the account serves him from there on (`server.ts`).
 */
import type { Socket } from 'node:net';
import type { Admission } from '../identity/authenticator.ts';
import { termsOn } from '../identity/exchange.ts';
import { handOver } from '../identity/handing-over.ts';
import { Presence } from '../identity/presence.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { requireRoomForOutgoing } from '../mailbox/operations/outgoing.ts';
import type { AccountListener, AccountState } from '../mailbox/state/account.ts';
import type { Connection } from '../net/connection.ts';
import type { Guest } from '../net/guest.ts';
import type { Member } from '../net/roster.ts';
import type { SaslTerms } from '../sasl/mechanism.ts';
import { offeredMechanisms } from '../sasl/mechanisms.ts';
import { CommandFault } from '../smtp/command.ts';
import type { Extension } from '../smtp/parameters.ts';
import { requireMailbox } from '../smtp/path.ts';
import { REPLY, replyOf } from '../smtp/replies.ts';
import type { Reply } from '../smtp/reply.ts';
import {
  type Dialogue,
  Farewell,
  Moved,
  type Role,
  type Sender,
  type Transaction,
  type Verb,
} from '../smtp/role.ts';
import { whyNeverInTime } from './deliver-by.ts';
import { holdLimits, holdUntil } from './future-release.ts';
import { SUBMISSION_REPLY } from './replies.ts';
import { notAs } from './senders.ts';
import type { SubmissionServices } from './services.ts';
import { submissionOf } from './settings.ts';
import { exchangeOf, refusalOf } from './sign-in.ts';
import { SubmissionTransaction } from './transaction.ts';

/** What the holder is told of the client's name; it is a word of a trace field. */
const MAX_HELO = 255;
/** Messages of a connection. */
export const MAX_MESSAGES = 1000;

export class SubmissionRole implements Role, AccountListener, Member {
  readonly title = 'ESMTP';
  readonly hellos = Object.freeze(['EHLO', 'HELO']);
  readonly verbs: Readonly<Record<string, Verb>> = Object.freeze({
    AUTH: (argument: string, dialogue: Dialogue) => this.#signIn(argument, dialogue),
    EXPN: () => {
      throw new CommandFault(SUBMISSION_REPLY.noExpansion);
    },
    HELP: (_argument: string, dialogue: Dialogue) => dialogue.say(SUBMISSION_REPLY.help),
  });
  credential: number | undefined;
  /** The session ends. */
  onEvicted: (reason: string) => void = () => {};
  readonly #connection: Connection;
  readonly #guest: Guest;
  readonly #services: SubmissionServices;
  readonly #presence: Presence;
  #account: AccountState | undefined;
  #leave: () => void = () => {};

  constructor(connection: Connection, guest: Guest, services: SubmissionServices) {
    this.#connection = connection;
    this.#guest = guest;
    this.#services = services;
    this.#presence = new Presence(services, guest);
  }

  get isSignedIn(): boolean {
    return this.#account !== undefined;
  }

  get lastActiveMs(): number {
    return this.#connection.lastActiveMs;
  }

  stop(reason: string): void {
    this.onEvicted(reason);
  }

  /** As somebody who has signed in at another process. Throws MailboxError. */
  async arrive(who: Admission, mechanism: string): Promise<void> {
    await this.#enter(who);
    this.#presence.arrived(who, mechanism);
  }

  extensions(): readonly Extension[] {
    const { settings, domain, urls } = this.#services;
    const mechanisms = offeredMechanisms(this.#terms());
    return [
      { keyword: 'PIPELINING' },
      { keyword: 'SIZE', value: String(settings.maxMessageBytes) },
      { keyword: '8BITMIME' },
      { keyword: 'SMTPUTF8' },
      { keyword: 'ENHANCEDSTATUSCODES' },
      { keyword: 'CHUNKING' },
      // RFC 4468 §3.1: of whoever has signed in, whose mailboxes they are.
      ...(this.isSignedIn && urls !== undefined ? [{ keyword: 'BURL', value: 'imap' } as const] : []),
      { keyword: 'DSN' },
      { keyword: 'FUTURERELEASE', value: holdLimits(domain.clock.nowMs()) },
      // RFC 2852: however short the time is. RFC 6710: among the account's own mail.
      { keyword: 'DELIVERBY' },
      { keyword: 'MT-PRIORITY' },
      // RFC 8689 §2: offered over TLS, and nowhere else.
      ...(this.#connection.isSecure ? [{ keyword: 'REQUIRETLS' } as const] : []),
      { keyword: 'LIMITS', value: `RCPTMAX=${settings.maxRecipients} MAILMAX=${MAX_MESSAGES}` },
      // Also to whoever has signed in: the word brings a parameter of MAIL, which is taken and not believed (RFC 4954 §5).
      ...(mechanisms.length > 0
        ? [{ keyword: 'AUTH', value: mechanisms.map(({ name }) => name).join(' ') } as const]
        : []),
    ];
  }

  async begin({ address, declaredBytes, parameters, hello }: Sender): Promise<Transaction | Reply> {
    const { domain, settings } = this.#services;
    const account = this.#account;
    if (account === undefined) {
      return this.#terms().mayUsePlaintext ? SUBMISSION_REPLY.signInFirst : SUBMISSION_REPLY.tlsFirst;
    }
    if (address !== '') requireMailbox(address, parameters.utf8 === true, REPLY.badSender);
    const hold = holdUntil(parameters, domain.clock.nowMs());
    if (typeof hold === 'object') return hold;
    const never = whyNeverInTime(parameters, hold, domain.clock.nowMs());
    if (never !== undefined) return never;
    const maySendAs = (one: string) => this.#services.identities.maySendAs(account.record, one);
    // An answer by machine (RFC 8098) comes from nobody; who it is from, its header says.
    const asSender = address === '' ? undefined : await maySendAs(address);
    if (asSender?.kind === 'refused') return notAs(asSender);
    const full = await this.#noRoomFor(account, declaredBytes);
    if (full !== undefined) return full;
    const connection = this.#connection;
    const envelope = {
      from: address,
      declaredBytes,
      parameters,
      ...(hold === undefined ? {} : { holdUntilMs: hold }),
    };
    return new SubmissionTransaction(
      { ...envelope, hello },
      {
        account,
        connection,
        guest: this.#guest,
        maySendAs,
        own: submissionOf(settings, account.record),
      },
      this.#services,
    );
  }

  /** Said before all of it comes. */
  async #noRoomFor(account: AccountState, declaredBytes: number): Promise<Reply | undefined> {
    try {
      await requireRoomForOutgoing(this.#services.domain, account, 1, declaredBytes);
      return undefined;
    } catch (error) {
      if (error instanceof MailboxError) return replyOf(error);
      throw error;
    }
  }

  close(): void {
    this.#leave();
    this.#presence.endsBecause('the connection ended');
  }

  #terms(): SaslTerms {
    const { settings, authenticator } = this.#services;
    const terms = termsOn(this.#connection, settings.plaintext, authenticator);
    return settings.bindsChannel ? terms : { ...terms, bindings: undefined };
  }

  async #signIn(argument: string, dialogue: Dialogue): Promise<void> {
    if (this.isSignedIn) throw new CommandFault(SUBMISSION_REPLY.signedInAlready);
    const { hello } = dialogue;
    if (hello === undefined) throw new CommandFault(SUBMISSION_REPLY.helloFirst);
    const exchange = exchangeOf(argument, this.#terms(), dialogue);
    const { name: mechanism } = exchange.mechanism;
    let holder: Socket | undefined;
    try {
      holder = await this.#presence.exchange(exchange, async (who) => {
        const session = { helo: hello.name.slice(0, MAX_HELO), isExtended: hello.isExtended };
        const leaving = { connection: this.#connection, guest: this.#guest, mechanism, session };
        const elsewhere = await handOver(who, { ...this.#services, ...leaving });
        if (elsewhere === undefined) await this.#enter(who);
        return elsewhere;
      });
    } catch (error) {
      const reply = refusalOf(error);
      if (this.#presence.isSpent) {
        dialogue.say(reply);
        throw new Farewell(SUBMISSION_REPLY.spent);
      }
      return dialogue.say(reply);
    }
    // Its holder says the rest.
    if (holder !== undefined) throw new Moved(holder);
    dialogue.say(SUBMISSION_REPLY.signedIn);
  }

  async #enter({ record, credential }: Admission): Promise<void> {
    const { domain, roster, settings } = this.#services;
    if (!submissionOf(settings, record).enabled)
      throw new MailboxError('forbidden', 'this account may not send mail');
    const account = await domain.accounts.open(record.id);
    this.credential = credential?.id;
    await domain.accounts.join(account, this);
    const leaveRoster = roster.join(record.address, this);
    this.#leave = () => {
      account.listeners.delete(this);
      leaveRoster();
    };
    this.#account = account;
  }
}
