/**
 * What a filter learns from where people put their mail: into the mailbox for junk it is spam, out of there, and not into the trash,
 * it is none. Written in the change that moves it, so that no lesson is lost; learned in the background (`spam/trainer.ts`).
 */
import type { AccountChange } from '../change/account-change.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import type { Lesson } from '../model/lessons.ts';
import { type AccountId, type EmailId, emailAccount, emailId } from '../model/model.ts';
import type { MailboxState } from '../state/mailbox.ts';

/** Of one change: whoever sorts thousands of messages at once teaches nothing new by the rest. */
const MOST_AT_ONCE = 200;

/** These emails were moved or copied from one mailbox to the other, by somebody. */
export function noteLessons(
  { learns }: Pick<Domain, 'learns'>,
  change: AccountChange,
  { source, target }: { readonly source: MailboxState; readonly target: MailboxState },
  emails: readonly number[],
): void {
  if (!learns || source.role === target.role) return;
  const isSpam = target.role === 'junk';
  if (!isSpam && (source.role !== 'junk' || target.role === 'trash')) return;
  for (const email of emails.slice(-MOST_AT_ONCE))
    change.facts.teach({ email: emailId(change.account.id, email), isSpam });
}

/** The email's octets, if there are no more than that; undefined when it is gone or larger. Throws MailboxError. */
export async function readLesson(
  { store }: Pick<Domain, 'store'>,
  { email }: Lesson,
  maxBytes: number,
): Promise<Buffer | undefined> {
  const [octets] = await store.readRanges([{ email, start: 0, end: maxBytes + 1 }]);
  return octets === undefined || octets.length > maxBytes ? undefined : octets;
}

/** Those after this email, ascending. */
export function lessonsAfter(
  { store }: Pick<Domain, 'store'>,
  after: EmailId | 0,
  limit: number,
): Promise<readonly Lesson[]> {
  return store.loadLessons(after, limit);
}

/**
 * They need not be learned again; of an email that gave another one meanwhile, that one stays. An account that cannot be changed keeps its own,
 * and no others.
 */
export async function forgetLessons(domain: Domain, lessons: readonly Lesson[]): Promise<void> {
  const accounts = Map.groupBy(lessons, ({ email }) => emailAccount(email));
  for (const [id, some] of accounts) {
    try {
      await forgetOf(domain, id, some);
    } catch (err) {
      if (!(err instanceof MailboxError)) throw err;
      // Of an account that is gone they go by themselves.
      if (err.code !== 'nonexistent')
        domain.log.warn({ err, account: id }, 'what a filter has learned will be shown to it again');
    }
  }
}

async function forgetOf(domain: Domain, id: AccountId, lessons: readonly Lesson[]): Promise<void> {
  const account = await domain.accounts.open(id);
  await domain.turns.run({
    account,
    run: (change) => {
      for (const lesson of lessons) change.facts.learned(lesson);
    },
  });
}
