/**
 * An action of which nobody knows whether it was done, or that has waited for long: what of it is still to be done, judged by how the mail
 * is at the server now. What somebody else has done meanwhile stands: mail that was moved stays where it is, and mail that was taken out of the
 * Trash is not destroyed. Pure.
 */
import type { Action, EmailPatch } from './actions.ts';
import type { Email, Id } from './model.ts';

/** Of an email what ever changes (RFC 8621 §4.1). */
export type Placed = Pick<Email, 'id' | 'mailboxIds' | 'keywords'>;

/** Where the emails that it destroys or puts off lay when the person said so. */
export type Lay = Readonly<Record<Id, readonly Id[]>>;

export interface Plan {
  readonly action: Action;
  /** They were gone already, and the person wanted something else of them than to have seen them. */
  readonly gone: readonly Id[];
  /** Somebody has moved them elsewhere. */
  readonly moved: readonly Id[];
}

/** What the server says when it could not tell either: it may have kept what was asked (RFC 8620 §3.6.2). */
export function isUnsure(type: string | undefined): boolean {
  return type === 'serverUnavailable' || type === 'serverFail';
}

export function planOf(action: Action, lay: Lay, now: ReadonlyMap<Id, Placed>): Plan {
  const gone: Id[] = [];
  const moved: Id[] = [];
  const patches = action.patches.flatMap((patch): EmailPatch[] => {
    const email = now.get(patch.id);
    if (email === undefined) {
      if (isMissed(patch)) gone.push(patch.id);
      return [];
    }
    if (action.until !== undefined) {
      const isThere = lies(email, lay[patch.id]);
      // Where it was to wait it does, by this action or another device's, whose time stands.
      if (!isThere && isMoved(patch, email)) moved.push(patch.id);
      return isThere ? [patch] : [];
    }
    const isElsewhere = wasMoved(patch, email);
    if (isElsewhere) moved.push(patch.id);
    const keywords = missing(email.keywords, patch.keywords);
    const mailboxIds = isElsewhere ? {} : missing(email.mailboxIds, patch.mailboxIds);
    const isDone = Object.keys(keywords).length + Object.keys(mailboxIds).length === 0;
    return isDone ? [] : [{ id: patch.id, keywords, mailboxIds }];
  });
  const destroyed = (action.destroyed ?? []).filter((id) => {
    const email = now.get(id);
    if (email === undefined) return false;
    const isThere = lies(email, lay[id]);
    if (!isThere) moved.push(id);
    return isThere;
  });
  const { until } = action;
  return { action: { patches, destroyed, ...(until !== undefined && { until }) }, gone, moved };
}

function lies({ mailboxIds }: Placed, there: readonly Id[] = []): boolean {
  return there.some((mailbox) => mailbox in mailboxIds);
}

/** Nobody misses that a mail that is gone was marked as read. */
function isMissed({ keywords = {}, mailboxIds = {} }: EmailPatch): boolean {
  return [...Object.keys(mailboxIds), ...Object.keys(keywords)].some((name) => name !== '$seen');
}

/** It was to leave mailboxes, lies in none of them any more, and not where it was to come. */
function wasMoved({ mailboxIds = {} }: EmailPatch, email: Placed): boolean {
  const names = (is: boolean): Id[] => Object.keys(mailboxIds).filter((id) => mailboxIds[id] === is);
  const leaves = names(false);
  if (leaves.length === 0 || leaves.some((id) => id in email.mailboxIds)) return false;
  return names(true).some((id) => !(id in email.mailboxIds));
}

/** It is not where it was to come. */
function isMoved({ mailboxIds = {} }: EmailPatch, email: Placed): boolean {
  return !Object.entries(mailboxIds).some(([id, is]) => is && id in email.mailboxIds);
}

function missing(
  now: Readonly<Record<string, true>>,
  changes: Readonly<Record<string, boolean>> = {},
): Record<string, boolean> {
  return Object.fromEntries(Object.entries(changes).filter(([name, is]) => name in now !== is));
}
