/**
 * A real IMAP server for a test: listeners on free ports of 127.0.0.1, sockets, the embedded store in a folder of its
 * own. What a client sees of it is what a client sees of the product.
 */
import { createSecureContext } from 'node:tls';
import { Secret } from '../../src/base/secret.ts';
import { imapServices, receiveImap, startImap } from '../../src/imap/server.ts';
import type { ImapSettings } from '../../src/imap/settings.ts';
import { UrlAuthority } from '../../src/imap/url/authority.ts';
import { LIMITS_AFTER_LOGIN, LIMITS_BEFORE_LOGIN } from '../../src/imap/wire/frame-event.ts';
import { appendMessages } from '../../src/mailbox/operations/append.ts';
import { receive } from '../../src/mailbox/operations/incoming.ts';
import { mailboxOf } from '../../src/mailbox/operations/mailboxes.ts';
import { UploadBudget, type UploadLimits } from '../../src/mailbox/operations/upload-budget.ts';
import { Connections } from '../../src/net/connections.ts';
import { NO_RELAY } from '../../src/net/relay.ts';
import { Roster } from '../../src/net/roster.ts';
import { makePair } from '../../src/net/self-signed.ts';
import { Sweep } from '../../src/net/sweep.ts';
import type { TlsSource } from '../../src/net/tls.ts';
import { openTestDomain, type TestDomain, type TestDomainOptions } from './domain.ts';
import { openTestRelay, TEST_WORKERS } from './relayed.ts';

export interface TestImapOptions extends TestDomainOptions {
  readonly settings?: Partial<ImapSettings>;
  /** A domain that is there; `close` closes it too. */
  readonly kit?: TestDomain;
  /** Sessions one account may have. */
  readonly sessionsPerAccount?: number;
  /** What may be on its way in. */
  readonly uploads?: UploadLimits;
  /** Accounts are held behind a relay: see `relayed.ts`. */
  readonly isRelayed?: boolean;
  /** STARTTLS works, and `tlsPort` has TLS from the first octet. Without it there is no certificate: making one takes long. */
  readonly withTls?: boolean;
}

export interface TestImap {
  readonly kit: TestDomain;
  readonly port: number;
  /** Only `withTls`. */
  readonly tlsPort: number;
  /** Puts a message into a mailbox as a delivery would, and returns its UID. */
  addMessage(address: string, mailbox: string, message: TestMessage): Promise<number>;
  /** Tells every session that the server is going away, and waits for them. */
  stopServing(): Promise<void>;
  close(): Promise<void>;
}

export interface TestMessage {
  readonly bytes: Buffer | string;
  readonly flags?: number;
  readonly keywords?: readonly string[];
  /** Seconds since 1970. */
  readonly internalDate?: number;
}

const TEST_SETTINGS: ImapSettings = Object.freeze({
  hostname: 'mail.example.com',
  version: '0.0.0-test',
  plaintext: 'loopback',
  maxAppendBytes: 64 * 1024 * 1024,
  offersUidOnly: false,
  offersGmail: false,
  applePushTopic: undefined,
  sieveUrl: undefined,
  jmapUrl: undefined,
  messagesPerCommand: 0,
  messagesLimited: 'all',
  preferredLanguage: () => 'en',
  idleKeepaliveMs: 120_000,
  progressMs: 10_000,
  loginTimeoutMs: 30_000,
  idleTimeoutMs: 30 * 60_000,
  badCommandsBeforeLogin: 10,
  badCommands: 50,
  failuresPerConnection: 3,
  limitsBeforeLogin: LIMITS_BEFORE_LOGIN,
  limitsAfterLogin: LIMITS_AFTER_LOGIN,
});

export async function startTestImap(options: TestImapOptions = {}): Promise<TestImap> {
  const kit = options.kit ?? (await openTestDomain(options));
  const sweep = new Sweep();
  const { isRelayed = TEST_WORKERS > 1 } = options;
  const holder = isRelayed ? await openTestRelay(kit) : undefined;
  const parts = {
    authenticator: kit.authenticator,
    activity: kit.activity,
    settings: { ...TEST_SETTINGS, ...options.settings },
    roster: new Roster(options.sessionsPerAccount ?? 100),
    uploads: new UploadBudget(options.uploads ?? { accountBytes: 1024 ** 3, totalBytes: 1024 ** 3 }),
    tls: options.withTls ? await selfSigned() : NO_TLS,
    urls: new UrlAuthority(new Secret('of the test')),
    log: kit.domain.log,
  };
  const { domain = kit.domain, relay = NO_RELAY } = holder ?? {};
  const services = imapServices({ ...parts, domain, relay });
  const connections = new Connections({ total: 1000, perAddress: 1000 });
  const stream = { sweep, writeTimeoutMs: 10_000 };
  holder?.receive({ imap: receiveImap({ ...services, domain: kit.domain }) }, connections, stream);
  const listeners = await startImap(services, {
    ...{ connections, stream },
    handshakeTimeoutMs: 10_000,
    log: kit.domain.log,
    listen: [
      { name: 'imap', host: '127.0.0.1', port: 0 },
      ...(options.withTls ? [{ name: 'imaps' as const, host: '127.0.0.1', port: 0 }] : []),
    ],
  });
  const stopServing = async (): Promise<void> => {
    await Promise.all([holder?.close(2000), ...listeners.map((listener) => listener.close(2000))]);
  };
  return {
    kit,
    port: listeners[0]?.port ?? 0,
    tlsPort: listeners[1]?.port ?? 0,
    stopServing,
    async addMessage(address, name, message) {
      const record = await kit.store.directory.find(address);
      if (record === undefined) throw new Error(`no account ${address}`);
      const account = await kit.domain.accounts.open(record.id);
      const bytes = Buffer.from(message.bytes as string);
      const received = await receive(kit.store, [record.id], bytes.length, bytes);
      const incoming = {
        ...received,
        flags: message.flags ?? 0,
        keywords: message.keywords ?? [],
        internalDate: message.internalDate,
      };
      const result = await appendMessages(kit.domain, account, mailboxOf(account, name), [incoming]);
      return result.uids[0] as number;
    },
    async close() {
      await stopServing();
      await kit.close();
    },
  };
}

const NO_TLS: TlsSource = {
  current() {
    throw new Error('this test server was started without TLS');
  },
};

async function selfSigned(): Promise<TlsSource> {
  const pair = await makePair('mail.example.com');
  const context = createSecureContext({ cert: pair.certificate, key: pair.key });
  return { current: () => context };
}
