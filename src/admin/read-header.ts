/** The header of one message, as it is kept: what was put in front of it included. */
import { isBlankLine, lineEnd } from '../mail/header.ts';
import type { Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { emailId } from '../mailbox/model/model.ts';
import { openMailbox } from '../mailbox/operations/mailboxes.ts';
import type { AccountState } from '../mailbox/state/account.ts';

/** Trace fields come first; whoever needs more exports the message. */
const MAX_BYTES = 64 * 1024;

/** Its first 64 KiB when it is larger. Throws `nonexistent`. */
export async function readHeader(
  domain: Domain,
  account: AccountState,
  mailbox: string,
  uid: number,
): Promise<Buffer> {
  const viewer = await openMailbox(domain, account, mailbox, true, {
    onHint: () => undefined,
    onInvalid: () => undefined,
  });
  try {
    const list = viewer.mailbox.list;
    const row = list?.indexOf(uid) ?? -1;
    if (list === undefined || row < 0)
      throw new MailboxError('nonexistent', `there is no message with the UID ${uid} in ${mailbox}`);
    const end = Math.min(list.columns.size[row] as number, MAX_BYTES);
    const email = emailId(account.id, list.columns.email[row] as number);
    const [bytes] = await domain.store.readRanges([{ email, start: 0, end }]);
    if (bytes === undefined) throw new MailboxError('damaged', 'its octets are missing from the store');
    return withoutBody(bytes);
  } finally {
    viewer.close();
  }
}

function withoutBody(bytes: Buffer): Buffer {
  for (let at = 0; at < bytes.length; at = lineEnd(bytes, at, bytes.length)) {
    if (isBlankLine(bytes, at, bytes.length)) return bytes.subarray(0, at);
  }
  return bytes;
}
