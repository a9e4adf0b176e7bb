/**
 * What labels are here: the mailboxes that have a message, but for the one that is open; and two of its marks. INBOX, the mailbox for
 * sent mail and that for drafts have Gmail's names for them (`\Inbox`, `\Sent`, `\Draft`), `\Starred` is \Flagged, `\Important` the
 * keyword $Important (RFC 8457). Every other mailbox, Trash and Junk as well, is called by its name.
 *
 * Of the mailboxes of somebody else only those are told that may be read.
 */
import { FLAG } from '../../mail/flags.ts';
import type { Role } from '../../mailbox/model/model.ts';
import type { MessageRecord } from '../../mailbox/model/record.ts';
import { findMailbox } from '../../mailbox/operations/mailboxes.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import type { MailboxState } from '../../mailbox/state/mailbox.ts';
import type { SessionContext } from '../context.ts';
import type { Selected } from '../selected.ts';
import { type Label, SYSTEM_LABEL_WORDS, SYSTEM_LABELS, type SystemLabel } from '../wire/labels.ts';
import type { WireWriter } from '../wire/writer.ts';

export const IMPORTANT = '$Important';

const LABEL_OF_ROLE: Readonly<Partial<Record<Role, SystemLabel>>> = { sent: 'sent', drafts: 'draft' };

export type LabelTarget =
  | { readonly kind: 'mailbox'; readonly mailbox: MailboxState }
  | { readonly kind: 'mark'; readonly mark: 'starred' | 'important' };

/** Of one's own account; undefined when there is no such mailbox. */
export function targetOf(account: AccountState, label: Label): LabelTarget | undefined {
  if (label.kind === 'system' && (label.label === 'starred' || label.label === 'important'))
    return { kind: 'mark', mark: label.label };
  const mailbox =
    label.kind === 'mailbox'
      ? findMailbox(account, label.name)
      : [...account.mailboxes.values()].find((one) => systemLabelOf(one) === label.label);
  return mailbox && { kind: 'mailbox', mailbox };
}

/** `(label label)` of a message, when it is known where emails are (`loadPlaces`). */
export function writeLabels(
  out: WireWriter,
  session: Pick<SessionContext, 'reach'>,
  { account, mailbox: open, place }: Pick<Selected, 'account' | 'mailbox' | 'place'>,
  { email, flags, keywordSet }: Pick<MessageRecord, 'email' | 'flags' | 'keywordSet'>,
): void {
  const system = new Set<SystemLabel>();
  const names = new Set<string>();
  for (const { mailbox: id, isHidden } of account.placements?.placesOf(email) ?? []) {
    const mailbox = account.mailboxes.get(id);
    if (mailbox === undefined || isHidden || mailbox === open) continue;
    const there = session.reach.placeIn(account, mailbox);
    const label = place.isOwn ? systemLabelOf(mailbox) : undefined;
    if (label !== undefined) system.add(label);
    else if (there.may('l') && there.may('r')) names.add(there.name);
  }
  if ((flags & FLAG.Flagged) !== 0) system.add('starred');
  if (open.keywords.namesOf(keywordSet).includes(IMPORTANT)) system.add('important');
  let isFirst = true;
  const next = (): void => {
    if (!isFirst) out.sp();
    isFirst = false;
  };
  out.open();
  for (const label of SYSTEM_LABELS) {
    if (!system.has(label)) continue;
    next();
    out.string(SYSTEM_LABEL_WORDS[label]);
  }
  for (const name of [...names].sort()) {
    next();
    out.mailbox(name);
  }
  out.close();
}

function systemLabelOf({ name, role }: MailboxState): SystemLabel | undefined {
  if (name === 'INBOX') return 'inbox';
  return role && LABEL_OF_ROLE[role];
}
