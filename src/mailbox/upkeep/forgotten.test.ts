/**
 * After its time deleted mail is in no file any more: looked for in all of them, as it was and in base64. Messages above 64 KB lie in
 * files that they share with others, and go with the last of them (`store/sqlite/segments.ts`).
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { openTestDomain } from '../../../test/kit/domain.ts';
import { appendMessages } from '../operations/append.ts';
import { expungeMessages } from '../operations/expunge.ts';
import { createMailbox, deleteMailbox } from '../operations/folders.ts';
import { receive } from '../operations/incoming.ts';
import { mailboxOf } from '../operations/mailboxes.ts';
import { reapAccount } from './reaper.ts';

const DAY = 24 * 3600_000;
const MARK = 'Sommarhuset-9f3c1a';

function filesWith(folder: string, marks: readonly string[]): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => {
      const octets = readFileSync(path);
      return marks.some((mark) => octets.includes(mark));
    });
}

/** As it is, and in base64 wherever it begins. */
function formsOf(mark: string): string[] {
  const encoded = [0, 1, 2].map((shift) => {
    const text = Buffer.from(' '.repeat(shift) + mark).toString('base64');
    return text.slice(shift === 0 ? 0 : 4, -4);
  });
  return [mark, ...encoded];
}

it('the octets of deleted mail are gone when it can be brought back no more', async () => {
  let nowMs = Date.UTC(2026, 10, 1);
  const clock = { nowMs: () => nowMs };
  const first = await openTestDomain({ clock, keeping: { recoverMs: 14 * DAY } });
  const { data, domain } = first;
  const { id } = await first.addAccount('alice@example.com', 'secret');
  const account = await domain.accounts.open(id);
  await createMailbox(domain, account, 'Gone');
  const append = async (name: string, text: string): Promise<void> => {
    const body = `${text}\r\n${'a line of text\r\n'.repeat(50 * (text.length % 5))}`;
    const octets = Buffer.from(`From: ${text}@example.org\r\nSubject: ${text}\r\n\r\n${body}`);
    const received = await receive(domain.store, [id], octets.length, octets);
    const message = { ...received, flags: 0, keywords: [], internalDate: undefined };
    await appendMessages(domain, account, mailboxOf(account, name), [message]);
  };
  // Among others, so that pages are split and joined with them.
  const uids: number[] = [];
  for (let n = 1; n <= 60; n++) {
    await append('INBOX', n % 3 === 0 ? `${MARK}${n}` : `stays ${n}`);
    if (n % 3 === 0) uids.push(n);
    if (n % 10 === 0) await append('Gone', `${MARK}${n}`);
  }
  await expungeMessages(domain, account, mailboxOf(account, 'INBOX'), { uids });
  await deleteMailbox(domain, account, 'Gone');
  const marks = formsOf(MARK);
  assert.ok(filesWith(data, marks).length > 0, 'as long as it can be brought back');
  nowMs += 15 * DAY;
  assert.equal(await reapAccount(domain, id), 26);
  await first.store.close();
  assert.deepEqual(filesWith(data, marks), []);
});
