/**
 * What can be done to conversations in a list or to the one that is open: each is one action on all of their emails that it is
 * about, shown at once, with a line that undoes it. What is destroyed for good is asked about first, by whoever calls.
 */
import type { Notices } from '../shell/notices.ts';
import type { Action, Actions, EmailPatch } from '../sync/actions.ts';
import type { MailCache } from '../sync/cache.ts';
import type { Email, Id } from '../sync/model.ts';
import type { Texts } from '../text/en.ts';
import { isUnread } from './row.ts';

export type Deed =
  | 'archive'
  | 'delete'
  | 'junk'
  | 'notJunk'
  | 'inbox'
  | 'read'
  | 'unread'
  | 'star'
  | 'unstar';

export interface DeedParts {
  readonly cache: MailCache;
  readonly actions: Pick<Actions, 'run'>;
  readonly notices: Pick<Notices, 'show'>;
  readonly texts: () => Texts['deeds'];
}

/** Conversations, and the mailbox in which they are looked at; absent in a search. */
export interface Chosen {
  readonly threads: readonly Id[];
  readonly mailbox?: Id | undefined;
}

const MOVES: Partial<Readonly<Record<Deed, string>>> = {
  archive: 'archive',
  delete: 'trash',
  junk: 'junk',
  notJunk: 'inbox',
  inbox: 'inbox',
};
/** What they are done to is not there any more. */
export const LEAVING: ReadonlySet<Deed> = new Set(['archive', 'delete', 'junk', 'notJunk', 'inbox']);
/** They stay where they are when nobody has said from which mailbox. */
const OWN = ['sent', 'drafts', 'scheduled', 'trash'];

export class Deeds {
  readonly #parts: DeedParts;

  constructor(parts: DeedParts) {
    this.#parts = parts;
  }

  /** Whether it would do anything there: nobody archives in the archive. */
  fits(deed: Deed, mailbox: Id | undefined): boolean {
    const role = mailbox === undefined ? undefined : this.#parts.cache.mailboxes.value.get(mailbox)?.role;
    switch (deed) {
      case 'archive':
        return (
          role !== 'archive' && role !== 'trash' && role !== 'junk' && role !== 'sent' && role !== 'drafts'
        );
      case 'inbox':
        return role === 'archive' || role === 'trash' || role === 'snoozed';
      case 'junk':
        return role !== 'junk' && role !== 'sent' && role !== 'drafts';
      case 'notJunk':
        return role === 'junk';
      default:
        return true;
    }
  }

  /** Mail is put off that has come; what is one's own, or thrown away, has no time. */
  canSnooze(mailbox: Id | undefined): boolean {
    const role = mailbox === undefined ? undefined : this.#parts.cache.mailboxes.value.get(mailbox)?.role;
    return !['drafts', 'scheduled', 'sent', 'trash', 'junk'].includes(role ?? '');
  }

  /** Whether deleting there is for good. */
  isFinal(mailbox: Id | undefined): boolean {
    const role = mailbox === undefined ? undefined : this.#parts.cache.mailboxes.value.get(mailbox)?.role;
    return role === 'trash' || role === 'junk';
  }

  do(deed: Deed, chosen: Chosen): void {
    const role = MOVES[deed];
    if (deed === 'delete' && this.isFinal(chosen.mailbox)) {
      this.destroy(chosen);
      return;
    }
    if (role !== undefined) {
      const target = this.#parts.cache.byRole(role);
      if (target !== undefined) this.#place(chosen, target.id, deed);
      return;
    }
    const patches = chosen.threads.flatMap((thread) => this.#marks(deed, thread, chosen.mailbox));
    this.#run({ patches }, deed, chosen.threads.length);
  }

  move(chosen: Chosen, target: Id): void {
    this.#place(chosen, target, 'move');
  }

  /** For good. */
  destroy({ threads, mailbox }: Chosen): void {
    const ids = threads.flatMap((thread) => this.here(thread, mailbox)).map(({ id }) => id);
    if (ids.length === 0) return;
    this.#parts.actions.run({ patches: [], destroyed: ids });
    this.#parts.notices.show({ text: this.#parts.texts().destroyed(threads.length) });
  }

  #place({ threads, mailbox }: Chosen, target: Id, deed: Deed | 'move'): void {
    const patches = threads
      .flatMap((thread) => this.here(thread, mailbox))
      .flatMap((email) => this.#moved(email, mailbox, target, deed));
    this.#run({ patches }, deed, threads.length, target);
  }

  #moved(email: Email, from: Id | undefined, target: Id, deed: Deed | 'move'): EmailPatch[] {
    if (target in email.mailboxIds && (from === undefined || from === target)) return [];
    // Deleted is deleted, wherever else it lay.
    const leaves =
      from === undefined || deed === 'delete' || deed === 'junk' ? Object.keys(email.mailboxIds) : [from];
    const mailboxIds = { ...Object.fromEntries(leaves.map((id) => [id, false])), [target]: true };
    if (deed === 'junk') return [{ id: email.id, mailboxIds, keywords: { $junk: true, $notjunk: false } }];
    if (deed === 'notJunk') return [{ id: email.id, mailboxIds, keywords: { $junk: false, $notjunk: true } }];
    return [{ id: email.id, mailboxIds }];
  }

  #marks(deed: Deed, thread: Id, mailbox: Id | undefined): EmailPatch[] {
    const emails = this.here(thread, mailbox);
    const newest = emails.at(-1);
    switch (deed) {
      case 'read':
        return this.#parts.cache
          .emailsOf(thread)
          .filter(isUnread)
          .map(({ id }) => ({ id, keywords: { $seen: true, $new: false } }));
      case 'unread':
        return newest === undefined ? [] : [{ id: newest.id, keywords: { $seen: false } }];
      case 'star':
        return newest === undefined ? [] : [{ id: newest.id, keywords: { $flagged: true } }];
      default:
        return this.#parts.cache
          .emailsOf(thread)
          .filter(({ keywords }) => '$flagged' in keywords)
          .map(({ id }) => ({ id, keywords: { $flagged: false } }));
    }
  }

  /** Those of a conversation that lie in this mailbox; in a search all but what is one's own. */
  here(thread: Id, mailbox: Id | undefined): readonly Email[] {
    const emails = this.#parts.cache.emailsOf(thread);
    if (mailbox !== undefined) return emails.filter(({ mailboxIds }) => mailbox in mailboxIds);
    const own = new Set(OWN.flatMap((role) => this.#parts.cache.byRole(role)?.id ?? []));
    const others = emails.filter(({ mailboxIds }) => !Object.keys(mailboxIds).every((id) => own.has(id)));
    return others.length > 0 ? others : emails;
  }

  #run(action: Action, deed: Deed | 'move', count: number, target?: Id): void {
    if (action.patches.length === 0) return;
    const { actions, notices, texts } = this.#parts;
    const { undo } = actions.run(action);
    const said = texts();
    const into = target === undefined ? '' : (this.#parts.cache.mailboxes.peek().get(target)?.name ?? '');
    const text = deed === 'move' ? said.moved(count, into) : said.done[deed](count);
    // What can be seen in its row needs no line.
    if (deed === 'star' || deed === 'unstar') return;
    notices.show({ text, action: { text: said.undo, run: () => void actions.run(undo) } });
  }
}
