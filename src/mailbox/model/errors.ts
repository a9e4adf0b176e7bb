/**
 * The closed list of what can go wrong in the domain. Each protocol has one exhaustive table from these codes to its
 * own words; a new code does not compile until every table has an entry.
 */
export const MAILBOX_ERROR_CODES = [
  'nonexistent', // the mailbox (or account) is not there
  'exists', // a mailbox of that name is there already
  'has-children', // refused because other mailboxes are below it
  'not-empty', // refused because there is mail in it
  'cannot', // a rule of ours forbids it for ever: the text says which
  'invalid-name', // not a legal mailbox name
  'over-quota', // the account has no room for it
  'too-big', // one message larger than the server takes
  'limit', // too many mailboxes, keywords, ...
  'read-only', // the mailbox was opened for reading
  'bad-credentials', // unknown account or wrong password; never says which
  'forbidden', // the right secret, but not for this: the text says what it is for
  'throttled', // too many failures; try later
  'unavailable', // storage failed or is full; nothing was changed; try later
  'damaged', // what is stored of it cannot be read; it takes a person to mend it
  'conflict', // somebody else changed it first, and retries did not help
] as const;

export type MailboxErrorCode = (typeof MAILBOX_ERROR_CODES)[number];

export class MailboxError extends Error {
  override readonly name = 'MailboxError';
  readonly code: MailboxErrorCode;

  /** `message` is shown to the person: it says what happened and, where there is one, what to do. */
  constructor(code: MailboxErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** It was done, and may not be kept: whoever asked for it cannot be told either. */
export class OutcomeUnknown extends MailboxError {
  constructor(message: string, options?: ErrorOptions) {
    super('unavailable', message, options);
  }
}
