/**
 * SMTP for mail from the world (RFC 5321, the port 25): the exchanger that the MX records of our domains name. It takes mail for
 * accounts of ours and for nobody else; who wants to send uses submission.
 *
 * Whoever connects is a stranger. What bounds him: connections in all, from his address and in a minute, the length of lines, commands
 * that make no sense, recipients that are not there, recipients and messages, their size and their header's, time, the octets that all
 * messages under way may have together, and what the DNS is asked for him.
 */

import { type DeliveryOptions, type DeliveryPort, deliveryServices } from '../delivery/services.ts';
import type { Dns } from '../dns/answer.ts';
import { DnsShare } from '../dns/share.ts';
import type { Counter } from '../feedback/observation.ts';
import { loadChecks } from '../message-auth/check.ts';
import type { Connection } from '../net/connection.ts';
import type { Guest } from '../net/guest.ts';
import { Listener } from '../net/listener.ts';
import type { Session } from '../net/sessions.ts';
import { REPLY } from '../smtp/replies.ts';
import { replyLine } from '../smtp/reply.ts';
import { SmtpSession } from '../smtp/session.ts';
import type { SpamServices } from '../spam/spam-check.ts';
import { MAX_MESSAGES, MAX_RECIPIENTS, MxRole, type MxServices } from './role.ts';
import { Strangers } from './strangers.ts';

/** Commands that make no sense. */
const MAX_MISTAKES = 20;
const MAX_IDLE_COMMANDS = 200;

/** Of each of the askers, which are networks. The queue has the rest of what the resolver does at once. */
const DNS_SHARE = { atOnce: 60, perAsker: 20, mostWaiting: 500, maxWaitMs: 3000 };

export interface MxOptions extends DeliveryOptions {
  readonly greetingDelayMs: number;
  /** Of one network. */
  readonly connectionsPerMinute: number;
  /** Where mail is from is checked with it. */
  readonly dns?: Dns;
  /** From the end of a message until it is judged. */
  readonly checkTimeoutMs: number;
  /** Domains whose ARC seal is believed. */
  readonly trustedSealers: readonly string[];
  /** Filters that are asked; none when absent. */
  readonly spam?: SpamServices;
  /** Of all its ports; new ones when absent. */
  readonly strangers?: MxServices['strangers'];
  /** Absent: nobody is told how mail in his name fares. */
  readonly counter?: Pick<Counter, 'message'>;
}

export function mxServices(options: MxOptions): MxServices {
  const { hostname, dns, connectionsPerMinute, greetingDelayMs, trustedSealers } = options;
  const { strangers = new Strangers(connectionsPerMinute), checkTimeoutMs: timeoutMs } = options;
  const shared = deliveryServices(options);
  return {
    ...shared,
    dns: dns && new DnsShare(dns, DNS_SHARE),
    strangers,
    ...(options.counter && { counter: options.counter }),
    spam: options.spam,
    check: { hostname, trustedSealers, timeoutMs },
    settings: { ...shared.settings, greetingDelayMs },
  };
}

export async function startMx(services: MxServices, port: DeliveryPort): Promise<Listener> {
  if (services.dns !== undefined) await loadChecks();
  const { host, port: number, connections, stream, handshakeTimeoutMs, isShared = false, log } = port;
  return Listener.open({
    ...{ name: 'smtp', service: 'smtp', host, port: number },
    ...{ connections, stream, handshakeTimeoutMs, isShared, log },
    farewell: () => replyLine(REPLY.serverFull),
    accept: (connection, guest) => newSession(connection, guest, services),
  });
}

function newSession(connection: Connection, guest: Guest, services: MxServices): Session {
  const { settings, tls, log } = services;
  return new SmtpSession(connection, guest, {
    ...settings,
    role: new MxRole(connection, guest, services),
    maxRecipients: MAX_RECIPIENTS,
    maxMessages: MAX_MESSAGES,
    maxMistakes: MAX_MISTAKES,
    maxIdleCommands: MAX_IDLE_COMMANDS,
    isStrict: true,
    ...{ tls, log },
  });
}
