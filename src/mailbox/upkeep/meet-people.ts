/**
 * Makes the people known that an account has mail from and has written to, for mail from before anybody noted them. In the background, in
 * slices, in the order of arrival; the account says how far it has come, so whoever is killed goes on where it was. What comes in
 * meanwhile is noted as it comes, and until all of it is done no mail is said to be the first from its address.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { TimeSlice } from '../../base/time-slice.ts';
import type { Domain } from '../domain.ts';
import { type AccountId, emailId, emailNumber } from '../model/model.ts';
import { unpackRecords } from '../model/record.ts';
import { noteAuthor, noteRecipients } from '../operations/correspondents.ts';
import { loadFacts } from '../reading/message-reader.ts';
import { isKept } from '../reading/moment.ts';
import type { AccountState } from '../state/account.ts';
import { Tally } from './tally.ts';

/** A change is one transaction of a few milliseconds. */
const EMAILS_PER_CHANGE = 100;
const CHUNKS_PER_READ = 50;
/** Between two changes, for everybody else. */
const REST_MS = 5;

/** Returns how many emails were read. */
export async function meetPeople(
  domain: Domain,
  id: AccountId,
  isStopped: () => boolean = () => false,
): Promise<number> {
  let read = 0;
  let sent: Tally | undefined;
  while (!isStopped()) {
    const account = await domain.accounts.open(id);
    const { correspondence, unsettled, nextEmail } = account;
    // What is under way notes its people itself, and may be refused as well.
    if (!(await isKept(unsettled))) continue;
    const unread = correspondence?.unread ?? (nextEmail > 1 ? 1 : 0);
    if (unread === 0) break;
    sent ??= await emailsSent(domain, account);
    read += await readSome(domain, id, unread, sent);
    await pause(REST_MS);
  }
  return read;
}

async function readSome(domain: Domain, id: AccountId, unread: number, sent: Tally): Promise<number> {
  const page = await domain.store.listEmails(id, emailId(id, unread) - 1, EMAILS_PER_CHANGE);
  const facts = await loadFacts(
    domain,
    page.map((email) => email.id),
    ['envelope'],
  );
  const last = page.at(-1);
  await domain.turns.run({
    account: await domain.accounts.open(id),
    run: (change) => {
      for (const [i, email] of page.entries()) {
        const envelope = facts[i]?.envelope;
        if (envelope === undefined) continue;
        noteAuthor(change, envelope);
        if (sent.get(emailNumber(email.id)) > 0) noteRecipients(change, envelope);
      }
      change.correspondents.noteRead(last === undefined ? 0 : emailNumber(last.id) + 1);
    },
  });
  return page.length;
}

/** What lies where sent mail is kept. */
async function emailsSent({ store }: Pick<Domain, 'store'>, account: AccountState): Promise<Tally> {
  const emails = new Tally();
  const slice = new TimeSlice();
  for (const { id, role } of [...account.mailboxes.values()]) {
    if (role !== 'sent') continue;
    for (let after = 0; ; ) {
      const chunks = await store.loadChunks(account.id, id, after, CHUNKS_PER_READ);
      for (const { records } of chunks) for (const { email } of unpackRecords(records)) emails.set(email, 1);
      const last = chunks.at(-1);
      if (last === undefined || chunks.length < CHUNKS_PER_READ) break;
      after = last.first;
      await slice.spent();
    }
  }
  return emails;
}
