/**
 * All messages of a mailbox with their octets, or some of them, for an export: small ones many at a time, large ones as a stream. While it
 * runs, it holds the mailbox like a session does, so messages that are expunged meanwhile stay readable.
 */

import type { Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { emailId } from '../mailbox/model/model.ts';
import { type MessageRecord, recordAt } from '../mailbox/model/record.ts';
import { openMailbox } from '../mailbox/operations/mailboxes.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { StoredMessage } from '../transfer/mail-access.ts';

const GROUP_BYTES = 2 * 1024 * 1024;
const GROUP_MESSAGES = 500;
/** From here on a message is read as it is written out. */
const LARGE_BYTES = 512 * 1024;

export async function* readMailbox(
  domain: Domain,
  account: AccountState,
  name: string,
  uids?: readonly number[],
): AsyncGenerator<StoredMessage> {
  let isInvalid = false;
  const viewer = await openMailbox(domain, account, name, true, {
    onHint: () => undefined,
    onInvalid: () => {
      isInvalid = true;
    },
  });
  try {
    const { mailbox } = viewer;
    const list = mailbox.list;
    if (list === undefined) return;
    // The records are copied: the list goes on changing while this runs.
    const rows = uids?.map((uid) => list.indexOf(uid)).filter((row) => row >= 0);
    const records = Array.from({ length: rows?.length ?? list.count }, (_, i) =>
      recordAt(list.columns, rows === undefined ? i : (rows[i] as number)),
    );
    const keywords = mailbox.keywords;
    for (const group of groupsOf(records)) {
      if (isInvalid) throw new MailboxError('unavailable', 'storage failed while the mailbox was read');
      const isLarge = group.length === 1 && (group[0] as MessageRecord).size >= LARGE_BYTES;
      const bytes = isLarge ? [] : await readGroup(domain, account, group);
      for (const [i, record] of group.entries()) {
        yield {
          uid: record.uid,
          flags: record.flags,
          // A set that was added after the copy was made cannot be referred to by it.
          keywords: keywords.namesOf(record.keywordSet),
          internalDate: record.internalDate,
          sizeBytes: record.size,
          chunks: () => (isLarge ? stream(domain, account, record) : present(bytes[i])),
        };
      }
    }
  } finally {
    viewer.close();
  }
}

function* groupsOf(records: readonly MessageRecord[]): Generator<MessageRecord[]> {
  let group: MessageRecord[] = [];
  let sizeBytes = 0;
  for (const record of records) {
    const isLarge = record.size >= LARGE_BYTES;
    if (
      group.length > 0 &&
      (isLarge || group.length >= GROUP_MESSAGES || sizeBytes + record.size > GROUP_BYTES)
    ) {
      yield group;
      group = [];
      sizeBytes = 0;
    }
    if (isLarge) {
      yield [record];
      continue;
    }
    group.push(record);
    sizeBytes += record.size;
  }
  if (group.length > 0) yield group;
}

async function readGroup(domain: Domain, account: AccountState, group: readonly MessageRecord[]) {
  const ranges = group.map((record) => ({
    email: emailId(account.id, record.email),
    start: 0,
    end: record.size,
  }));
  return domain.store.readRanges(ranges);
}

function present(bytes: Buffer | undefined): readonly Buffer[] {
  if (bytes !== undefined) return [bytes];
  throw new MailboxError('damaged', 'its octets are missing from the store');
}

function stream(domain: Domain, account: AccountState, record: MessageRecord): AsyncIterable<Buffer> {
  return domain.store.readStream({ email: emailId(account.id, record.email), start: 0, end: record.size });
}
