/**
 * `Admin` of a running server, through its control socket.
 */
import type { IncomingMessage } from 'node:http';
import { connect as connectTo, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Secret } from '../base/secret.ts';
import type { ActivityEvent } from '../identity/activity.ts';
import { MAILBOX_ERROR_CODES, MailboxError, type MailboxErrorCode } from '../mailbox/model/errors.ts';
import type { ForeignUids, TakenOver } from '../mailbox/operations/take-over-uids.ts';
import type { Packing } from '../mailbox/port/packing.ts';
import type { Snapshots } from '../mailbox/port/snapshots.ts';
import type { Usage } from '../mailbox/reading/usage.ts';
import type { CheckEvent } from '../mailbox/upkeep/check.ts';
import type { ConnectionFacts } from '../net/guest.ts';
import { Agent, request as httpRequest } from '../net/http.ts';
import type { AddedMessage, MailboxSummary, MessageToAdd, StoredMessage } from '../transfer/mail-access.ts';
import type { Content } from '../transfer/missing.ts';
import type { MigrationAccess } from '../transfer/network/migration-access.ts';
import type {
  AccountSummary,
  AccountToAdd,
  AddedAccount,
  Admin,
  AppPassword,
  AppPasswordSummary,
  Credential,
  DomainOperations,
  FeedbackAdmin,
  HealthReport,
  ListenerFacts,
  NewAppPassword,
  QuotaChange,
  Removal,
  Samples,
  ServerFacts,
} from './admin.ts';
import { domainsOver, feedbackOver } from './control-domains.ts';
import { keepingOver } from './control-keeping.ts';
import { migrationOver } from './control-migration.ts';
import { peopleOver } from './control-people.ts';
import { ControlQueue } from './control-queue.ts';
import { ControlScripts } from './control-scripts.ts';
import { sharingOver } from './control-sharing.ts';
import { snapshotsOver } from './control-snapshots.ts';
import type { Standstill } from './event-loop.ts';
import type { Failure } from './failure.ts';
import type { KeepingAdmin } from './keeping-admin.ts';
import { decodeMessages, encodeMessages } from './message-frames.ts';
import type { PeopleAdmin } from './people-admin.ts';
import type { SharingAdmin } from './sharing-admin.ts';

export class ControlClient implements Admin {
  readonly server: ServerFacts;
  readonly scripts: ControlScripts;
  readonly domains: DomainOperations;
  readonly feedback: FeedbackAdmin;
  readonly queue: ControlQueue;
  readonly keeping: KeepingAdmin;
  readonly sharing: SharingAdmin;
  readonly migration: MigrationAccess;
  readonly people: PeopleAdmin;
  readonly packing: Packing;
  readonly snapshots: Snapshots;
  readonly #wire: Wire;

  private constructor(server: ServerFacts, wire: Wire) {
    this.server = server;
    this.#wire = wire;
    this.scripts = new ControlScripts(wire);
    this.domains = domainsOver((method, path, body) => wire.json(method, path, body));
    this.feedback = feedbackOver((method, path) => wire.json(method, path));
    this.queue = new ControlQueue(wire);
    this.people = peopleOver((method, path, body) => wire.json(method, path, body));
    this.keeping = keepingOver((method, path, body) => wire.json(method, path, body));
    this.sharing = sharingOver((method, path, body) => wire.json(method, path, body));
    this.migration = migrationOver((method, path, body) => wire.json(method, path, body));
    this.packing = {
      compact: () => wire.json('POST', '/v1/compact'),
      status: () => wire.json('GET', '/v1/packing'),
    };
    this.snapshots = snapshotsOver((method, path) => wire.json(method, path));
  }

  /** Undefined when no server answers there. */
  static async connect(socketPath: string): Promise<ControlClient | undefined> {
    return ControlClient.over(() => connectTo({ path: socketPath }));
  }

  /** `dial` begins a connection each time one is needed. Undefined when no server answers there. */
  static async over(dial: () => Socket): Promise<ControlClient | undefined> {
    const wire = new Wire(dial);
    try {
      return new ControlClient(await wire.json<ServerFacts>('GET', '/v1/server'), wire);
    } catch (error) {
      wire.close();
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined;
      throw error;
    }
  }

  async listAccounts(): Promise<readonly AccountSummary[]> {
    return (await this.#wire.json<{ accounts: AccountSummary[] }>('GET', '/v1/accounts')).accounts;
  }

  findAccount(address: string): Promise<AccountSummary> {
    return this.#wire.json('GET', accountPath(address));
  }

  async addAccounts(accounts: readonly AccountToAdd[]): Promise<readonly AddedAccount[]> {
    const body = { accounts: accounts.map((one) => ({ ...one, ...revealed(one) })) };
    return (await this.#wire.json<{ outcomes: AddedAccount[] }>('POST', '/v1/accounts', body)).outcomes;
  }

  async setPassword(address: string, credential: Credential): Promise<void> {
    await this.#wire.json('PATCH', accountPath(address), revealed(credential));
  }

  async listAppPasswords(address: string): Promise<readonly AppPasswordSummary[]> {
    const path = `${accountPath(address)}/app-passwords`;
    return (await this.#wire.json<{ appPasswords: AppPasswordSummary[] }>('GET', path)).appPasswords;
  }

  async addAppPassword(address: string, wanted: NewAppPassword): Promise<AppPassword> {
    const path = `${accountPath(address)}/app-passwords`;
    const made = await this.#wire.json<{ number: number; password: string }>('POST', path, wanted);
    return { number: made.number, password: new Secret(made.password) };
  }

  async revokeAppPassword(address: string, number: number): Promise<void> {
    await this.#wire.json('DELETE', `${accountPath(address)}/app-passwords/${number}`);
  }

  setQuota(address: string, change: QuotaChange): Promise<AccountSummary> {
    return this.#wire.json('PATCH', accountPath(address), { quota: change });
  }

  setSetting(address: string, name: string, value: string | undefined): Promise<AccountSummary> {
    return this.#wire.json('PATCH', accountPath(address), { setting: { name, value: value ?? null } });
  }

  async removeAccount(address: string, removal: Removal = {}): Promise<void> {
    await this.#wire.json('DELETE', accountPath(address), removal);
  }

  usageOf(address: string): Promise<Usage> {
    return this.#wire.json<Usage>('GET', `${accountPath(address)}/usage`);
  }

  async listMailboxes(address: string): Promise<readonly MailboxSummary[]> {
    const path = `${accountPath(address)}/mailboxes`;
    return (await this.#wire.json<{ mailboxes: MailboxSummary[] }>('GET', path)).mailboxes;
  }

  ensureMailbox(address: string, name: string, options: { readonly isSubscribed?: boolean }) {
    return this.#wire.json<{ name: string; isNew: boolean }>('PUT', mailboxPath(address, name), options);
  }

  takeOverUids(address: string, mailbox: string, uids: ForeignUids): Promise<TakenOver> {
    return this.#wire.json('PUT', `${mailboxPath(address, mailbox)}/uids`, {
      uidValidity: uids.uidValidity,
      uidNext: uids.uidNext,
    });
  }

  async whichImported(
    address: string,
    mailbox: string,
    keys: readonly Buffer[],
  ): Promise<readonly boolean[]> {
    const body = { keys: keys.map((key) => key.toString('base64')) };
    const path = `${mailboxPath(address, mailbox)}/imported`;
    return (await this.#wire.json<{ known: boolean[] }>('POST', path, body)).known;
  }

  async addMessages(
    address: string,
    mailbox: string,
    messages: Iterable<MessageToAdd> | AsyncIterable<MessageToAdd>,
  ): Promise<readonly AddedMessage[]> {
    const path = `${mailboxPath(address, mailbox)}/messages`;
    const response = await this.#wire.send('POST', path, encodeMessages(framed(messages)));
    return (await answerOf<{ outcomes: AddedMessage[] }>(response)).outcomes;
  }

  async *readMessages(address: string, mailbox: string): AsyncGenerator<StoredMessage> {
    const response = await this.#wire.send('GET', `${mailboxPath(address, mailbox)}/messages`);
    if (response.statusCode !== 200) await answerOf(response);
    for await (const { head, chunks } of decodeMessages(response)) {
      yield { ...(head as Omit<StoredMessage, 'chunks'>), chunks };
    }
  }

  async readHeader(address: string, mailbox: string, uid: number): Promise<Buffer> {
    const path = `${mailboxPath(address, mailbox)}/messages/${uid}/header`;
    return Buffer.from((await this.#wire.json<{ header: string }>('GET', path)).header, 'base64');
  }

  health(): Promise<HealthReport> {
    return this.#wire.json('GET', '/v1/health');
  }

  async samples(): Promise<Samples> {
    return (await this.#wire.json<{ samples: Samples }>('GET', '/v1/samples')).samples;
  }

  async longestStandstill(): Promise<Standstill> {
    type Longest = { longestBlockMs: number; longestCpuMs: number };
    const { longestBlockMs: wallMs, longestCpuMs: cpuMs } = await this.#wire.json<Longest>(
      'GET',
      '/v1/event-loop',
    );
    return { wallMs, cpuMs };
  }

  async listListeners(): Promise<readonly ListenerFacts[]> {
    return (await this.#wire.json<{ listeners: ListenerFacts[] }>('GET', '/v1/listeners')).listeners;
  }

  async listConnections(): Promise<readonly ConnectionFacts[]> {
    return (await this.#wire.json<{ connections: ConnectionFacts[] }>('GET', '/v1/connections')).connections;
  }

  async activityOf(address: string, limit: number): Promise<readonly ActivityEvent[]> {
    const path = `/v1/activity/${encodeURIComponent(address)}/${limit}`;
    return (await this.#wire.json<{ events: ActivityEvent[] }>('GET', path)).events;
  }

  contentsOf(address: string): AsyncGenerator<Content> {
    return this.#lines('GET', `${accountPath(address)}/contents`, undefined, 'while the account was read');
  }

  check(options: { readonly address?: string; readonly repair: boolean }): AsyncGenerator<CheckEvent> {
    return this.#lines('POST', '/v1/check', options, 'in the middle of the check');
  }

  /** One JSON object a line, as they come. */
  async *#lines<T extends object>(
    method: string,
    path: string,
    body: object | undefined,
    when: string,
  ): AsyncGenerator<T> {
    const bytes = body === undefined ? undefined : [Buffer.from(JSON.stringify(body))];
    const response = await this.#wire.send(method, path, bytes);
    if (response.statusCode !== 200) await answerOf(response);
    for await (const line of createInterface({ input: response })) {
      const event = JSON.parse(line) as T | ({ readonly kind: 'failed' } & Failure);
      if ('kind' in event && event.kind === 'failed') throw errorOf(event as Failure);
      yield event as T;
    }
    if (!response.complete) throw new Error(`${LOST} ${when}`);
  }

  async close(): Promise<void> {
    this.#wire.close();
  }
}

class Wire {
  readonly #agent: InstanceType<typeof Agent>;

  constructor(dial: () => Socket) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: 4 });
    this.#agent.createConnection = dial;
  }

  close(): void {
    this.#agent.destroy();
  }

  async json<T>(method: string, path: string, body?: object): Promise<T> {
    const bytes = body === undefined ? undefined : [Buffer.from(JSON.stringify(body))];
    return answerOf<T>(await this.send(method, path, bytes));
  }

  /** A body of one buffer is sent with its length, a stream in chunks. */
  async send(
    method: string,
    path: string,
    body?: readonly Buffer[] | AsyncIterable<Buffer>,
  ): Promise<IncomingMessage> {
    const length = Array.isArray(body) ? { 'content-length': (body[0] as Buffer).length } : {};
    const request = httpRequest({
      agent: this.#agent,
      method,
      path,
      headers: length,
    });
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    request.on('response', resolve);
    request.on('error', (error) => reject(asLost(error)));
    if (body === undefined) request.end();
    else pipeline(Readable.from(body), request).catch((error: Error) => reject(asLost(error)));
    return promise;
  }
}

async function* framed(messages: Iterable<MessageToAdd> | AsyncIterable<MessageToAdd>) {
  // What is undefined does not come into the JSON.
  for await (const { importKey, copies, chunks, ...rest } of messages) {
    const head = {
      ...rest,
      importKey: importKey?.toString('base64'),
      copies: copies?.map((one) => ({ ...one, importKey: one.importKey.toString('base64') })),
    };
    yield { head, chunks };
  }
}

async function answerOf<T>(response: IncomingMessage): Promise<T> {
  const parts: Buffer[] = [];
  for await (const part of response as AsyncIterable<Buffer>) parts.push(part);
  const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as T & { code?: string; message?: string };
  if ((response.statusCode ?? 500) < 400) return body;
  throw errorOf({
    code: body.code ?? 'failed',
    message: body.message ?? `the server answered ${response.statusCode}`,
  });
}

function errorOf({ code, message }: { readonly code: string; readonly message: string }): Error {
  return isMailboxErrorCode(code) ? new MailboxError(code, message) : new Error(message);
}

function isMailboxErrorCode(code: string): code is MailboxErrorCode {
  return (MAILBOX_ERROR_CODES as readonly string[]).includes(code);
}

/** It may have ended, or have been stopped; only its log knows. */
const LOST = 'the connection to the server was lost';

/** Keeps what `connect` looks at; says in words what happened to anybody else. */
function asLost(error: Error): Error {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ECONNRESET' && code !== 'EPIPE' && code !== 'ERR_STREAM_PREMATURE_CLOSE') return error;
  return new Error(`${LOST} while it was asked`, { cause: error });
}

/** The server went while it was asked, or is not there yet. */
export function isLost(error: unknown): boolean {
  const { code, message = '' } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ECONNREFUSED' || message.startsWith(LOST);
}

/** The socket is where secrets leave their wrapping: only its owner can read it. */
function revealed(credential: Credential): { password: string } | { passwordHash: string } {
  if ('password' in credential) return { password: credential.password.reveal() };
  return { passwordHash: credential.passwordHash.reveal() };
}

const accountPath = (address: string): string => `/v1/accounts/${encodeURIComponent(address)}`;
const mailboxPath = (address: string, name: string): string =>
  `${accountPath(address)}/mailboxes/${encodeURIComponent(name)}`;
