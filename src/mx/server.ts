/**
 * SMTP for mail from the world (RFC 5321, the port 25): the exchanger that the MX records of our domains name. It takes mail for
 * accounts of ours and for nobody else; who wants to send uses submission.
 *
 * Whoever connects is a stranger. What bounds him: connections in all, from his address and in a minute, the length of lines, commands
 * that make no sense, recipients that are not there, recipients and messages, their size and their header's, time, the octets that all
 * messages under way may have together, and what the DNS is asked for him.
 */

import { Repeats } from '../delivery/repeats.ts';
import type { Dns } from '../dns/answer.ts';
import { DnsShare } from '../dns/share.ts';
import type { Activity } from '../identity/activity.ts';
import type { Recipients } from '../identity/recipients.ts';
import type { Domain } from '../mailbox/domain.ts';
import { UploadBudget } from '../mailbox/operations/upload-budget.ts';
import { loadChecks } from '../message-auth/check.ts';
import type { Connection } from '../net/connection.ts';
import type { Guest } from '../net/guest.ts';
import { Listener } from '../net/listener.ts';
import type { SharedOptions } from '../net/ports.ts';
import { NO_RELAY, type Relay } from '../net/relay.ts';
import type { Session } from '../net/sessions.ts';
import type { TlsSource } from '../net/tls.ts';
import { DEADLINES, type Deadlines } from '../smtp/pace.ts';
import { type OverQuota, REPLY } from '../smtp/replies.ts';
import { replyLine } from '../smtp/reply.ts';
import { SmtpSession } from '../smtp/session.ts';
import { MAX_MESSAGES, MAX_RECIPIENTS, MxRole, type MxServices } from './role.ts';
import { Strangers } from './strangers.ts';

/** Commands that make no sense. */
const MAX_MISTAKES = 20;
const MAX_IDLE_COMMANDS = 200;

/** Of each of the askers, which are networks. The queue has the rest of what the resolver does at once. */
const DNS_SHARE = { atOnce: 60, perAsker: 20, mostWaiting: 500, maxWaitMs: 3000 };

export interface MxPort extends SharedOptions {
  readonly host: string;
  /** 0 binds a free one. */
  readonly port: number;
}

export interface MxOptions extends Pick<SharedOptions, 'stream' | 'handshakeTimeoutMs' | 'log'> {
  readonly domain: Domain;
  readonly activity: Activity;
  readonly recipients: Recipients;
  /** In the greeting and in trace fields. */
  readonly hostname: string;
  readonly defaultDomain: string;
  readonly maxMessageBytes: number;
  /** All messages under way together. */
  readonly uploadBytes: number;
  readonly overQuota: OverQuota;
  /** How long the queue tries what waits. */
  readonly giveUpMs: number;
  readonly greetingDelayMs: number;
  /** Of one network. */
  readonly connectionsPerMinute: number;
  readonly tls?: TlsSource;
  /** Where mail is from is checked with it. */
  readonly dns?: Dns;
  /** From the end of a message until it is judged. */
  readonly checkTimeoutMs: number;
  /** Domains whose ARC seal is believed. */
  readonly trustedSealers: readonly string[];
  readonly deadlines?: Deadlines;
  /** Of all its ports; new ones when absent. */
  readonly strangers?: MxServices['strangers'];
  /** Absent where one process holds everything. */
  readonly relay?: Relay;
}

export function mxServices(options: MxOptions): MxServices {
  const { domain, activity, recipients, stream, log, tls, dns, maxMessageBytes, connectionsPerMinute } =
    options;
  const { relay = NO_RELAY, deadlines = DEADLINES } = options;
  const { strangers = new Strangers(connectionsPerMinute) } = options;
  const { checkTimeoutMs: timeoutMs, trustedSealers } = options;
  const { hostname, defaultDomain, overQuota, giveUpMs, greetingDelayMs, handshakeTimeoutMs } = options;
  // One message of the largest size can always come.
  const totalBytes = Math.max(options.uploadBytes, maxMessageBytes);
  return {
    ...{ domain, activity, recipients, relay, stream, log, tls },
    dns: dns && new DnsShare(dns, DNS_SHARE),
    uploads: new UploadBudget({ accountBytes: totalBytes, totalBytes }),
    repeats: new Repeats(),
    strangers,
    check: { hostname, trustedSealers, timeoutMs },
    settings: {
      ...{ hostname, defaultDomain, maxMessageBytes, overQuota, giveUpMs },
      ...{ greetingDelayMs, handshakeTimeoutMs, deadlines },
    },
  };
}

export async function startMx(services: MxServices, port: MxPort): Promise<Listener> {
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
