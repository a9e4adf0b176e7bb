/** The header of an email's message, as it is stored. */
import { HeaderBlock, MAX_PARSED_BYTES } from '../../mail/header.ts';
import type { Domain } from '../../mailbox/domain.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import { emailId } from '../../mailbox/model/model.ts';
import { emailOfObjectId } from '../../mailbox/model/object-ids.ts';
import { type EmailRow, emailRows } from '../../mailbox/query/email-rows.ts';
import { readIntact } from '../../mailbox/reading/message-reader.ts';
import type { AccountState } from '../../mailbox/state/account.ts';

export interface EmailHeader {
  readonly row: EmailRow;
  readonly header: HeaderBlock;
}

/** Undefined when there is no such email. Throws MailboxError `damaged` when what is stored of it is gone. */
export async function emailHeader(
  domain: Domain,
  account: AccountState,
  id: string | undefined,
): Promise<EmailHeader | undefined> {
  const email = id === undefined ? undefined : emailOfObjectId(id);
  const row = email && (await emailRows(domain, account, [email])).rows.get(email);
  if (row === undefined || row === 0) return undefined;
  const end = Math.min(row.sizeBytes, MAX_PARSED_BYTES);
  const [start] = await readIntact(domain, [{ email: emailId(account.id, row.email), start: 0, end }]);
  if (start === undefined) throw new MailboxError('damaged', 'what is stored of the message is gone');
  return { row, header: new HeaderBlock(start) };
}
