/**
 * Mail from the world (RFC 5321): who connects is a stranger, who may say what he likes and is held to the grammar. Nobody signs in, and
 * nothing is passed on for strangers: what is taken is for accounts of ours.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Holders } from '../delivery/holders.ts';
import { IncomingMail } from '../delivery/incoming-mail.ts';
import type { DeliveryServices, DeliverySettings } from '../delivery/services.ts';
import { protocolName, receivedField } from '../delivery/trace.ts';
import type { Dns } from '../dns/answer.ts';
import type { DnsShare } from '../dns/share.ts';
import type { Counter } from '../feedback/observation.ts';
import type { CheckSettings } from '../message-auth/check.ts';
import type { Connection } from '../net/connection.ts';
import type { Guest } from '../net/guest.ts';
import { CommandFault } from '../smtp/command.ts';
import type { Extension } from '../smtp/parameters.ts';
import type { Reply } from '../smtp/reply.ts';
import { Farewell, type Role, type Sender, type Transaction, type Verb } from '../smtp/role.ts';
import type { SpamArrival, SpamServices } from '../spam/spam-check.ts';
import { Assessment, type AssessmentSettings } from './assessment.ts';
import { ReverseName } from './reverse-name.ts';
import { networkOf, type Strangers } from './strangers.ts';
import { type Arrival, MxTransaction } from './transaction.ts';

export interface MxSettings extends DeliverySettings {
  readonly greetingDelayMs: number;
}

/** What all sessions share. */
export interface MxServices extends DeliveryServices {
  readonly settings: MxSettings;
  /** Undefined: where mail is from is not asked. */
  readonly dns: DnsShare | undefined;
  readonly check: Omit<CheckSettings, 'dns'>;
  /** Undefined: no filter is asked. */
  readonly spam: SpamServices | undefined;
  readonly strangers: Pick<Strangers, 'connects' | 'slowDown' | 'isSlow'>;
  /** Absent: nobody is told how mail in his name fares. */
  readonly counter?: Pick<Counter, 'message'>;
}

/** RFC 5321 §4.5.3.1.8 asks for at least a hundred. */
export const MAX_RECIPIENTS = 1000;
/** Messages of a connection. */
export const MAX_MESSAGES = 1000;
/** Recipients that are not there: whoever names so many is trying names. */
const MAX_UNKNOWN = 20;
/** What a command of such a one waits for. */
const SLOW_MS = 1000;

const MX_REPLY = Object.freeze({
  tooOften: { code: 421, text: '4.7.0 too many connections from your network; try again in a minute' },
  guessing: { code: 421, text: '4.7.0 too many recipients that are not here' },
  noExpansion: { code: 502, text: '5.5.1 nobody is told who is on a list' },
  noSignIn: {
    code: 502,
    text: '5.5.1 nobody signs in here; programs that send mail use the port for submission',
  },
  help: { code: 214, text: '2.0.0 RFC 5321 says what can be said here' },
} as const satisfies Record<string, Reply>);

export class MxRole implements Role {
  readonly title = 'ESMTP';
  readonly hellos = Object.freeze(['EHLO', 'HELO']);
  readonly verbs: Readonly<Record<string, Verb>> = Object.freeze({
    EXPN: refuse(MX_REPLY.noExpansion),
    AUTH: refuse(MX_REPLY.noSignIn),
    HELP: (_argument, dialogue) => dialogue.say(MX_REPLY.help),
  });
  readonly #connection: Connection;
  readonly #guest: Guest;
  readonly #services: MxServices;
  readonly #holders: Holders;
  readonly #dns: Dns | undefined;
  readonly #reverseName: ReverseName;
  #unknown = 0;

  constructor(connection: Connection, guest: Guest, services: MxServices) {
    this.#connection = connection;
    this.#guest = guest;
    this.#services = services;
    this.#holders = new Holders({ ...services, guest, connection });
    this.#dns = services.dns?.of(networkOf(connection.remoteAddress));
    this.#reverseName = new ReverseName(this.#dns, connection.remoteAddress);
  }

  refuses(): Reply | undefined {
    const isWelcome = this.#services.strangers.connects(this.#connection.remoteAddress);
    return isWelcome ? undefined : MX_REPLY.tooOften;
  }

  delay(): Promise<void> | undefined {
    return this.#services.strangers.isSlow(this.#connection.remoteAddress) ? sleep(SLOW_MS) : undefined;
  }

  extensions(): readonly Extension[] {
    const { maxMessageBytes } = this.#services.settings;
    return [
      { keyword: 'PIPELINING' },
      { keyword: 'SIZE', value: String(maxMessageBytes) },
      { keyword: '8BITMIME' },
      { keyword: 'SMTPUTF8' },
      { keyword: 'ENHANCEDSTATUSCODES' },
      { keyword: 'CHUNKING' },
      { keyword: 'BINARYMIME' },
      { keyword: 'DSN' },
      // What came without is not kept from everybody's eyes any more (RFC 8689 §2).
      ...(this.#connection.isSecure ? [{ keyword: 'REQUIRETLS' } as const] : []),
      // RFC 9422.
      { keyword: 'LIMITS', value: `RCPTMAX=${MAX_RECIPIENTS} MAILMAX=${MAX_MESSAGES}` },
    ];
  }

  begin({ address, declaredBytes, parameters, hello }: Sender): Transaction {
    const { domain, settings, counter } = this.#services;
    const connection = this.#connection;
    const mail = new IncomingMail(
      { from: address, declaredBytes, parameters },
      this.#guest,
      this.#services,
      this.#holders,
    );
    const { isSecure, remoteAddress, tlsVersion } = connection;
    const base = hello.isExtended ? 'ESMTP' : 'SMTP';
    const client = { address: remoteAddress, helo: hello.name, mailFrom: address };
    const dns = this.#dns;
    const check = dns && { ...this.#services.check, dns };
    const arrival: Arrival = {
      assess: (id, recipients) => {
        const spam = this.#spamOf({ id, recipients, ...client });
        const { hostname } = settings;
        return new Assessment({ hostname, check, spam, ...(counter && { counter }) }, client);
      },
      received: (id, recipient) =>
        receivedField(
          {
            helo: hello.name,
            remoteAddress,
            reverseName: this.#reverseName.value,
            protocol: hello.isExtended
              ? protocolName(base, { isSecure, isUtf8: parameters.utf8 === true })
              : base,
            tlsVersion,
          },
          { hostname: settings.hostname, id, recipient, nowMs: domain.clock.nowMs() },
        ),
      unknown: () => this.#countUnknown(),
    };
    return new MxTransaction(mail, arrival, settings.defaultDomain);
  }

  close(): void {
    this.#holders.close();
  }

  #spamOf(
    from: Pick<SpamArrival, 'id' | 'recipients' | 'address' | 'helo' | 'mailFrom'>,
  ): AssessmentSettings['spam'] {
    const { spam: services, settings } = this.#services;
    if (services === undefined) return undefined;
    const reverseName = (): string | undefined => this.#reverseName.value;
    const foundName = () => this.#reverseName.found();
    const { hostname } = settings;
    const network = networkOf(from.address);
    return { services, arrival: { ...from, hostname, network, dns: this.#dns, reverseName, foundName } };
  }

  #countUnknown(): void {
    if (++this.#unknown < MAX_UNKNOWN) return;
    this.#services.strangers.slowDown(this.#connection.remoteAddress);
    throw new Farewell(MX_REPLY.guessing);
  }
}

function refuse(reply: Reply): Verb {
  return () => {
    throw new CommandFault(reply);
  };
}
