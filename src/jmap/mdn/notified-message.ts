/** The message that a notification is about: who wants to know, and what is said of it (RFC 8098 §2). */
import { isGroupMarker, parseAddressList } from '../../mail/address.ts';
import { messageIds } from '../../mail/message-id.ts';
import type { Domain } from '../../mailbox/domain.ts';
import { emailId } from '../../mailbox/model/model.ts';
import { streamIntact } from '../../mailbox/reading/message-reader.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { isMailbox } from '../../smtp/path.ts';
import { storedMessage } from '../../submission/stored.ts';
import { SetError } from '../core/fault.ts';
import { emailHeader } from '../mail/email-header.ts';
import { textForm } from '../mail/header-text-form.ts';

export interface NotifiedMessage {
  /** Its number. */
  readonly email: number;
  readonly sizeBytes: number;
  readonly keywords: readonly string[];
  readonly subject: string;
  /** One at least. */
  readonly notify: readonly string[];
  /** In angle brackets. */
  readonly messageId: string | undefined;
  /** `rfc822;bo@example.com`. */
  readonly originalRecipient: string | undefined;
}

/** Who asks for more asks for something else than to know. */
const MOST_ASKING = 10;

/** Undefined when there is no such email, or when nobody has asked. */
export async function notifiedMessage(
  domain: Domain,
  account: AccountState,
  id: string | undefined,
): Promise<NotifiedMessage | undefined> {
  const found = await emailHeader(domain, account, id);
  if (found === undefined) return undefined;
  const { row, header } = found;
  const asking = parseAddressList(header.find('disposition-notification-to') ?? '')
    .filter((one) => !isGroupMarker(one))
    .map(({ mailbox = '', host = '' }) => Buffer.from(`${mailbox}@${host}`, 'latin1').toString())
    .filter(isMailbox);
  const notify = [...new Set(asking)];
  if (notify.length === 0 || notify.length > MOST_ASKING) return undefined;
  const [messageId] = messageIds(header.text('message-id') ?? '', 1);
  const recipient = header.text('original-recipient')?.trim();
  return {
    ...{ email: row.email, notify, sizeBytes: row.sizeBytes, keywords: row.keywords },
    subject: textForm(header.find('subject') ?? Buffer.alloc(0)),
    messageId: messageId !== undefined && /^<[!-;=?-~]{1,250}>$/.test(messageId) ? messageId : undefined,
    originalRecipient:
      recipient !== undefined && /^[a-z0-9-]+\s*;[\x20-\x7e]{1,400}$/i.test(recipient)
        ? recipient
        : undefined,
  };
}

/** All of it, to be sent back. Throws SetError when it cannot be. */
export async function originalOf(
  domain: Domain,
  account: AccountState,
  { email, sizeBytes }: NotifiedMessage,
  mostBytes: number,
): Promise<{ readonly octets: Buffer; readonly isEightBit: boolean; readonly isUtf8: boolean }> {
  if (sizeBytes > mostBytes) throw new SetError('tooLarge', undefined, { maxSize: mostBytes });
  const id = emailId(account.id, email);
  const message = await storedMessage(domain, id, sizeBytes);
  if (typeof message === 'string')
    throw new SetError('forbidden', `the message cannot be sent back: ${message}`);
  const pieces: Buffer[] = [];
  for await (const piece of streamIntact(domain, { email: id, start: 0, end: sizeBytes })) pieces.push(piece);
  const { block } = message.header;
  const isUtf8 = block.bytes.subarray(0, block.fieldsEnd).some((octet) => octet > 0x7f);
  return { octets: Buffer.concat(pieces), isEightBit: message.isEightBit, isUtf8 };
}
