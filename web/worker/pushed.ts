/**
 * What the server pushes to this browser (RFC 8620 §7.2): the code that proves that it wants to be told, and that mail has come. Who
 * wrote and about what is asked then, of the server itself, so that no push service carries it. Each push shows something, as browsers demand:
 * where there is nothing new it is taken away again at once.
 */
import { utcDate } from '../sync/utc-date.ts';
import type { worker as Words } from '../text/en/worker.ts';
import { type Answer, ask, SignedOut } from './asking.ts';
import type { NotificationClick, WorkerScope } from './scope.ts';

export interface PushedParts {
  readonly scope: Pick<WorkerScope, 'registration' | 'clients' | 'fetch' | 'navigator'>;
  readonly words: () => Promise<typeof Words>;
  /** Emails that were told of, and keeping them. */
  readonly told: { read(): Promise<readonly string[]>; write(ids: readonly string[]): Promise<void> };
  readonly pictures: { readonly icon: string; readonly badge: string };
  /** The session is over. */
  readonly end: () => Promise<void>;
  readonly nowMs: () => number;
}

interface Arrived {
  readonly id: string;
  readonly threadId: string;
  readonly receivedAt: string;
  readonly subject: string | null;
  readonly preview: string;
  readonly from: readonly { readonly name: string | null; readonly email: string }[] | null;
}

/** Each by itself; more of them come together. */
const MOST = 3;
const LOOKED_AT = 20;
/** Older mail that is unread is no news. */
const FRESH_MS = 24 * 3_600_000;
const MAX_TOLD = 200;
const WEEK_MS = 7 * 24 * 3_600_000;
const TOGETHER = 'new-mail';

export class Pushed {
  readonly #parts: PushedParts;

  constructor(parts: PushedParts) {
    this.#parts = parts;
  }

  async take(message: unknown): Promise<void> {
    const { '@type': type, ...rest } = (message ?? {}) as Answer;
    try {
      if (type === 'PushVerification') await this.#verify(rest);
      else if (type === 'StateChange') await this.#tell();
    } catch (error) {
      if (error instanceof SignedOut) return this.#parts.end();
      const { newMail } = await this.#parts.words();
      if (type === 'StateChange') await this.#show(newMail, { tag: TOGETHER, data: { path: '/m/inbox' } });
    }
  }

  async #verify({ pushSubscriptionId, verificationCode }: Answer): Promise<void> {
    const update = { [String(pushSubscriptionId)]: { verificationCode } };
    await ask(this.#parts.scope.fetch, () => [['PushSubscription/set', { update }]]);
  }

  async #tell(): Promise<void> {
    const { unread, mails } = await this.#arrived();
    const { told, words, scope, nowMs } = this.#parts;
    const known = await told.read();
    const fresh = mails.filter(
      ({ id, receivedAt }) => !known.includes(id) && Date.parse(receivedAt) > nowMs() - FRESH_MS,
    );
    await told.write([...new Set([...mails.map(({ id }) => id), ...known])].slice(0, MAX_TOLD));
    const said = await words();
    if (fresh.length === 0) await this.#showNothing(said.nothingNew);
    else if (fresh.length > MOST)
      await this.#show(said.more(fresh.length), { tag: TOGETHER, data: { path: '/m/inbox' } });
    else
      for (const mail of fresh.toReversed())
        await this.#show(senderOf(mail) || said.newMail, {
          body: `${mail.subject || said.noSubject}\n${mail.preview}`.trim(),
          tag: mail.threadId,
          timestamp: Date.parse(mail.receivedAt),
          data: { path: `/m/inbox/${mail.threadId}` },
        });
    await scope.navigator.setAppBadge?.(unread).catch(() => undefined);
    await this.#renew();
  }

  /** Unread mail of the Inbox, the newest first. */
  async #arrived(): Promise<{ readonly unread: number; readonly mails: readonly Arrived[] }> {
    const [, inboxes] = await ask(this.#parts.scope.fetch, (accountId) => [
      ['Mailbox/query', { accountId, filter: { role: 'inbox' } }],
      [
        'Mailbox/get',
        {
          ...{ accountId, properties: ['unreadThreads'] },
          '#ids': { resultOf: 'c0', name: 'Mailbox/query', path: '/ids' },
        },
      ],
    ]);
    const [inbox] = (inboxes?.list ?? []) as { readonly id: string; readonly unreadThreads: number }[];
    if (inbox === undefined) return { unread: 0, mails: [] };
    const [, found] = await ask(this.#parts.scope.fetch, (accountId) => [
      [
        'Email/query',
        {
          ...{ accountId, filter: { inMailbox: inbox.id, notKeyword: '$seen' }, limit: LOOKED_AT },
          sort: [{ property: 'receivedAt', isAscending: false }],
        },
      ],
      [
        'Email/get',
        {
          ...{ accountId, properties: ['threadId', 'receivedAt', 'subject', 'preview', 'from'] },
          '#ids': { resultOf: 'c0', name: 'Email/query', path: '/ids' },
        },
      ],
    ]);
    return { unread: inbox.unreadThreads, mails: (found?.list ?? []) as readonly Arrived[] };
  }

  /** The server forgets a subscription after a week. */
  async #renew(): Promise<void> {
    const [{ list = [] } = {}] = await ask(this.#parts.scope.fetch, () => [
      ['PushSubscription/get', { ids: null, properties: ['id'] }],
    ]);
    const expires = utcDate(this.#parts.nowMs() + WEEK_MS);
    const update = Object.fromEntries((list as { readonly id: string }[]).map(({ id }) => [id, { expires }]));
    await ask(this.#parts.scope.fetch, () => [['PushSubscription/set', { update }]]);
  }

  async #show(title: string, options: object): Promise<void> {
    const { registration, clients } = this.#parts.scope;
    const pages = await clients.matchAll({ type: 'window', includeUncontrolled: true });
    // Whoever looks at the page sees it there.
    const silent = pages.some(({ visibilityState }) => visibilityState === 'visible');
    await registration.showNotification(title, { ...this.#parts.pictures, silent, ...options });
  }

  async #showNothing(text: string): Promise<void> {
    const { registration } = this.#parts.scope;
    await registration.showNotification(text, { ...this.#parts.pictures, tag: 'nothing', silent: true });
    for (const one of await registration.getNotifications()) if (one.tag === 'nothing') one.close();
  }

  /** In the page that is there, else in a new one. */
  async open({ notification }: Pick<NotificationClick, 'notification'>): Promise<void> {
    notification.close();
    const { path } = (notification.data ?? {}) as { readonly path?: string };
    const to = path ?? '/m/inbox';
    const { clients } = this.#parts.scope;
    const [page] = await clients.matchAll({ type: 'window', includeUncontrolled: true });
    if (page === undefined) {
      await clients.openWindow(to);
      return;
    }
    page.postMessage({ kind: 'open', path: to });
    await page.focus().catch(() => undefined);
  }
}

function senderOf({ from }: Arrived): string {
  const [first] = from ?? [];
  return first?.name || first?.email || '';
}
