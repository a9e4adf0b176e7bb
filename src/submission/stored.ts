/**
 * A message that an account has and sends from there (RFC 8621 §7): whether it may leave, in whose name, and its header as it leaves.
 * The same rules as for mail that comes over SMTP, with values in the place of replies.
 */
import { randomUUID } from 'node:crypto';
import { TimeSlice } from '../base/time-slice.ts';
import { formatRfc5322 } from '../mail/date.ts';
import { HeaderBlock, MAX_PARSED_BYTES } from '../mail/header.ts';
import type { Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { EmailId } from '../mailbox/model/model.ts';
import { readIntact, streamIntact } from '../mailbox/reading/message-reader.ts';
import { LineEnds } from './line-ends.ts';
import { repairedHeader, type WholeHeader, wholeHeader } from './repair.ts';
import { SUBMISSION_REPLY } from './replies.ts';
import type { SubmissionSettings } from './settings.ts';

export interface StoredMessage {
  readonly header: WholeHeader;
  readonly isEightBit: boolean;
}

/** Why it cannot leave, in words, or the message. Throws MailboxError `damaged` when its octets are lost. */
export async function storedMessage(
  domain: Domain,
  email: EmailId,
  sizeBytes: number,
): Promise<StoredMessage | string> {
  const [start] = await readIntact(domain, [{ email, start: 0, end: Math.min(sizeBytes, MAX_PARSED_BYTES) }]);
  if (start === undefined) throw new MailboxError('damaged', 'what is stored of the message is gone');
  const header = wholeHeader(new HeaderBlock(start), sizeBytes);
  if (header === undefined) return wordsOf(SUBMISSION_REPLY.noField.text);
  const ends = new LineEnds();
  const slice = new TimeSlice();
  let seen = 0;
  for await (const piece of streamIntact(domain, { email, start: 0, end: sizeBytes })) {
    ends.write(piece);
    seen += piece.length;
    const spent = slice.spent();
    if (spent !== undefined) await spent;
  }
  if (seen !== sizeBytes) throw new MailboxError('damaged', 'what is stored of the message is gone');
  if (ends.hasLongLine) return wordsOf(SUBMISSION_REPLY.longLine.text);
  if (ends.hasNul) return wordsOf(SUBMISSION_REPLY.nul.text);
  return { header, isEightBit: ends.isEightBit };
}

export interface Leaving {
  readonly settings: Pick<SubmissionSettings, 'hostname'>;
  readonly nowMs: number;
  /** Of the submission, in Received. */
  readonly id: string;
  /** Who has to stand in Sender, since From names somebody else. */
  readonly sender: string | undefined;
  readonly idDomain: string;
}

export function leavingHeader({ header }: StoredMessage, leaving: Leaving): Buffer {
  const { settings, nowMs, id, sender, idDomain } = leaving;
  const { hostname } = settings;
  const at = formatRfc5322(Math.floor(nowMs / 1000));
  return repairedHeader(header, {
    // Where he was when he sent it is his own matter.
    trace: Buffer.from(`Received: by ${hostname} with HTTP id ${id};\r\n\t${at}\r\n`),
    ...{ sender, nowMs, hostname },
    messageId: `<${randomUUID()}@${idDomain}>`,
  });
}

/** Without codes. */
export function wordsOf(reply: string): string {
  return reply.replace(/^\d\.\d+\.\d+ /, '');
}
