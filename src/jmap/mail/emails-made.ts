/**
 * Emails on their way into an account, for Email/set, Email/import and Email/copy: octets go to the staging as they come, room for
 * them is reserved before, and what becomes of each is said as its method has it.
 */
import { parseDateTime } from '../../mail/date.ts';
import type { Domain } from '../../mailbox/domain.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import { foldKeyword } from '../../mailbox/model/keywords.ts';
import { emailObjectId, threadObjectId } from '../../mailbox/model/object-ids.ts';
import type { IncomingMessage } from '../../mailbox/operations/append.ts';
import type { MadeEmail } from '../../mailbox/operations/change-emails.ts';
import type { Marks } from '../../mailbox/operations/email-marks.ts';
import { type IncomingStream, openIncoming } from '../../mailbox/operations/incoming.ts';
import type { EmailRefusal } from '../../mailbox/operations/place.ts';
import type { Reservation, UploadBudget } from '../../mailbox/operations/upload-budget.ts';
import { FLAG_KEYWORDS } from '../../mailbox/query/email-rows.ts';
import { momentOf } from '../../mailbox/reading/moment.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { mailBlobId } from '../blobs/blob-id.ts';
import { SetError, setErrorOf } from '../core/fault.ts';
import type { JsonObject } from '../core/json.ts';
import { momentString } from '../core/state-string.ts';
import { uploaderIn } from '../visitors.ts';

/** What is staged by one call; given back at its end, whatever became of it. */
export class Arriving {
  readonly #domain: Domain;
  readonly #account: AccountState;
  readonly #uploads: UploadBudget;
  readonly #open: { readonly stream: IncomingStream; readonly reservation: Reservation }[] = [];

  constructor(domain: Domain, account: AccountState, uploads: UploadBudget) {
    this.#domain = domain;
    this.#account = account;
    this.#uploads = uploads;
  }

  /**
   * `internalDate`: seconds since 1970, now when it is undefined; `of-message`: when the last server took it, as it says itself.
   * `mostBytes` is about what will come; more is reserved as it comes. Throws MailboxError, and SetError `invalidEmail` for what has no
   * line of a header.
   */
  async take(
    pieces: AsyncIterable<Buffer>,
    mostBytes: number,
    internalDate: number | 'of-message' | undefined,
  ): Promise<IncomingMessage> {
    const { messageBytes } = this.#domain.limits;
    const expected = Math.min(mostBytes, messageBytes);
    const reservation = this.#uploads.reserve(uploaderIn(this.#account), expected);
    const stream = openIncoming(this.#domain, [this.#account.id], messageBytes, expected);
    this.#open.push({ stream, reservation });
    let reserved = expected;
    for await (const piece of pieces) {
      const more = stream.receivedBytes + piece.length - reserved;
      if (more > 0) reservation.grow(more);
      reserved += Math.max(0, more);
      const written = stream.write(piece);
      if (written !== undefined) await written;
    }
    const { blob, facts, header } = await stream.finish();
    if (header.count === 0) throw new SetError('invalidEmail', 'it does not begin as a message does');
    const date = internalDate === 'of-message' ? receivedSeconds(header.text('received')) : internalDate;
    return { blob, facts, flags: 0, keywords: [], internalDate: date };
  }

  /** What was not taken is given up. */
  close(): void {
    for (const { stream, reservation } of this.#open) {
      stream.abort();
      reservation.release();
    }
  }
}

/** RFC 5321 §4.4: the date stands behind the last semicolon. */
function receivedSeconds(field: string | undefined): number | undefined {
  const date = field?.slice(field.lastIndexOf(';') + 1);
  return date === undefined ? undefined : parseDateTime(date.trim())?.seconds;
}

export function madeAnswer({
  email,
  thread,
  sizeBytes,
  marks,
}: MadeEmail): JsonObject & { readonly id: string } {
  return {
    ...(marks && { keywords: Object.fromEntries(keywordsIn(marks).map((name) => [name, true])) }),
    id: emailObjectId(email),
    blobId: mailBlobId(email),
    threadId: threadObjectId(thread),
    size: sizeBytes,
  };
}

function keywordsIn({ flags, keywords }: Marks): readonly string[] {
  const system = FLAG_KEYWORDS.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);
  return [...system, ...keywords.map(foldKeyword)];
}

export function isMade(outcome: MadeEmail | EmailRefusal): outcome is MadeEmail {
  return 'email' in outcome;
}

export function refusalAnswer(refusal: EmailRefusal): SetError {
  switch (refusal.why) {
    case 'not-found':
      return new SetError('notFound');
    case 'mailboxes': {
      const why =
        refusal.unknown.length > 0 ? 'there is no such mailbox' : 'an email is in one mailbox at least';
      return new SetError('invalidProperties', why, { properties: ['mailboxIds'] });
    }
    case 'keywords':
      return new SetError('tooManyKeywords', refusal.error.message);
    case 'refused':
      return setErrorOf(refusal.error);
  }
}

/** Of a message that was refused before it was asked for. */
export function refusedBefore(error: unknown): SetError {
  if (error instanceof SetError) return error;
  if (!(error instanceof MailboxError)) throw error;
  // Too much of the account is under way at this moment: it can come later.
  return error.code === 'limit' ? new SetError('rateLimit', error.message) : setErrorOf(error);
}

/** Asked inside a change: what is in memory by then. */
export function isInState(account: AccountState, state: string | undefined): () => boolean {
  return () => state === undefined || state === momentString('emails', momentOf(account, 'emails'));
}
