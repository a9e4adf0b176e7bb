/**
 * All submissions of an account as they are at one moment. Of what a program has sent over SMTP identity and thread are found here: the
 * identity of its sender, the thread of its email.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import type { Domain } from '../../mailbox/domain.ts';
import type { BelongingRow } from '../../mailbox/model/belongings.ts';
import { emailId } from '../../mailbox/model/model.ts';
import { emailOfObjectId, threadObjectId } from '../../mailbox/model/object-ids.ts';
import { loadFacts } from '../../mailbox/reading/message-reader.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { type BelongingsThen, belongingId, belongingsNow } from '../core/belonging-state.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import type { Call } from '../core/method.ts';
import type { Identity, IdentityMethods } from './identities.ts';
import type { Listed } from './submission-query.ts';
import { readSubmission } from './submission-value.ts';
import { bringUpToDate } from './up-to-date.ts';

export interface AllSubmissions {
  readonly all: readonly Listed[];
  readonly then: BelongingsThen;
}

export type ReadAll = (call: Call, account: AccountState) => Promise<AllSubmissions>;

export function readerOf(identities: Pick<IdentityMethods, 'all'>): ReadAll {
  return async (call, account) => {
    await bringUpToDate(call.domain, account);
    const then = await belongingsNow(call, account, 'submission');
    const all = await submissionsIn(then.rows);
    const bare = all.filter(({ value }) => value.threadId === '' || value.identityId === '');
    if (bare.length === 0) return { all, then };
    const known = await identities.all(call, account);
    const threads = await threadsOf(call.domain, account, bare);
    const whole = all.map((one) => {
      const { value } = one;
      const threadId = value.threadId || (threads.get(value.emailId) ?? '');
      return {
        ...one,
        value: { ...value, threadId, identityId: value.identityId || identityOf(value, known) },
      };
    });
    return { all: whole, then };
  };
}

/** Ascending by number, those that are there. */
async function submissionsIn(rows: readonly BelongingRow[]): Promise<readonly Listed[]> {
  const slice = new TimeSlice();
  const all: Listed[] = [];
  for (const { id, value } of rows) {
    if (value === undefined) continue;
    all.push({ id, value: readSubmission(value) });
    const spent = slice.spent();
    if (spent !== undefined) await spent;
  }
  return all;
}

/** That of the sender's address, of his domain, or the first there is. */
function identityOf({ envelope }: { readonly envelope: JsonObject }, known: readonly Identity[]): string {
  const sender = addressIn(envelope.mailFrom).toLowerCase();
  const wanted = [sender, `*@${sender.slice(sender.lastIndexOf('@') + 1)}`];
  const found =
    wanted.map((email) => known.find(({ value }) => value.email.toLowerCase() === email)).find(Boolean) ??
    known[0];
  return found === undefined ? '' : belongingId('identity', found.row.id);
}

function addressIn(value: Json | undefined): string {
  return isObject(value) && typeof value.email === 'string' ? value.email : '';
}

async function threadsOf(
  domain: Domain,
  account: AccountState,
  bare: readonly Listed[],
): Promise<ReadonlyMap<string, string>> {
  const emails = bare.flatMap(({ value }) => {
    const number = emailOfObjectId(value.emailId);
    return number === undefined ? [] : [{ name: value.emailId, number }];
  });
  const ids = emails.map(({ number }) => emailId(account.id, number));
  const facts = await loadFacts(domain, ids, ['thread']);
  return new Map(emails.map(({ name, number }, i) => [name, threadObjectId(facts[i]?.thread ?? number)]));
}
