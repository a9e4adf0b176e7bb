/**
 * Where mail goes from the mailbox of what is scheduled: what has left to that of what was sent, what was taken back or ended to the drafts.
 * Of what a program has sent over SMTP a copy stays only where the server keeps one (`sent.copy`), and where the program has not put its own
 * there meanwhile.
 */
import { FLAG } from '../../mail/flags.ts';
import type { Domain } from '../../mailbox/domain.ts';
import { asUid, type MailboxId, type Role } from '../../mailbox/model/model.ts';
import { emailOfObjectId } from '../../mailbox/model/object-ids.ts';
import { changeEmails, StateMoved } from '../../mailbox/operations/change-emails.ts';
import { expungeMessages } from '../../mailbox/operations/expunge.ts';
import type { EmailUpdate } from '../../mailbox/operations/place.ts';
import { noteSentCopy } from '../../mailbox/operations/sent-copy.ts';
import { laterCopies } from '../../mailbox/operations/take-back.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { loadPlaces } from '../../mailbox/state/load-places.ts';
import type { MailboxState } from '../../mailbox/state/mailbox.ts';
import type { SentByProgram } from '../../submission/submission-record.ts';

export interface LeftEmail {
  readonly emailId: string;
  /** Nobody gets it. */
  readonly isCanceled: boolean;
  readonly program?: SentByProgram;
}

interface Left extends LeftEmail {
  readonly email: number;
}

/**
 * What is somewhere else by now stays there: whoever put it there had his reasons. Nothing when one was taken back meanwhile (`areAsThen`):
 * the next look finds the others. Whether all are in their place.
 */
export async function outOfScheduled(
  domain: Domain,
  account: AccountState,
  all: readonly LeftEmail[],
  areAsThen: () => boolean,
): Promise<boolean> {
  const scheduled = mailboxWith(account, 'scheduled');
  if (scheduled === undefined || all.length === 0) return true;
  await loadPlaces(domain, account);
  const there = all.flatMap((one): readonly Left[] => {
    const email = emailOfObjectId(one.emailId);
    return email !== undefined && isIn(account, email, scheduled.id) ? [{ ...one, email }] : [];
  });
  if (there.length === 0) return true;
  const sent = mailboxWith(account, 'sent');
  const surplus = new Set<number>();
  for (const { email, isCanceled, program } of there)
    if (!isCanceled && program !== undefined && !(await isKept(domain, account, email, { program, sent })))
      surplus.add(email);
  const updates = there
    .filter(({ email }) => !surplus.has(email))
    .flatMap(({ email, isCanceled }) => updateOf(account, email, isCanceled, scheduled) ?? []);
  try {
    if (updates.length > 0)
      await changeEmails(domain, account, { creates: [], updates, destroys: [], isExpected: areAsThen });
  } catch (error) {
    if (!(error instanceof StateMoved)) throw error;
    return false;
  }
  if (sent !== undefined) for (const one of there) noteInSent(domain, account, one, sent);
  await dropSurplus(domain, account, surplus, scheduled);
  return true;
}

/** Of what a program has sent: nobody else has put it into Sent. */
async function isKept(
  domain: Domain,
  account: AccountState,
  email: number,
  { program, sent }: { readonly program: SentByProgram; readonly sent: MailboxState | undefined },
): Promise<boolean> {
  if (!program.keeps || sent === undefined) return false;
  return (await laterCopies(domain, account, email, sent)).length === 0;
}

function updateOf(
  account: AccountState,
  email: number,
  isCanceled: boolean,
  scheduled: MailboxState,
): EmailUpdate | undefined {
  const target = mailboxWith(account, isCanceled ? 'drafts' : 'sent');
  const none = { flags: 0, keywords: [] };
  const draft = { flags: FLAG.Draft, keywords: [] };
  const seen = { flags: FLAG.Seen, keywords: [] };
  return {
    email,
    mailboxes: {
      adds: new Set(target === undefined ? [] : [target.id]),
      removes: new Set(target === undefined ? [] : [scheduled.id]),
    },
    marks: isCanceled ? { adds: draft, removes: none } : { adds: seen, removes: draft },
  };
}

/** A program may be about to put its copy there. */
function noteInSent(
  domain: Domain,
  account: AccountState,
  { email, program }: Left,
  sent: MailboxState,
): void {
  if (program?.messageId === undefined) return;
  const place = account.placements?.placesOf(email).find(({ mailbox }) => mailbox === sent.id);
  if (place === undefined) return;
  const { messageId } = program;
  noteSentCopy(domain, account, sent, { messageId, uid: asUid(place.uid), madeBy: 'server' });
}

/** Nothing of it is left where no other mailbox has it. */
async function dropSurplus(
  domain: Domain,
  account: AccountState,
  surplus: ReadonlySet<number>,
  scheduled: MailboxState,
): Promise<void> {
  const uids = [...surplus].flatMap((email) =>
    (account.placements?.placesOf(email) ?? []).flatMap(({ mailbox, uid }) =>
      mailbox === scheduled.id ? [uid] : [],
    ),
  );
  const inOrder = uids.sort((a, b) => a - b);
  if (uids.length > 0)
    await expungeMessages(domain, account, scheduled, { uids: inOrder, isSuperseded: true });
}

function isIn(account: AccountState, email: number, wanted: MailboxId): boolean {
  const places = account.placements?.placesOf(email) ?? [];
  return places.some(({ mailbox, isHidden }) => mailbox === wanted && !isHidden);
}

function mailboxWith(account: AccountState, role: Role): MailboxState | undefined {
  return [...account.mailboxes.values()].find((one) => one.role === role);
}
