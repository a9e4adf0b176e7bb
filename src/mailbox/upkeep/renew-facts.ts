/**
 * Brings the facts of an account's emails to the version of this program (`model/facts.ts`), in the background and in slices: first
 * what is stored with the emails, then what of it stands in the lists of the mailboxes. The account says how far all of
 * its emails have come; whoever is killed begins again and passes over what is done. It takes longer than an account stays
 * in memory that nobody uses, so it is opened anew for each step.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { TimeSlice } from '../../base/time-slice.ts';
import { TRAITS_OF_DELIVERY } from '../../mail/traits.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import { type ComputedFacts, computedFacts, FACTS_VERSION } from '../model/facts.ts';
import { type AccountId, type EmailId, emailId, emailNumber } from '../model/model.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { computeFacts } from './compute-facts.ts';
import { giveThreads } from './give-threads.ts';
import { meetPeople } from './meet-people.ts';

const EMAILS_PER_READ = 200;
/** A change is one transaction of some milliseconds. */
const EMAILS_PER_CHANGE = 25;
const ROWS_PER_CHANGE = 500;
/** Of a message of 4 GB not even the first piece is in memory, but computing costs the time of reading it. */
const MAX_PASSES = 3;
/** Between two changes, for everybody else. */
const REST_MS = 5;

type Listed = Awaited<ReturnType<Domain['store']['listEmails']>>[number];

/** Returns how many emails were computed anew. */
export async function renewFacts(
  domain: Domain,
  id: AccountId,
  isStopped: () => boolean = () => false,
): Promise<number> {
  if ((await domain.accounts.open(id)).factsVersion >= FACTS_VERSION) return 0;
  const traits = new Map<number, number>();
  let renewed = 0;
  for (let after: number = emailId(id, 0); !isStopped(); ) {
    const page = await domain.store.listEmails(id, after, EMAILS_PER_READ);
    renewed += await renewPage(domain, id, page, traits, isStopped);
    const last = page.at(-1);
    if (last === undefined || page.length < EMAILS_PER_READ) break;
    after = last.id;
  }
  for (let pass = 0; pass < MAX_PASSES && !isStopped(); pass++) {
    // Messages that were moved meanwhile may have been passed over.
    if ((await renewLists(domain, await domain.accounts.open(id), traits)) === 0) break;
  }
  if (isStopped()) return renewed;
  const account = await domain.accounts.open(id);
  await domain.turns.run({ account, run: (change) => change.facts.noteVersion(FACTS_VERSION) });
  return renewed;
}

async function renewPage(
  domain: Domain,
  account: AccountId,
  page: readonly Listed[],
  traits: Map<number, number>,
  isStopped: () => boolean,
): Promise<number> {
  const stored = await domain.store.loadEmails(
    page.map(({ id }) => id),
    ['sort'],
  );
  let waiting: { readonly id: EmailId; readonly facts: ComputedFacts }[] = [];
  let renewed = 0;
  const flush = async (): Promise<void> => {
    const done = waiting;
    waiting = [];
    if (done.length === 0) return;
    await domain.turns.run({
      account: await domain.accounts.open(account),
      run: (change) => {
        for (const { id, facts } of done) change.facts.replace(id, facts);
      },
    });
    renewed += done.length;
    await pause(REST_MS);
  };
  for (const [i, { id, sizeBytes }] of page.entries()) {
    if (isStopped()) break;
    const facts = await computeFacts(domain, id, sizeBytes);
    if (facts === undefined) continue;
    traits.set(emailNumber(id), facts.traits);
    if ((stored[i]?.version ?? 1) >= FACTS_VERSION) continue;
    if (waiting.push({ id, facts: computedFacts(facts) }) >= EMAILS_PER_CHANGE) await flush();
  }
  await flush();
  return renewed;
}

/** Returns how many messages got other traits. */
async function renewLists(
  domain: Domain,
  account: AccountState,
  traits: ReadonlyMap<number, number>,
): Promise<number> {
  let changed = 0;
  for (const mailbox of [...account.mailboxes.values()]) {
    if (!mailbox.isGone) changed += await renewList(domain, account, mailbox, traits);
  }
  return changed;
}

async function renewList(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  traits: ReadonlyMap<number, number>,
): Promise<number> {
  let changed = 0;
  const slice = new TimeSlice();
  for (let from = 0; ; ) {
    const list = await loadList(domain, account, mailbox);
    const uids: number[] = [];
    let row = list.lowerBound(from);
    for (; row < list.count && uids.length < ROWS_PER_CHANGE && !slice.isSpent; row++) {
      const current = list.columns.traits[row] as number;
      const wanted = renewed(current, traits.get(list.columns.email[row] as number));
      if (wanted !== current) uids.push(list.columns.uid[row] as number);
    }
    const isOver = row >= list.count;
    from = isOver ? from : (list.columns.uid[row] as number);
    if (uids.length > 0) changed += await setTraits(domain, account, mailbox, uids, traits);
    await slice.next();
    if (isOver || mailbox.isGone) return changed;
  }
}

/** What delivery found out stays. */
function renewed(current: number, computed: number | undefined): number {
  return computed === undefined ? current : computed | (current & TRAITS_OF_DELIVERY);
}

/** Whether they are still there is asked in the change. */
function setTraits(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  uids: readonly number[],
  traits: ReadonlyMap<number, number>,
): Promise<number> {
  return domain.turns.run({
    account,
    run: (change) => {
      const { list, isGone } = mailbox;
      if (list === undefined || isGone) return 0;
      const rows = uids.map((uid) => list.indexOf(uid)).filter((row) => row >= 0);
      const values = rows.map((row) =>
        renewed(list.columns.traits[row] as number, traits.get(list.columns.email[row] as number)),
      );
      change.facts.setTraits(mailbox, rows, values);
      return rows.length;
    },
  });
}

/** Of mail from before anybody noted who wrote it. */
async function meetAll(domain: Domain, isStopped: () => boolean): Promise<void> {
  for (const id of await domain.store.loadAccountsUnmet()) {
    if (isStopped()) return;
    try {
      const emails = await meetPeople(domain, id, isStopped);
      if (!isStopped()) domain.log.info({ account: id, emails }, 'the people of older mail are known');
    } catch (err) {
      if (err instanceof MailboxError && err.code === 'nonexistent') continue;
      domain.log.warn(
        { err, account: id },
        'the people of older mail could not be read; will try at the next start',
      );
    }
  }
}

export interface Renewal {
  stop(): Promise<void>;
  /** Resolves when every account has been looked at once. */
  readonly done: Promise<void>;
}

/** For all accounts that are behind, one after the other. */
export function startRenewal(domain: Domain, delayMs = 10_000): Renewal {
  const stopping = new AbortController();
  const isStopped = (): boolean => stopping.signal.aborted;
  const run = async (): Promise<void> => {
    await pause(delayMs, undefined, { signal: stopping.signal, ref: false });
    for (const id of await domain.store.loadAccountsBehind(FACTS_VERSION)) {
      if (isStopped()) return;
      try {
        const renewed = await renewFacts(domain, id, isStopped);
        // Threads are decided by facts.
        const threaded = await giveThreads(domain, id, isStopped);
        if (!isStopped())
          domain.log.info({ account: id, emails: renewed, threaded }, 'mail of an older version was indexed');
      } catch (error) {
        if (error instanceof MailboxError && error.code === 'nonexistent') continue;
        domain.log.warn(
          { err: error, account: id },
          'mail of an older version could not be indexed; will try at the next start',
        );
      }
    }
  };
  const done = run()
    .then(() => meetAll(domain, isStopped))
    .catch((error: unknown) => {
      if (!isStopped()) domain.log.warn({ err: error }, 'could not look for mail of an older version');
    });
  return {
    done,
    stop: async () => {
      stopping.abort();
      await done;
    },
  };
}
