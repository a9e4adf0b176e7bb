/**
 * The sessions of browsers: begun with the password, known by their token at every process, ended by their person, by their
 * time, or by a new password. A session that has ended is good for nothing from that moment, and whoever listens with it is
 * sent away.
 *
 * Two at once: a new password ends all sessions in its own step of the directory, and a session that comes behind it, of
 * somebody who proved the old one a moment before, is taken back before it is given out; so is one of somebody who was not asked for
 * the second step that the account has by then. Of two who use the same link the later one has the session.
 */
import type { Clock } from '../base/clock.ts';
import { isClosed } from '../mailbox/model/access.ts';
import { hasSecondStep, type NewCredential, type StoredCredential } from '../mailbox/model/credential.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountId, AccountRecord } from '../mailbox/model/model.ts';
import type { Directory } from '../mailbox/port/store.ts';
import type { Activity } from './activity.ts';
import type { Admission } from './attempt.ts';
import {
  BEGUN_BY_LINK,
  digestOf,
  findSession,
  hasEnded,
  isSession,
  LINK,
  makeToken,
  parseToken,
  tokenText,
} from './web-session.ts';

export interface WebSessionsOptions {
  readonly directory: Pick<Directory, 'get' | 'update'>;
  /** Who is told that a record has changed. */
  readonly accounts: { refresh(record: AccountRecord): void };
  readonly clock: Clock;
  readonly activity: Activity;
}

/** The browser, as its person will know it again, and where it is. */
export interface Device {
  readonly name: string;
  readonly remote: string;
  readonly isOwnDevice: boolean;
}

export interface BegunSession {
  readonly record: AccountRecord;
  readonly session: StoredCredential;
  /** For the cookie: seen by nobody else. */
  readonly token: string;
}

/** On a device of one's own, since it was last used; elsewhere from its beginning. */
const OWN_MS = 30 * 24 * 3_600_000;
const SHARED_MS = 12 * 3_600_000;
const LINK_MS = 3_600_000;
/** That it is used is written down this often. */
const NOTED_MS = 24 * 3_600_000;
/** Beyond these the one that was used least recently ends. */
const MAX_SESSIONS = 50;

export class WebSessions {
  readonly #options: WebSessionsOptions;

  constructor(options: WebSessionsOptions) {
    this.#options = options;
  }

  /** Throws `bad-credentials` when what let them in has been replaced meanwhile, or is not enough any more. */
  async begin(
    { record, credential, hasSecondStep: isTwice = false }: Admission,
    device: Device,
  ): Promise<BegunSession> {
    const token = makeToken(record.id);
    const { clock, directory } = this.#options;
    const current = (await directory.get(record.id)) ?? record;
    const put = [this.#sessionOf(digestOf(token.secret), device)];
    const dropped = surplus(current.credentials, clock.nowMs());
    const updated = await directory.update(record.id, { credentials: { put, dropped } });
    const session = updated && findSession(updated.credentials, token, { nowMs: clock.nowMs() });
    if (updated === undefined || session === undefined)
      throw new MailboxError('bad-credentials', 'the account is gone');
    const isThere = credential === undefined || updated.credentials.some(({ id }) => id === credential.id);
    if (!isThere || (!isTwice && hasSecondStep(updated.credentials))) {
      await directory.update(record.id, { credentials: { dropped: [session.id] } });
      throw new MailboxError('bad-credentials', 'how one signs in was changed meanwhile');
    }
    this.#options.accounts.refresh(updated);
    return { record: updated, session, token: tokenText(token) };
  }

  /** Whose session this is; undefined when it is none, or none any more. */
  async find(text: string): Promise<(Admission & { readonly credential: StoredCredential }) | undefined> {
    const { clock, directory } = this.#options;
    const token = parseToken(text);
    const record = token && (await directory.get(token.account));
    if (record !== undefined && isClosed(record)) return undefined;
    const credential = record && findSession(record.credentials, token, { nowMs: clock.nowMs() });
    return record && credential && { record, credential };
  }

  /** It is used today: one on an own device lives on. True when its end has moved, which the browser has to hear. */
  async used(
    who: { readonly record: AccountRecord; readonly credential: StoredCredential },
    remote: string,
  ): Promise<boolean> {
    const { clock, directory } = this.#options;
    const nowMs = clock.nowMs();
    const { credential, record } = who;
    if (nowMs - (credential.lastUse?.atMs ?? 0) < NOTED_MS) return false;
    const isOwn = credential.isOwnDevice ?? false;
    const used = { ...credential, lastUse: { atMs: nowMs, remote, service: 'web' } };
    const put = [isOwn ? { ...used, expiresMs: nowMs + OWN_MS } : used];
    return (await directory.update(record.id, { credentials: { put } })) !== undefined && isOwn;
  }

  /** Throws `nonexistent`. */
  async end(account: AccountId, number: number): Promise<void> {
    const { directory, accounts, activity } = this.#options;
    const record = await directory.get(account);
    const found = record?.credentials.find((one) => one.id === number && one.kind === 'web-session');
    const updated = found && (await directory.update(account, { credentials: { dropped: [number] } }));
    if (found === undefined || updated === undefined)
      throw new MailboxError('nonexistent', 'there is no such session');
    accounts.refresh(updated);
    activity.note(updated.address, 'signed out', { service: 'web', device: found.name ?? '' });
  }

  /** Those that have not ended, as they were begun. */
  live(record: AccountRecord): readonly StoredCredential[] {
    const nowMs = this.#options.clock.nowMs();
    return record.credentials.filter((one) => isSession(one) && !hasEnded(one, nowMs));
  }

  /** A token for a link that signs in once, within an hour. */
  async makeLink(account: AccountId): Promise<string> {
    const { clock, directory } = this.#options;
    const token = makeToken(account);
    const nowMs = clock.nowMs();
    const link: NewCredential = {
      ...{ kind: 'web-session', secret: digestOf(token.secret), createdMs: nowMs, name: 'link' },
      ...{ services: [LINK], expiresMs: nowMs + LINK_MS },
    };
    await directory.update(account, { credentials: { put: [link] } });
    return tokenText(token);
  }

  /** Whom a link is for that is good now. */
  async ownerOf(link: string): Promise<AccountRecord | undefined> {
    return (await this.#linkIn(link))?.record;
  }

  /** The link becomes the session. Throws `bad-credentials` for one that was used, or is too old. */
  async redeem(text: string, device: Device): Promise<BegunSession> {
    const { clock, directory, accounts } = this.#options;
    const link = await this.#linkIn(text);
    if (link === undefined) throw new MailboxError('bad-credentials', 'the link is not good');
    const { id } = link.record;
    const token = makeToken(id);
    const begun = { ...this.#sessionOf(digestOf(token.secret), device), ...BEGUN_BY_LINK };
    const put = [{ ...begun, id: link.credential.id }];
    const updated = await directory.update(id, { credentials: { put } });
    const session = updated && findSession(updated.credentials, token, { nowMs: clock.nowMs() });
    if (updated === undefined || session === undefined)
      throw new MailboxError('bad-credentials', 'the link was used meanwhile');
    accounts.refresh(updated);
    return { record: updated, session, token: tokenText(token) };
  }

  async #linkIn(text: string) {
    const { clock, directory } = this.#options;
    const token = parseToken(text);
    const record = token && (await directory.get(token.account));
    const nowMs = clock.nowMs();
    const credential = record && findSession(record.credentials, token, { nowMs, isLink: true });
    if (record === undefined || credential === undefined || isClosed(record)) return undefined;
    return { record, credential };
  }

  #sessionOf(secret: string, { name, remote, isOwnDevice }: Device): NewCredential {
    const nowMs = this.#options.clock.nowMs();
    return {
      ...{ kind: 'web-session', secret, createdMs: nowMs, name, isOwnDevice },
      expiresMs: nowMs + (isOwnDevice ? OWN_MS : SHARED_MS),
      lastUse: { atMs: nowMs, remote, service: 'web' },
    };
  }
}

/** What goes when a new one comes: those that have ended, and the one used least recently of too many. */
function surplus(credentials: readonly StoredCredential[], nowMs: number): number[] {
  const all = credentials.filter(({ kind }) => kind === 'web-session');
  const ended = all.filter((one) => hasEnded(one, nowMs));
  const live = all
    .filter((one) => !hasEnded(one, nowMs))
    .sort((a, b) => usedMs(b) - usedMs(a))
    .slice(MAX_SESSIONS - 1);
  return [...ended, ...live].map(({ id }) => id);
}

function usedMs({ lastUse, createdMs }: StoredCredential): number {
  return lastUse?.atMs ?? createdMs;
}
