/**
 * STORE X-GM-LABELS: puts messages into mailboxes and takes them out of others, as JMAP does (`place.ts`): a copy is what COPY makes, and
 * counts for the quota; what leaves a mailbox is expunged there, and the message stays where it is. The mailbox that is open is left by
 * MOVE and EXPUNGE alone, so no message of it goes by a change of labels, and none can be lost.
 */
import { FLAG } from '../../mail/flags.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import type { MailboxId } from '../../mailbox/model/model.ts';
import { changeEmails } from '../../mailbox/operations/change-emails.ts';
import type { Marks, MarksPatch, SetPatch } from '../../mailbox/operations/email-marks.ts';
import { halfDone } from '../../mailbox/operations/half-done.ts';
import type { EmailRefusal, EmailUpdate } from '../../mailbox/operations/place.ts';
import { loadPlaces } from '../../mailbox/state/load-places.ts';
import type { Call, SessionContext } from '../context.ts';
import type { StoreWanted } from '../item.ts';
import { bad, type Completion, no, ok } from '../replies.ts';
import type { Selected } from '../selected.ts';
import { beginFetch, observe, writeFlags } from '../updates.ts';
import type { Label } from '../wire/labels.ts';
import type { StoreAction } from '../wire/store-args.ts';
import { IMPORTANT, type LabelTarget, targetOf, writeLabels } from './labels.ts';

export async function storeLabels(
  { session, state: { selected } }: Call<'selected'>,
  { uids, action, isSilent, isConditional, name }: StoreWanted,
  labels: readonly Label[],
): Promise<Completion> {
  const { account, mailbox, place } = selected;
  if (isConditional) return bad('UNCHANGEDSINCE is of flags: labels have no modseq');
  if (!place.isOwn) return no('Only its owner gives labels to mail', 'NOPERM');
  const targets: LabelTarget[] = [];
  for (const label of labels) {
    const target = targetOf(account, label);
    if (target === undefined)
      return no('A label is one of your mailboxes, and there is none of that name', 'TRYCREATE');
    targets.push(target);
  }
  const isOfOpen = targets.some((one) => one.kind === 'mailbox' && one.mailbox === mailbox);
  if (action === 'remove' && isOfOpen)
    return no('A message leaves the mailbox that is open by MOVE or EXPUNGE', 'CANNOT');
  const patch = patchOf(selected, action, targets);
  let refusal: EmailRefusal | undefined;
  // Whoever hangs up in the middle has asked for all of it all the same.
  let failure: unknown;
  for (let done = 0; done < uids.length; done += SLICE) {
    const some = uids.slice(done, done + SLICE);
    const refused = await changeSome(session, selected, some, patch).catch((error: unknown) => {
      throw halfDone(error, done);
    });
    refusal ??= refused;
    observe(selected);
    if (failure !== undefined) continue;
    await tell(session, selected, some, { marks: patch.marks !== undefined, labels: !isSilent }).catch(
      (error: unknown) => {
        failure = error;
      },
    );
  }
  if (failure !== undefined) throw failure;
  if (refusal !== undefined) throw errorOf(refusal);
  return ok(`${name} completed`);
}

/** Emails a change. */
const SLICE = 500;

/** Gives why one of them was left as it is; those that are gone by now were not named. */
async function changeSome(
  { domain }: Pick<SessionContext, 'domain'>,
  selected: Selected,
  uids: readonly number[],
  patch: Patch,
): Promise<EmailRefusal | undefined> {
  const { account } = selected;
  const emails = emailsOf(selected, uids);
  const updates = emails.map((email): EmailUpdate => ({ email, ...patch }));
  const { updated } = await changeEmails(domain, account, { creates: [], updates, destroys: [] });
  const isGone = (email: number): boolean => account.placements?.placesOf(email).length === 0;
  return updated.find(
    (one, i) => one !== undefined && (one.why !== 'not-found' || !isGone(emails[i] as number)),
  );
}

type Patch = Pick<EmailUpdate, 'mailboxes' | 'marks'>;

/** What is not named is left alone where labels are added or taken, and gone where they are set: but for the mailbox that is open. */
function patchOf(
  { account, mailbox: open }: Selected,
  action: StoreAction,
  targets: readonly LabelTarget[],
): Patch {
  const named = new Set<MailboxId>();
  const marks = { flags: 0, keywords: [] as string[] };
  for (const target of targets) {
    if (target.kind === 'mailbox') named.add(target.mailbox.id);
    else if (target.mark === 'starred') marks.flags = FLAG.Flagged;
    else marks.keywords = [IMPORTANT];
  }
  named.delete(open.id);
  const isMarked = marks.flags !== 0 || marks.keywords.length > 0;
  if (action === 'add') return withMarks({ adds: named, removes: NONE }, isMarked, marks, NO_MARKS);
  if (action === 'remove') return withMarks({ adds: NONE, removes: named }, isMarked, NO_MARKS, marks);
  const removes = new Set([...account.mailboxes.keys()].filter((id) => id !== open.id && !named.has(id)));
  const unmarked: Marks = {
    flags: FLAG.Flagged & ~marks.flags,
    keywords: marks.keywords.length > 0 ? [] : [IMPORTANT],
  };
  return withMarks({ adds: named, removes }, true, marks, unmarked);
}

function withMarks(mailboxes: SetPatch<MailboxId>, isMarked: boolean, adds: Marks, removes: Marks): Patch {
  const marks: MarksPatch = { adds, removes };
  return isMarked ? { mailboxes, marks } : { mailboxes };
}

const NONE: ReadonlySet<MailboxId> = new Set();
const NO_MARKS: Marks = Object.freeze({ flags: 0, keywords: [] });

/** By number, each once; those that are gone by now are passed over. */
function emailsOf(selected: Selected, uids: readonly number[]): readonly number[] {
  const { columns } = selected.list;
  const emails = new Set<number>();
  let row = -1;
  for (const uid of uids) {
    const found = selected.rowOf(uid, row + 1);
    if (found < 0) continue;
    row = found;
    emails.add(columns.email[row] as number);
  }
  return [...emails];
}

async function tell(
  session: SessionContext,
  selected: Selected,
  uids: readonly number[],
  what: { readonly marks: boolean; readonly labels: boolean },
): Promise<void> {
  if (what.marks) await tellMarks(session, selected, uids);
  if (what.labels) await tellLabels(session, selected, uids);
}

/** Nobody else tells a session of the flags that it has changed itself. */
async function tellMarks(
  session: SessionContext,
  selected: Selected,
  uids: readonly number[],
): Promise<void> {
  for (const uid of uids) {
    writeFlags(session, selected, uid);
    selected.view.forgetFlag(uid);
    const pause = session.breathe();
    if (pause !== undefined) await pause;
  }
}

async function tellLabels(
  session: SessionContext,
  selected: Selected,
  uids: readonly number[],
): Promise<void> {
  const { out, modes } = session;
  for (const uid of uids) {
    if (selected.account.placements?.isWhole !== true) await loadPlaces(session.domain, selected.account);
    const row = selected.rowOf(uid);
    const seq = selected.view.seqOf(uid);
    if (row < 0 || seq === 0) continue;
    const { email, flags, keywordSet } = selected.list.columns;
    beginFetch(out, modes, seq, uid);
    out.ascii('X-GM-LABELS ');
    writeLabels(out, session, selected, {
      email: email[row] as number,
      flags: flags[row] as number,
      keywordSet: keywordSet[row] as number,
    });
    out.close().crlf();
    const pause = session.breathe();
    if (pause !== undefined) await pause;
  }
}

function errorOf(refusal: EmailRefusal): MailboxError {
  if (refusal.why === 'refused' || refusal.why === 'keywords') return refusal.error;
  const isGone = refusal.why === 'mailboxes' && refusal.unknown.length > 0;
  return isGone
    ? new MailboxError(
        'nonexistent',
        'a mailbox was deleted just now; some of the messages were left as they were',
      )
    : new MailboxError(
        'cannot',
        'mail that is marked as deleted gets no labels; some of the messages were left as they were',
      );
}
