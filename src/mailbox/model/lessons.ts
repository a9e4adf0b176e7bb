/** What a filter is to learn from an email, because somebody has put it into the mailbox for junk, or taken it out of there. */
import type { EmailId } from './model.ts';

export interface Lesson {
  readonly email: EmailId;
  readonly isSpam: boolean;
}
