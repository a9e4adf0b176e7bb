/**
 * A real server for a test of JMAP, on free ports of 127.0.0.1: HTTP with everything of JMAP, and IMAP on the same mail as a second
 * client. Alice is there, and her password is `secret`; each call goes over a real socket.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { HttpListener } from '../../src/http/listener.ts';
import { Outward } from '../../src/http/outward.ts';
import { Identities } from '../../src/identity/identities.ts';
import type { JsonObject } from '../../src/jmap/core/json.ts';
import { Vapid } from '../../src/jmap/push/vapid.ts';
import { type JmapOptions, jmapRoutes } from '../../src/jmap/routes.ts';
import type { Submitting } from '../../src/jmap/submission/submit.ts';
import { UploadBudget } from '../../src/mailbox/operations/upload-budget.ts';
import type { AccountState } from '../../src/mailbox/state/account.ts';
import { Connections } from '../../src/net/connections.ts';
import { Compiler } from '../../src/rules/compiler.ts';
import type { Editing } from '../../src/rules/editing.ts';
import { LIMITS } from '../../src/sieve/run/limits.ts';
import { UploadFiles } from '../../src/store/uploads/upload-files.ts';
import { Allowances } from '../../src/submission/allowance.ts';
import { Notices } from '../../src/submission/notice.ts';
import type { SubmissionSettings } from '../../src/submission/settings.ts';
import { recipientsOf } from './domain.ts';
import { startTestImap, type TestImap, type TestImapOptions } from './imap.ts';
import { SUBMISSION_SETTINGS } from './submission.ts';

const EDITING: Editing = {
  compiler: new Compiler({ canSend: true }),
  limits: { scripts: 100, scriptBytes: 2 ** 20, accountBytes: 2 ** 24 },
  runLimits: LIMITS,
};
const KEPT_UPLOADS = {
  ...{ accountBytes: 1_000_000, accountPieces: 20 },
  ...{ leastMs: 3_600_000, mostMs: 24 * 3_600_000 },
};
export const ALICE = 'alice@example.com';
export const CORE = 'urn:ietf:params:jmap:core';
export const MAIL = 'urn:ietf:params:jmap:mail';

export interface TestJmapOptions extends TestImapOptions {
  readonly jmap?: Partial<JmapOptions>;
  readonly submission?: Partial<SubmissionSettings>;
}

export interface TestJmap {
  readonly imap: TestImap;
  readonly kit: TestImap['kit'];
  /** `http://127.0.0.1:40123`. */
  readonly base: string;
  readonly alice: JmapClient;
  /** Of Alice. */
  account(): Promise<AccountState>;
  /** Another account, made unless it is there, and its client. */
  addAccount(address: string, password: string): Promise<JmapClient>;
  close(): Promise<void>;
}

export async function startTestJmap(options: TestJmapOptions = {}): Promise<TestJmap> {
  const imap = await startTestImap({ ...options, isRelayed: false });
  const { kit } = imap;
  const record = (await kit.store.directory.find(ALICE)) ?? (await kit.addAccount(ALICE, 'secret'));
  const { domain, authenticator, activity } = kit;
  const listener = await HttpListener.open({
    ...{ name: 'http', host: '127.0.0.1', port: 0, trustedProxies: [], handshakeTimeoutMs: 10_000 },
    connections: new Connections({ total: 1000, perAddress: 1000 }),
    log: domain.log,
    routes: jmapRoutes({
      ...{ domain, authenticator, activity, log: domain.log, settings: { plaintext: 'loopback' } },
      hostname: 'mail.example.com',
      editing: EDITING,
      streamsPerAccount: 100,
      submitting: submittingOf(kit, options.submission),
      uploads: new UploadBudget({ accountBytes: 2 ** 28, totalBytes: 2 ** 30 }),
      keptUploads: new UploadFiles(join(kit.data, 'uploads'), KEPT_UPLOADS, domain.clock),
      push: {
        outward: new Outward(),
        vapid: Vapid.open(join(kit.data, 'web-push.key'), 'https://mail.example.com/'),
      },
      ...options.jmap,
    }),
  });
  const base = `http://${listener.address}`;
  return {
    ...{ imap, kit, base },
    alice: new JmapClient(base, ALICE, 'secret', `a${record.id}`),
    account: () => domain.accounts.open(record.id),
    async addAccount(address, password) {
      const { id } = (await kit.store.directory.find(address)) ?? (await kit.addAccount(address, password));
      return new JmapClient(base, address, password, `a${id}`);
    },
    async close() {
      await listener.close(2000);
      await imap.close();
    },
  };
}

/** By the rules of a server that has no limits. */
function submittingOf(
  { domain, activity }: TestImap['kit'],
  settings: Partial<SubmissionSettings> = {},
): Submitting {
  const recipients = recipientsOf(domain);
  return {
    ...{ recipients, activity, settings: { ...SUBMISSION_SETTINGS, ...settings } },
    identities: new Identities({
      ...{ recipients, defaultDomain: 'example.com' },
      aliases: () => domain.store.directory.domains.listAliases(),
    }),
    allowances: new Allowances(),
    notices: new Notices({ domain, hostname: 'mail.example.com', postmaster: 'postmaster@example.com' }),
  };
}

export type MethodCall = readonly [name: string, args: JsonObject, id?: string];
/** Of whatever shape, as JSON is: what is asked of it says what it has to be. */
export type Answer = ReturnType<typeof JSON.parse>;
export type MethodAnswer = readonly [name: string, args: Answer, id: string];

export class JmapClient {
  readonly accountId: string;
  readonly authorization: string;
  readonly #base: string;

  constructor(base: string, address: string, password: string, accountId: string) {
    this.#base = base;
    this.accountId = accountId;
    this.authorization = `Basic ${Buffer.from(`${address}:${password}`).toString('base64')}`;
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.#base + path, {
      ...init,
      headers: { authorization: this.authorization, ...(init.headers as Record<string, string>) },
    });
  }

  async session(): Promise<Answer> {
    const reply = await this.fetch('/.well-known/jmap');
    assert.equal(reply.status, 200);
    return reply.json();
  }

  /** A request as it is; the reply may be a refusal. */
  post(body: JsonObject | string | Uint8Array<ArrayBuffer>): Promise<Response> {
    const isRaw = typeof body === 'string' || body instanceof Uint8Array;
    return this.fetch('/jmap/api', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: isRaw ? body : JSON.stringify(body),
    });
  }

  /** Several calls in one request, ids `0`, `1`, ... unless given; `accountId` is filled in where it is not. Using all there is. */
  async calls(calls: readonly MethodCall[], more: JsonObject = {}): Promise<readonly MethodAnswer[]> {
    const session = await this.#capabilities();
    const reply = await this.post({
      using: session,
      methodCalls: calls.map(([name, args, id], index) => [
        name,
        /^(?:Core|PushSubscription)\//.test(name) ? args : { accountId: this.accountId, ...args },
        id ?? String(index),
      ]),
      ...more,
    });
    assert.equal(reply.status, 200, await reply.clone().text());
    return ((await reply.json()) as Answer).methodResponses;
  }

  /** The answer to one call; an error is one. */
  async call(name: string, args: JsonObject = {}): Promise<Answer> {
    const [answer] = await this.calls([[name, args]]);
    assert.equal(answer?.[0], name, JSON.stringify(answer));
    return answer?.[1];
  }

  /** The error that one call gets. */
  async error(name: string, args: JsonObject = {}): Promise<Answer> {
    const [answer] = await this.calls([[name, args]]);
    assert.equal(answer?.[0], 'error', JSON.stringify(answer));
    return answer?.[1];
  }

  #known: Promise<readonly string[]> | undefined;
  #capabilities(): Promise<readonly string[]> {
    this.#known ??= this.session().then(({ capabilities }) => Object.keys(capabilities));
    return this.#known;
  }
}
