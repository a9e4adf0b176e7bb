/**
 * The checker: whether everything that is stored adds up, from the account's sums down to the checksum of every message.
 * For `brevduva check`, and for tests when they close a store.
 *
 * It runs beside a working server without false alarms: what it reads is taken in slices while sessions go on, so what
 * looks wrong is a suspicion until the account (or its mailbox) has the same modseq before and after, or until the same
 * suspicion came up in three passes. Repairs are ordinary changes of the domain; octets that are lost stay lost and are
 * named with the message they belonged to.
 */

import type { Domain } from '../domain.ts';
import { type AccountRecord, type EmailId, emailAccount, emailNumber } from '../model/model.ts';
import { damageIn, failureIn } from '../port/store-words.ts';
import type { AccountState } from '../state/account.ts';
import { type AccountPass, type Place, passOver, type Suspicion } from './check-account.ts';
import { emailsOfStrangers, meetAgain } from './check-people.ts';
import { faultInPlaces } from './check-places.ts';
import { mendFacts, repairAccount } from './check-repair.ts';
import { verifyAccount } from './check-verify.ts';

export interface CheckOptions {
  /** All when absent; then the store looks at what belongs to no account as well. */
  readonly accounts?: readonly AccountRecord[];
  readonly repair: boolean;
  /** Read every message and compare its checksum; true when absent. */
  readonly verifiesBytes?: boolean;
}

export interface CheckProblem {
  readonly kind: 'problem';
  readonly account?: string;
  readonly mailbox?: string;
  readonly uid?: number;
  readonly what: string;
  readonly repaired: boolean;
}

export interface CheckProgress {
  readonly kind: 'progress';
  readonly account: string;
  readonly messages: number;
  readonly bytes: number;
}

export interface CheckVerdict {
  readonly kind: 'verdict';
  readonly accounts: number;
  readonly mailboxes: number;
  readonly messages: number;
  readonly bytes: number;
  readonly problems: number;
  readonly repaired: number;
}

export type CheckEvent = CheckProblem | CheckProgress | CheckVerdict;

/** An account that changes under every pass is believed after as many. */
const MAX_PASSES = 8;
const SURE_AFTER = 3;

export async function* checkMail(domain: Domain, options: CheckOptions): AsyncGenerator<CheckEvent> {
  const { repair, verifiesBytes = true } = options;
  const records =
    options.accounts ?? (await domain.store.directory.list()).filter(({ id }) => domain.store.owns(id));
  const total = { accounts: 0, mailboxes: 0, messages: 0, bytes: 0, problems: 0, repaired: 0 };
  const count = (problem: CheckProblem): CheckProblem => {
    total.problems++;
    if (problem.repaired) total.repaired++;
    return problem;
  };
  // A repair begins with the store: a broken index hides messages that an account's sums would then be made to miss.
  const isWhole = options.accounts === undefined;
  if (isWhole && repair) for await (const problem of inspectStore(domain, true)) yield count(problem);
  for (const record of records) {
    for await (const event of readable(record, checkAccount(domain, record, { repair, verifiesBytes }))) {
      if (event.kind === 'problem') yield count(event);
      else if (event.kind === 'progress')
        yield { ...event, messages: total.messages + event.messages, bytes: total.bytes + event.bytes };
      else {
        total.accounts++;
        total.mailboxes += event.mailboxes;
        total.messages += event.messages;
        total.bytes += event.bytes;
      }
    }
  }
  if (isWhole && !repair) for await (const problem of inspectStore(domain, false)) yield count(problem);
  yield { kind: 'verdict', ...total };
}

interface AccountSum {
  readonly kind: 'sum';
  readonly mailboxes: number;
  readonly messages: number;
  readonly bytes: number;
}

/** An account that cannot be read to its end is a problem of its own, and not the end of the report. */
async function* readable<T>(
  record: AccountRecord,
  events: AsyncIterable<T>,
): AsyncGenerator<T | CheckProblem> {
  try {
    yield* events;
  } catch (error) {
    const failure = failureIn(error);
    if (failure === undefined) throw error;
    yield problemOf(record, { what: `the account cannot be read: ${failure}` }, false);
  }
}

async function* checkAccount(
  domain: Domain,
  record: AccountRecord,
  { repair, verifiesBytes }: { readonly repair: boolean; readonly verifiesBytes: boolean },
): AsyncGenerator<CheckProblem | CheckProgress | AccountSum> {
  const { pass, confirmed } = await confirmedSuspicions(domain, record);
  if (pass === undefined) {
    // Nobody has used it yet: it has no mail and no mailboxes.
    yield { kind: 'sum', mailboxes: 0, messages: 0, bytes: 0 };
    return;
  }
  const account = repair && confirmed.length > 0 ? await openForRepair(domain, record) : undefined;
  const repaired =
    account === undefined ? new Set<Suspicion>() : await repairAccount(domain, account, confirmed);
  for (const suspicion of confirmed) {
    const places = suspicion.email === undefined ? [] : pass.placesOf(suspicion.email);
    for (const place of places.length === 0 ? [{}] : places) {
      yield problemOf(record, { ...suspicion, ...place }, repaired.has(suspicion));
    }
  }
  const inMemory = domain.accounts.peek(record.id);
  const misplaced = inMemory && (await faultInPlaces(domain, inMemory));
  if (misplaced !== undefined) yield problemOf(record, { what: misplaced }, true);
  const strangers = await emailsOfStrangers(domain, record.id, pass);
  if (strangers > 0) {
    if (repair) await meetAgain(domain, record.id);
    yield problemOf(
      record,
      { what: `${strangers} messages are from people who are not known to it` },
      repair,
    );
  }
  if (verifiesBytes) {
    const mend = repair ? mender(domain, record) : undefined;
    for await (const event of verifyAccount(domain, record.id, pass, mend)) {
      if (event.kind === 'problem') yield problemOf(record, event, event.repaired);
      else yield { ...event, account: record.address };
    }
  }
  yield { kind: 'sum', mailboxes: pass.mailboxes, messages: pass.messages, bytes: pass.bytes };
}

async function confirmedSuspicions(
  domain: Domain,
  record: AccountRecord,
): Promise<{ pass: AccountPass | undefined; confirmed: readonly Suspicion[] }> {
  const seen = new Map<string, number>();
  for (let n = 1; ; n++) {
    const pass = await passOver(domain.store, record.id);
    if (pass === undefined) return { pass, confirmed: [] };
    const sure = pass.suspicions.filter((suspicion) => pass.isSettled(suspicion));
    if (sure.length === pass.suspicions.length) return { pass, confirmed: sure };
    const keys = new Set(pass.suspicions.map(({ key }) => key));
    for (const key of [...seen.keys()]) if (!keys.has(key)) seen.delete(key);
    for (const key of keys) seen.set(key, (seen.get(key) ?? 0) + 1);
    const doubtful = pass.suspicions.filter(
      (one) => !pass.isSettled(one) && (seen.get(one.key) ?? 0) < SURE_AFTER,
    );
    if (doubtful.length === 0 || n >= MAX_PASSES) {
      return { pass, confirmed: pass.suspicions.filter((one) => !doubtful.includes(one)) };
    }
  }
}

/** Facts are computed again and stored in the place of those that are damaged. */
function mender(
  domain: Domain,
  record: AccountRecord,
): (email: EmailId, sizeBytes: number) => Promise<boolean> {
  return async (email, sizeBytes) => {
    try {
      const account = await domain.accounts.open(record.id);
      return await mendFacts(domain, account, email, sizeBytes);
    } catch (error) {
      domain.log.error({ err: error, account: record.address, email }, 'could not be repaired');
      return false;
    }
  };
}

async function openForRepair(domain: Domain, record: AccountRecord): Promise<AccountState | undefined> {
  try {
    return await domain.accounts.open(record.id);
  } catch (error) {
    domain.log.error({ err: error, account: record.address }, 'the account cannot be opened for repair');
    return undefined;
  }
}

async function* inspectStore(domain: Domain, repair: boolean): AsyncGenerator<CheckProblem> {
  for await (const { where, what, email, repaired } of domain.store.inspect(repair)) {
    if (email === undefined) {
      yield { kind: 'problem', what: `${where}: ${what}`, repaired };
      continue;
    }
    const record = await domain.store.directory.get(emailAccount(email));
    const place = record === undefined ? {} : await placeOf(domain, record, email);
    const account = record === undefined ? {} : { account: record.address };
    yield { kind: 'problem', ...account, ...place, what: `${where}: ${what}`, repaired };
  }
}

async function placeOf(domain: Domain, record: AccountRecord, email: EmailId): Promise<Partial<Place>> {
  try {
    const pass = await passOver(domain.store, record.id);
    return pass?.placesOf(emailNumber(email))[0] ?? {};
  } catch (error) {
    if (damageIn(error) !== undefined) return {};
    throw error;
  }
}

function problemOf(
  record: AccountRecord,
  { mailbox, uid, what }: { readonly mailbox?: string; readonly uid?: number; readonly what: string },
  repaired: boolean,
): CheckProblem {
  return {
    kind: 'problem',
    account: record.address,
    ...(mailbox === undefined ? {} : { mailbox }),
    ...(uid === undefined ? {} : { uid }),
    what,
    repaired,
  };
}
