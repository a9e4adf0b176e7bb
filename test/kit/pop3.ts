/**
 * A real POP3 server for a test, on sockets and the embedded store, in this process: what other sessions do to the
 * mailbox is done by calling the domain.
 */
import { createSecureContext, type SecureContext } from 'node:tls';
import { OPTIONS } from '../../src/config/options.ts';
import { appendMessages } from '../../src/mailbox/operations/append.ts';
import { receive } from '../../src/mailbox/operations/incoming.ts';
import { mailboxOf } from '../../src/mailbox/operations/mailboxes.ts';
import type { AccountState } from '../../src/mailbox/state/account.ts';
import { Connections } from '../../src/net/connections.ts';
import type { Listener } from '../../src/net/listener.ts';
import { NO_RELAY } from '../../src/net/relay.ts';
import { Roster } from '../../src/net/roster.ts';
import { makePair } from '../../src/net/self-signed.ts';
import { Sweep } from '../../src/net/sweep.ts';
import { pop3Services, receivePop3, startPop3 } from '../../src/pop3/server.ts';
import type { Pop3Defaults, Pop3Settings } from '../../src/pop3/settings.ts';
import { openTestDomain, type TestDomain, type TestDomainOptions } from './domain.ts';
import { openTestRelay, TEST_WORKERS } from './relayed.ts';

export const ALICE = 'alice@example.com';

export interface TestPop3Options extends TestDomainOptions {
  readonly settings?: Partial<Omit<Pop3Settings, 'defaults'>>;
  readonly defaults?: Partial<Pop3Defaults>;
  /** Accounts are held behind a relay: see `relayed.ts`. */
  readonly isRelayed?: boolean;
  /** Milliseconds between two looks at timeouts. */
  readonly sweepMs?: number;
  readonly writeTimeoutMs?: number;
}

export interface TestPop3 {
  readonly kit: TestDomain;
  readonly port: number;
  readonly tlsPort: number;
  readonly listeners: readonly Listener[];
  account(): Promise<AccountState>;
  /** To Alice, as a delivery would. */
  add(messages: readonly (string | Buffer)[], more?: AddOptions): Promise<number[]>;
  /** Settings of her account. */
  set(settings: Readonly<Record<string, string | undefined>>): Promise<void>;
  stopServing(): Promise<void>;
  close(): Promise<void>;
}

export interface AddOptions {
  readonly internalDate?: number;
  readonly externalId?: string;
  readonly mailbox?: string;
}

const pop3Defaults = Object.fromEntries(
  Object.entries(OPTIONS.pop3).map(([name, option]) => [name, option.default]),
) as unknown as Pop3Defaults;

const SETTINGS: Omit<Pop3Settings, 'defaults'> = Object.freeze({
  hostname: 'mail.example.com',
  version: '0.0.0-test',
  plaintext: 'loopback',
  loginTimeoutMs: 30_000,
  idleTimeoutMs: 600_000,
  badCommandsBeforeLogin: 10,
  badCommands: 20,
  failuresPerConnection: 3,
  lockWaitMs: 0,
});

/** Making one costs as much as a hundred tests. */
const PAIR = makePair('mail.example.com');

/** With Alice, whose password is `secret`. */
export async function startTestPop3(options: TestPop3Options = {}): Promise<TestPop3> {
  const kit = await openTestDomain(options);
  const record = (await kit.store.directory.find(ALICE)) ?? (await kit.addAccount(ALICE, 'secret'));
  const tls = lazyTls(await PAIR);
  const { isRelayed = TEST_WORKERS > 1 } = options;
  const holder = isRelayed ? await openTestRelay(kit) : undefined;
  const parts = {
    authenticator: kit.authenticator,
    activity: kit.activity,
    settings: { ...SETTINGS, ...options.settings, defaults: { ...pop3Defaults, ...options.defaults } },
    roster: new Roster(100),
    tls,
    log: kit.domain.log,
  };
  const { domain = kit.domain, relay = NO_RELAY } = holder ?? {};
  const services = pop3Services({ ...parts, domain, relay });
  const connections = new Connections({ total: 1000, perAddress: 1000 });
  const stream = {
    sweep: new Sweep(options.sweepMs ?? 1000),
    writeTimeoutMs: options.writeTimeoutMs ?? 10_000,
  };
  holder?.receive({ pop3: receivePop3({ ...services, domain: kit.domain }) }, connections, stream);
  const listeners = await startPop3(services, {
    ...{ connections, stream },
    handshakeTimeoutMs: 10_000,
    log: kit.domain.log,
    listen: [
      { name: 'pop3', host: '127.0.0.1', port: 0 },
      { name: 'pop3s', host: '127.0.0.1', port: 0 },
    ],
  });
  const account = (): Promise<AccountState> => kit.domain.accounts.open(record.id);
  const stopServing = async (): Promise<void> => {
    await Promise.all([holder?.close(2000), ...listeners.map((listener) => listener.close(2000))]);
  };
  return {
    kit,
    port: listeners[0]?.port ?? 0,
    tlsPort: listeners[1]?.port ?? 0,
    listeners,
    account,
    async add(messages, { mailbox = 'INBOX', internalDate, externalId } = {}) {
      const state = await account();
      const incoming = [];
      for (const message of messages) {
        const bytes = typeof message === 'string' ? Buffer.from(message, 'latin1') : message;
        const received = await receive(kit.store, [record.id], Math.max(bytes.length, 1), bytes);
        const id = externalId === undefined ? {} : { externalId };
        incoming.push({ ...received, flags: 0, keywords: [], internalDate, ...id });
      }
      const { uids } = await appendMessages(kit.domain, state, mailboxOf(state, mailbox), incoming);
      return [...uids];
    },
    async set(settings) {
      const updated = await kit.store.directory.update(record.id, { settings });
      if (updated !== undefined) kit.domain.accounts.refresh(updated);
    },
    stopServing,
    async close() {
      await stopServing();
      await kit.close();
    },
  };
}

/** Most tests never shake hands. */
function lazyTls(pair: { readonly certificate: string; readonly key: string }) {
  let context: SecureContext | undefined;
  return {
    current() {
      context ??= createSecureContext({ cert: pair.certificate, key: pair.key });
      return context;
    },
  };
}
