/**
 * LMTP (RFC 2033) as a role of SMTP: who delivers is a program of ours, nobody signs in, and each recipient has a reply of
 * its own.
 *
 * A process of ours that passes a message on speaks it too, through the relay. It has judged the message, and says
 * which header fields the message gets and what is thought of it (`delivery/holders.ts`).
 */
import { EMPTY } from '../base/bytes.ts';
import { Holders } from '../delivery/holders.ts';
import { IncomingMail } from '../delivery/incoming-mail.ts';
import { type Taken, VERDICT_FLAGS } from '../delivery/judgement.ts';
import type { DeliveryServices } from '../delivery/services.ts';
import { protocolName, receivedField } from '../delivery/trace.ts';
import type { Connection } from '../net/connection.ts';
import type { Guest } from '../net/guest.ts';
import type { Extension } from '../smtp/parameters.ts';
import type { Reply } from '../smtp/reply.ts';
import type { NamedTo, ReadMessage, Role, Sender, Transaction } from '../smtp/role.ts';
import { LOOKED_AT_BYTES, upstreamOpinion } from '../spam/upstream.ts';
import { Beginning } from './beginning.ts';

/** What goes from process to process. */
const BETWEEN_US: readonly Extension[] = Object.freeze([
  { keyword: 'XFORWARD' },
  { keyword: 'DSN' },
  { keyword: 'REQUIRETLS' },
  { keyword: 'DELIVERBY' },
]);

export class LmtpRole implements Role {
  readonly title = 'LMTP';
  readonly hellos = Object.freeze(['LHLO']);
  readonly verbs = Object.freeze({});
  readonly #connection: Connection;
  readonly #guest: Guest;
  readonly #services: DeliveryServices;
  /** Absent: this is a message that another process passes on. */
  readonly #holders: Holders | undefined;

  constructor(connection: Connection, guest: Guest, services: DeliveryServices, isRelayed: boolean) {
    this.#connection = connection;
    this.#guest = guest;
    this.#services = services;
    this.#holders = isRelayed ? undefined : new Holders({ ...services, guest, connection });
  }

  extensions(): readonly Extension[] {
    return [
      ...(this.#holders === undefined ? BETWEEN_US : []),
      { keyword: 'PIPELINING' },
      { keyword: '8BITMIME' },
      { keyword: 'BINARYMIME' },
      { keyword: 'CHUNKING' },
      { keyword: 'SMTPUTF8' },
      { keyword: 'ENHANCEDSTATUSCODES' },
      { keyword: 'SIZE', value: String(this.#services.settings.maxMessageBytes) },
    ];
  }

  begin({ address, declaredBytes, parameters, hello }: Sender): Transaction {
    const from = completed(address, this.#services.settings.defaultDomain);
    const mail = new IncomingMail(
      { from, declaredBytes, parameters },
      this.#guest,
      this.#services,
      this.#holders,
    );
    if (this.#holders === undefined) return new RelayedTransaction(mail, this.#services);
    const isUtf8 = parameters.utf8 === true;
    const trace = (id: string, recipient: string | undefined): Buffer => {
      const { remoteAddress, tlsVersion, isSecure } = this.#connection;
      const protocol = protocolName('LMTP', { isSecure, isUtf8 });
      const { domain, settings } = this.#services;
      const by = { hostname: settings.hostname, id, recipient, nowMs: domain.clock.nowMs() };
      return receivedField({ helo: hello.name, remoteAddress, protocol, tlsVersion }, by);
    };
    return new LmtpTransaction(mail, this.#services, trace);
  }

  close(): void {
    this.#holders?.close();
  }
}

class LmtpTransaction implements Transaction {
  readonly #mail: IncomingMail;
  readonly #services: DeliveryServices;
  readonly #trace: (id: string, recipient: string | undefined) => Buffer;
  #recipients: string[] = [];

  constructor(
    mail: IncomingMail,
    services: DeliveryServices,
    trace: (id: string, recipient: string | undefined) => Buffer,
  ) {
    this.#mail = mail;
    this.#services = services;
    this.#trace = trace;
  }

  async recipient({ address }: NamedTo): Promise<Reply> {
    const to = completed(address, this.#services.settings.defaultDomain);
    const reply = await this.#mail.recipient(to);
    if (reply.code === 250) this.#recipients.push(to);
    return reply;
  }

  message(read: ReadMessage, id: string): Promise<readonly Reply[]> {
    const only = this.#recipients.length === 1 ? this.#recipients[0] : undefined;
    const beginning = new Beginning(this.#services.settings.believesHeaders === true ? LOOKED_AT_BYTES : 0);
    return this.#mail.message(beginning.through(read), id, () => {
      const { action, reason } = upstreamOpinion(beginning.octets);
      return {
        kind: 'taken',
        fields: this.#trace(id, only),
        isJunk: action === 'junk',
        // The transfer agent has judged it, and answers for it.
        isAuthentic: true,
        isAuthorKnown: true,
        ...(reason !== undefined && { verdict: reason }),
      };
    });
  }
}

const NOTHING_SAID: Taken = Object.freeze({
  ...{ kind: 'taken', fields: EMPTY },
  ...{ isJunk: false, isAuthentic: true, isAuthorKnown: false, isShared: false },
});

/** Who passes it on knows more of it, and has named the recipients as they are. */
class RelayedTransaction implements Transaction {
  readonly #mail: IncomingMail;
  readonly #services: DeliveryServices;
  #taken: Taken = NOTHING_SAID;

  constructor(mail: IncomingMail, services: DeliveryServices) {
    this.#mail = mail;
    this.#services = services;
  }

  recipient({ address, parameters }: NamedTo): Promise<Reply> {
    const to = completed(address, this.#services.settings.defaultDomain);
    return this.#mail.recipient(to, parameters);
  }

  between(verb: string, argument: string): Reply | undefined {
    if (verb === 'XTRACE') this.#note({ fields: Buffer.concat([this.#taken.fields, fromBase64(argument)]) });
    else if (verb === 'XVERDICT') {
      const [flags = '', words = ''] = argument.split(' ');
      const said = VERDICT_FLAGS.map((flag) => [flag, flags.split(',').includes(flag)]);
      const verdict = fromBase64(words).toString();
      this.#note({ ...Object.fromEntries(said), ...(verdict && { verdict }) });
    } else if (verb === 'XONCE') this.#note({ once: fromBase64(argument) });
    else return undefined;
    return { code: 250, text: '2.0.0 noted' };
  }

  message(read: ReadMessage, id: string): Promise<readonly Reply[]> {
    return this.#mail.message(read, id, () => this.#taken);
  }

  #note(some: Partial<Taken>): void {
    this.#taken = { ...this.#taken, ...some };
  }
}

function fromBase64(text: string): Buffer {
  return Buffer.from(text, 'base64');
}

/** Local senders (cron, scripts) leave the domain out; RFC 5321 §4.1.1.3 wants it taken for postmaster. */
function completed(address: string, defaultDomain: string): string {
  return address === '' || address.includes('@') ? address : `${address}@${defaultDomain}`;
}
