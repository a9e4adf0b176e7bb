/**
 * Whether an account knows whom it has mail from (`operations/correspondents.ts`), as far as that follows from what is stored: whoever has
 * written a message that lies in a mailbox is known. Of an account that has had more mail than it knows people, somebody may have been
 * forgotten, and nothing is said of it.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import type { Domain } from '../domain.ts';
import { addressKey, type Correspondence, KNOWN, MOST_CORRESPONDENTS } from '../model/correspondents.ts';
import { type AccountId, emailId, emailNumber } from '../model/model.ts';
import { authorIn } from '../operations/correspondents.ts';
import { loadFacts } from '../reading/message-reader.ts';
import type { AccountPass } from './check-account.ts';
import { meetPeople } from './meet-people.ts';

const EMAILS_PER_READ = 200;

type Reader = Pick<Domain, 'store' | 'log'>;

/** How many emails it has of people whom it does not know. */
export async function emailsOfStrangers(
  domain: Reader,
  id: AccountId,
  pass: Pick<AccountPass, 'placesOf'>,
): Promise<number> {
  const stored = await domain.store.loadAccount(id);
  const { correspondence } = stored ?? {};
  if (stored === undefined || correspondence?.unread !== 0) return 0;
  const { heard, others } = await domain.store.countCorrespondents(id);
  const most = MOST_CORRESPONDENTS;
  if (Math.max(stored.row.nextEmail, heard) >= most.heard || others >= most.others) return 0;
  const slice = new TimeSlice();
  let strangers = 0;
  for (let after: number = emailId(id, 0); ; ) {
    const page = await domain.store.listEmails(id, after, EMAILS_PER_READ);
    const shown = page.filter((email) => pass.placesOf(emailNumber(email.id)).length > 0);
    const facts = await loadFacts(
      domain,
      shown.map((email) => email.id),
      ['envelope'],
    );
    const keys = facts.flatMap((one) => keyOfAuthor(correspondence, one?.envelope) ?? []);
    const kinds = await domain.store.loadCorrespondents(id, keys);
    strangers += kinds.filter((kind) => (kind & KNOWN.Heard) === 0).length;
    const last = page.at(-1);
    if (last === undefined || page.length < EMAILS_PER_READ) break;
    after = last.id;
    await slice.spent();
  }
  return strangers;
}

/** All mail of the account is read anew. */
export async function meetAgain(domain: Domain, id: AccountId): Promise<void> {
  const account = await domain.accounts.open(id);
  await domain.turns.run({ account, run: (change) => change.correspondents.noteRead(1) });
  await meetPeople(domain, id);
}

function keyOfAuthor({ secret }: Correspondence, envelope: Buffer | undefined): string | undefined {
  const author = envelope && authorIn(envelope);
  return author && addressKey(secret, author.address);
}
