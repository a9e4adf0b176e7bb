/**
 * A queue on a domain of its own, with the test's DNS server and as short a patience as a test has. Mail is given to it by the operation
 * that every protocol calls.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Answer } from 'dns-packet';
import { Resolver } from '../../src/dns/resolver.ts';
import { Recipients } from '../../src/identity/recipients.ts';
import type { AccountRecord } from '../../src/mailbox/model/model.ts';
import {
  type NewRecipient,
  NOTIFY_DEFAULT,
  type OutgoingEnvelope,
  type OutgoingId,
} from '../../src/mailbox/model/outgoing.ts';
import { receive } from '../../src/mailbox/operations/incoming.ts';
import { acceptOutgoing, type NewOutgoingMail } from '../../src/mailbox/operations/outgoing.ts';
import { TIMEOUTS } from '../../src/queue/client/session.ts';
import { Queue, type QueueOptions } from '../../src/queue/queue.ts';
import type { Schedule } from '../../src/queue/schedule.ts';
import { type DnsServerOptions, record, startDns, type TestDns } from './dns.ts';
import { openTestDomain, type TestDomain, type TestDomainOptions } from './domain.ts';

export const FAST: Schedule = Object.freeze({
  gapsMs: [60, 120, 240],
  giveUpMs: 5000,
  giveUpReportsMs: 5000,
  warnMs: 100_000,
  gatherMs: 100,
});

export interface QueueKit {
  readonly kit: TestDomain;
  readonly queue: Queue;
  readonly dns: TestDns;
  readonly sender: AccountRecord;
  /** Returns the message's number once it is accepted. */
  send(recipients: readonly (string | NewRecipient)[], options?: SendOptions): Promise<OutgoingId>;
  /** Resolves when nothing is left in the queue. */
  empty(ms?: number): Promise<void>;
  /** The states of the message's recipients; undefined when it has ended. */
  states(id: OutgoingId): Promise<readonly string[] | undefined>;
  /** What happened to it. */
  events(id: OutgoingId): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface SendOptions extends Partial<OutgoingEnvelope> {
  readonly text?: string;
  readonly header?: Buffer;
  readonly bodyFrom?: number;
}

export interface QueueKitOptions extends Partial<QueueOptions> {
  readonly zone?: readonly Answer[];
  readonly dnsServer?: DnsServerOptions;
  readonly testDomain?: TestDomainOptions;
  readonly isStarted?: boolean;
}

export const TEXT =
  'From: Anna <anna@example.com>\r\nSubject: Hej\r\nMessage-ID: <1@example.com>\r\n\r\nHello.\r\n';

/** Mail for `domain` goes to this host name, which is at this address. */
export function zoneFor(domain: string, address = '127.0.0.1', host = `mx.${domain}`): readonly Answer[] {
  return [record(domain, 'MX', { preference: 10, exchange: host }), record(host, 'A', address)];
}

export async function openQueue(options: QueueKitOptions = {}): Promise<QueueKit> {
  const { zone = [], dnsServer = {}, testDomain = {}, isStarted = true, ...rest } = options;
  const dns = await startDns({ zone, ...dnsServer });
  const kit = await openTestDomain(testDomain);
  const known = await kit.domain.store.directory.find('anna@example.com');
  const sender = known ?? (await kit.addAccount('anna@example.com', 'secret words'));
  const { directory } = kit.domain.store;
  const recipients = new Recipients({
    ...{ directory, defaultDomain: 'example.com', separators: '+', postmaster: '' },
  });
  const queue = new Queue({
    domain: kit.domain,
    log: kit.domain.log,
    activity: kit.activity,
    dns: new Resolver({ servers: [dns], timeoutMs: 2000, tryMs: 500 }),
    recipients,
    hostname: 'mail.example.com',
    ownDomain: 'example.com',
    addresses: { allowsPrivate: true, uses: { ipv4: true, ipv6: false } },
    schedule: FAST,
    timeouts: { ...TIMEOUTS, connectMs: 2000, replyMs: 2000, blockMs: 2000, finalMs: 2000, totalMs: 5000 },
    fetchPolicy: () => Promise.reject(new Error('no policy')),
    probeMs: 100,
    ...rest,
  });
  if (isStarted) queue.start();
  const { store } = kit.domain;
  return {
    kit,
    queue,
    dns,
    sender,
    async send(to, { text = TEXT, header, bodyFrom, ...envelope } = {}) {
      const account = await kit.domain.accounts.open(sender.id);
      const message = await receive(store, [sender.id], 1e9, Buffer.from(text, 'latin1'));
      const mail: NewOutgoingMail = {
        envelope: {
          ...{ kind: 'sent', sender: sender.address, isUtf8: false, isEightBit: false },
          ...{ requiresTls: false, isTlsOptional: false },
          expiresMs: Date.now() + (rest.schedule ?? FAST).giveUpMs,
          ...envelope,
        },
        recipients: to.map((one) =>
          typeof one === 'string' ? { address: one, route: 'remote', notify: NOTIFY_DEFAULT } : one,
        ),
        ...(header === undefined ? {} : { header, bodyFrom: bodyFrom ?? 0 }),
      };
      return (await acceptOutgoing(kit.domain, account, message, mail)).id;
    },
    async empty(ms = 15_000) {
      const untilMs = performance.now() + ms;
      for (;;) {
        const left = await store.outgoing.list(0, 100);
        if (left.length === 0) return;
        if (performance.now() > untilMs)
          throw new Error(`still in the queue: ${JSON.stringify(left.map((one) => one.recipients))}`);
        await pause(10);
      }
    },
    async states(id) {
      return (await store.outgoing.load([id]))[0]?.recipients.map(({ state }) => state);
    },
    async events(id) {
      return (await store.outgoing.loadLog(id, 1000)).map(({ event }) => event);
    },
    async close() {
      await queue.stop(2000);
      await kit.close();
      await dns.close();
    },
  };
}
