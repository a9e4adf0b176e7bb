/** Why somebody is refused who has proven who they are. */
import { MailboxError } from '../mailbox/model/errors.ts';

export class AccountClosed extends MailboxError {
  constructor() {
    super('forbidden', 'this account is closed; whoever runs the server can open it again');
  }
}
