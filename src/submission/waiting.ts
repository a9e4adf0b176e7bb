/**
 * Mail of a program that waits for its time, because it asks for that (RFC 4865) or because what is sent can be taken back for a while
 * (`submission.undo`). While it waits it lies in the mailbox with the role `scheduled`, and a submission tells of it (RFC 8621 §7), so that
 * whoever speaks JMAP can take it back, the webmail among them.
 *
 * Without room for it in the mailboxes it waits all the same, shown by none: a full account sends. Taken back it is a draft then.
 */
import type { AccountChange } from '../mailbox/change/account-change.ts';
import type { Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { type EmailId, emailNumber } from '../mailbox/model/model.ts';
import { emailObjectId } from '../mailbox/model/object-ids.ts';
import { outgoingId } from '../mailbox/model/outgoing.ts';
import { createMailbox } from '../mailbox/operations/folders.ts';
import type { Received } from '../mailbox/operations/incoming.ts';
import { type AcceptedMail, acceptOutgoing, type NewOutgoingMail } from '../mailbox/operations/outgoing.ts';
import { noteWaitingCopy, waitingCopyIn } from '../mailbox/operations/sent-copy.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import { loadBelongings } from '../mailbox/state/belongings.ts';
import type { MailboxState } from '../mailbox/state/mailbox.ts';
import { addSubmission, submissionGists } from './submission-gist.ts';
import { recordOfWaiting } from './submission-record.ts';

/** At once. */
const MOST_TOLD = 5000;
const NAME = 'Scheduled';

/** `keeps`: a copy stays in Sent when it has left. Throws as `acceptOutgoing` does. */
export async function acceptWaiting(
  domain: Domain,
  account: AccountState,
  received: Received,
  mail: NewOutgoingMail,
  keeps: boolean,
): Promise<AcceptedMail> {
  const { messageId } = received.facts;
  const tells = await telling(domain, account, mail, {
    keeps,
    ...(messageId !== undefined && { messageId }),
  });
  const told = { ...mail, ...(tells && { tells }) };
  const mailbox = tells && (await scheduledMailbox(domain, account));
  const copy = mailbox && waitingCopyIn(mailbox);
  try {
    const accepted = await acceptOutgoing(domain, account, received, told, copy);
    if (mailbox !== undefined && accepted.uid !== undefined)
      noteWaitingCopy(domain, account, mailbox, { messageId, uid: accepted.uid });
    // Where it lies for the moment is no place of which the sender is told.
    return { id: accepted.id };
  } catch (error) {
    if (copy === undefined || !isOfMailbox(error)) throw error;
    return acceptOutgoing(domain, account, received, told);
  }
}

async function telling(
  domain: Domain,
  account: AccountState,
  { envelope, recipients }: NewOutgoingMail,
  program: { readonly keeps: boolean; readonly messageId?: string },
): Promise<((change: AccountChange, email: EmailId) => number) | undefined> {
  const all = await submissionGists(account, (await loadBelongings(domain, account)).values());
  if (all.filter(({ gist }) => gist.undoStatus === 'pending').length >= MOST_TOLD) return undefined;
  const to = [...new Set(recipients.map(({ address }) => address))];
  const about = { ...program, from: envelope.sender, to, untilMs: envelope.holdUntilMs ?? 0 };
  return (change, email) =>
    addSubmission(change, (number) => {
      const ids = { emailId: emailObjectId(emailNumber(email)), outgoing: outgoingId(account.id, number) };
      return recordOfWaiting({ ...about, ...ids });
    });
}

/** Made when the first mail waits; undefined when there can be none. */
async function scheduledMailbox(domain: Domain, account: AccountState): Promise<MailboxState | undefined> {
  const known = scheduledIn(account);
  if (known !== undefined) return known;
  try {
    return await createMailbox(domain, account, freeName(account), 'scheduled');
  } catch (error) {
    if (!(error instanceof MailboxError)) throw error;
    // Another may have been the first.
    return scheduledIn(account);
  }
}

/** Its owner may have one of this name for something else, which may have come with his mail from another server. */
function freeName({ byName }: AccountState): string {
  let name = NAME;
  for (let n = 2; byName.has(name); n++) name = `${NAME} ${n}`;
  return name;
}

function scheduledIn(account: AccountState): MailboxState | undefined {
  return [...account.mailboxes.values()].find(({ role }) => role === 'scheduled');
}

/** There is no room in it, or it went. */
function isOfMailbox(error: unknown): boolean {
  return error instanceof MailboxError && (error.code === 'over-quota' || error.code === 'nonexistent');
}
