/**
 * A real submission server for a test, on sockets and the embedded store, in this process, and what it has taken for the queue, which
 * nobody works on.
 */
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Domain } from '../../src/mailbox/domain.ts';
import { emailNumber } from '../../src/mailbox/model/model.ts';
import type { OutgoingRecipient, OutgoingRow } from '../../src/mailbox/model/outgoing.ts';
import { UploadBudget } from '../../src/mailbox/operations/upload-budget.ts';
import { Connections } from '../../src/net/connections.ts';
import { NO_RELAY } from '../../src/net/relay.ts';
import { Roster } from '../../src/net/roster.ts';
import { makePair } from '../../src/net/self-signed.ts';
import { Sweep } from '../../src/net/sweep.ts';
import { DEADLINES } from '../../src/smtp/pace.ts';
import { receiveSubmission, startSubmission, submissionServices } from '../../src/submission/server.ts';
import type { UrlSource } from '../../src/submission/services.ts';
import type { SubmissionSettings } from '../../src/submission/settings.ts';
import { openTestDomain, recipientsOf, type TestDomain, type TestDomainOptions } from './domain.ts';
import { LineClient } from './line-client.ts';
import { openTestRelay, TEST_WORKERS } from './relayed.ts';

export const ANN = 'ann@example.com';

export interface TestSubmissionOptions extends TestDomainOptions {
  readonly settings?: Partial<SubmissionSettings>;
  /** What there is for BURL. */
  readonly urls?: (domain: Domain) => UrlSource;
  readonly isRelayed?: boolean;
  readonly sweepMs?: number;
}

/** A message that was taken, as it leaves. */
export interface Taken {
  readonly row: OutgoingRow;
  readonly recipients: readonly OutgoingRecipient[];
  readonly message: string;
}

export interface TestSubmission {
  readonly kit: TestDomain;
  readonly port: number;
  readonly tlsPort: number;
  readonly settings: SubmissionSettings;
  /** Signed in as Ann, her greeting done. */
  signIn(): Promise<LineClient>;
  /** All that waits, oldest first. */
  taken(): Promise<readonly Taken[]>;
  close(): Promise<void>;
}

const NO_LIMITS = { messagesPerHour: 0, recipientsPerHour: 0, messagesPerDay: 0, recipientsPerDay: 0 };

export const SUBMISSION_SETTINGS: SubmissionSettings = Object.freeze({
  ...{ hostname: 'mail.example.com', defaultDomain: 'example.com', plaintext: 'loopback' },
  ...{ maxMessageBytes: 50 * 1024 * 1024, maxRecipients: 100, failuresPerConnection: 3 },
  ...{ loginTimeoutMs: 30_000, handshakeTimeoutMs: 10_000, deadlines: DEADLINES },
  ...{ bindsChannel: false, hidesClient: true, addsSender: false, copies: false, giveUpMs: 5 * 86_400_000 },
  domainDefaults: new Map(),
  defaults: { enabled: true, undoMs: 0, ...NO_LIMITS },
});

/** Making one costs as much as a hundred tests. */
const PAIR = makePair('mail.example.com');

/** With Ann, whose password is `secret`. */
export async function startTestSubmission(options: TestSubmissionOptions = {}): Promise<TestSubmission> {
  const kit = await openTestDomain(options);
  if ((await kit.store.directory.find(ANN)) === undefined) await kit.addAccount(ANN, 'secret');
  const { isRelayed = TEST_WORKERS > 1 } = options;
  const holder = isRelayed ? await openTestRelay(kit) : undefined;
  const settings = { ...SUBMISSION_SETTINGS, ...options.settings };
  const { domain = kit.domain, relay = NO_RELAY } = holder ?? {};
  const services = submissionServices({
    ...{ domain, relay, settings, authenticator: kit.authenticator, activity: kit.activity },
    recipients: recipientsOf(kit.domain),
    uploads: new UploadBudget({ accountBytes: 1024 ** 3, totalBytes: 1024 ** 3 }),
    ...(options.urls && { urls: options.urls(kit.domain) }),
    roster: new Roster(100),
    tls: lazyTls(await PAIR),
    log: kit.domain.log,
  });
  const connections = new Connections({ total: 1000, perAddress: 1000 });
  const stream = { sweep: new Sweep(options.sweepMs ?? 1000), writeTimeoutMs: 10_000 };
  const atHolder = receiveSubmission({ ...services, domain: kit.domain });
  holder?.receive({ submission: atHolder }, connections, stream);
  const listeners = await startSubmission(services, {
    ...{ connections, stream, handshakeTimeoutMs: 10_000, log: kit.domain.log },
    listen: [
      { name: 'submission', host: '127.0.0.1', port: 0 },
      { name: 'submissions', host: '127.0.0.1', port: 0 },
    ],
  });
  const [port = 0, tlsPort = 0] = listeners.map((listener) => listener.port);
  return {
    kit,
    port,
    tlsPort,
    settings,
    async signIn() {
      const client = await LineClient.connect(port);
      await client.codes(1);
      client.send('EHLO client.example.org\r\n');
      await client.reply();
      client.send(`AUTH PLAIN ${Buffer.from(`\0${ANN}\0secret`).toString('base64')}\r\n`);
      const reply = await client.reply();
      if (!reply.startsWith('235 ')) throw new Error(reply);
      return client;
    },
    async taken() {
      const all = await kit.store.outgoing.list(0, 1000);
      // What waits has a number among those of what tells of it.
      const found = all.toSorted((a, b) => a.row.createdMs - b.row.createdMs);
      return Promise.all(
        found.map(async ({ row, recipients }) => {
          const slices: Buffer[] = row.header === undefined ? [] : [row.header];
          const range = { email: row.email, start: row.bodyFrom, end: Number.MAX_SAFE_INTEGER };
          if (emailNumber(row.email) > 0)
            for await (const slice of kit.store.readStream(range)) slices.push(Buffer.from(slice));
          return { row, recipients, message: Buffer.concat(slices).toString('latin1') };
        }),
      );
    },
    async close() {
      await Promise.all([holder?.close(2000), ...listeners.map((listener) => listener.close(2000))]);
      await kit.close();
    },
  };
}

function lazyTls(pair: { readonly certificate: string; readonly key: string }) {
  let context: SecureContext | undefined;
  return {
    current() {
      context ??= createSecureContext({ cert: pair.certificate, key: pair.key });
      return context;
    },
  };
}
