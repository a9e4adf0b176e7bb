/** Too many were wrong: refused whatever is shown, and for how long. */
import { MailboxError } from '../mailbox/model/errors.ts';

export class Throttled extends MailboxError {
  /** Until another attempt is let in; it may be more by then, if others go on guessing. */
  readonly waitMs: number;

  constructor(message: string, waitMs: number) {
    super('throttled', message);
    this.waitMs = waitMs;
  }

  /** As Retry-After has it (RFC 9110 §10.2.3): not too early. */
  get waitSeconds(): number {
    return Math.max(1, Math.ceil(this.waitMs / 1000));
  }
}
