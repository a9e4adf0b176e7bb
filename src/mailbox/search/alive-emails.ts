/** The numbers of all emails that are in some mailbox of an account. */
import { TimeSlice } from '../../base/time-slice.ts';
import type { Domain } from '../domain.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';

/** Ascending, each once. What comes or goes meanwhile may or may not be among them. */
export async function aliveEmails(domain: Domain, account: AccountState): Promise<Uint32Array> {
  const there = new Uint8Array(account.nextEmail);
  const slice = new TimeSlice();
  for (const mailbox of [...account.mailboxes.values()]) {
    const { columns, count } = await loadList(domain, account, mailbox);
    // In one go: rows move when somebody else runs. A million of them are a few milliseconds.
    for (let row = 0; row < count; row++) there[columns.email[row] as number] = 1;
    const rest = slice.spent();
    if (rest !== undefined) await rest;
  }
  const emails = new Uint32Array(there.reduce((sum, one) => sum + one, 0));
  let at = 0;
  for (let email = there.indexOf(1); email >= 0; email = there.indexOf(1, email + 1)) emails[at++] = email;
  return emails;
}
